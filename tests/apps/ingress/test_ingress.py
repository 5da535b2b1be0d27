"""The proxy around Traefik: how it is reached, what it may reach, where its certificate comes from."""

from __future__ import annotations

import dataclasses

import yaml

from apps.ingress.config import IngressConfig
from apps.ingress.ingress import Ingress, IngressArgs, quotas
from arcos.render.evaluate import run
from components.route import Route
from components.seeder import CaSecret

HUB = Route(
    app="hub",
    host="hub.example.org",
    service="proxy",
    namespace="jupyterhub",
    port=8000,
    title="",
    description="",
    health_path="/",
)
ARGS = IngressArgs(
    image="r/traefik:3@sha256:0",
    seeder_image="r/seeder:1@sha256:0",
    domain="example.org",
    routes=[HUB],
    replicas=2,
    tls_secret="ingress-tls",
)


def _made(**changes: object) -> dict[tuple[str, str], dict[str, object]]:
    args = dataclasses.replace(ARGS, **changes)
    return {(m["kind"], m["metadata"]["name"]): m for m in run(lambda: Ingress("ingress", args), stack="toy")}


def test_with_a_load_balancer_it_has_an_address():
    spec = _made(load_balancer=True)["Service", "ingress"]["spec"]
    assert spec["type"] == "LoadBalancer"
    assert [port["port"] for port in spec["ports"]] == [80, 443]
    assert not [port for port in spec["ports"] if "nodePort" in port]


def test_without_it_is_reached_on_fixed_ports_of_the_nodes():
    spec = _made()["Service", "ingress"]["spec"]
    assert spec["type"] == "NodePort"
    assert {port["name"]: port["nodePort"] for port in spec["ports"]} == {"http": 30080, "https": 30443}


def test_an_address_means_the_same_inside_the_cluster_as_outside():
    spec = _made(http_port=8080, https_port=8443)["Service", "ingress"]["spec"]
    assert [(port["port"], port["targetPort"]) for port in spec["ports"]] == [(8080, 8080), (8443, 8443)]


def test_its_health_is_not_published():
    made = _made()
    assert made["Service", "ingress-health"]["spec"]["type"] == "ClusterIP"
    assert 9000 not in [port["targetPort"] for port in made["Service", "ingress"]["spec"]["ports"]]


def test_a_local_authority_signs_its_certificate():
    made = _made(local_ca=CaSecret(namespace="kube-system", name="arcos-local-ca"))
    [job] = [m for (kind, _), m in made.items() if kind == "Job"]
    order = job["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"]
    assert '"dnsNames":["example.org","*.example.org"]' in order
    assert '"name":"ingress-tls"' in order


def test_another_certificate_is_somebody_elses_to_make():
    made = _made(tls_secret="wildcard")
    assert not [kind for kind, _ in made if kind in ("Job", "Role")]
    volumes = made["Deployment", "ingress"]["spec"]["template"]["spec"]["volumes"]
    assert {"name": "wildcard", "secret": {"secretName": "wildcard", "defaultMode": 0o440}} in volumes


def test_hsts_only_with_a_certificate_that_browsers_trust():
    authority = CaSecret(namespace="kube-system", name="ca")
    assert "hsts" in _made()["ConfigMap", "ingress-config"]["data"]["routes.yaml"]
    assert "hsts" not in _made(local_ca=authority)["ConfigMap", "ingress-config"]["data"]["routes.yaml"]


def test_it_reaches_the_apps_routes_and_nothing_else():
    [rule] = _made()["NetworkPolicy", "ingress"]["spec"]["egress"]
    assert rule["ports"] == [{"protocol": "TCP", "port": 8000}]
    assert rule["to"][0]["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": "proxy"}
    assert rule["to"][0]["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "jupyterhub"}


def test_a_changed_route_rolls_the_proxies():
    def annotation(**changes: object) -> str:
        template = _made(**changes)["Deployment", "ingress"]["spec"]["template"]
        return template["metadata"]["annotations"]["arcos.dev/config"]

    assert annotation() == annotation()
    assert annotation() != annotation(routes=[dataclasses.replace(HUB, host="other.example.org")])


def test_every_file_of_the_config_is_mounted():
    made = _made()
    data = made["ConfigMap", "ingress-config"]["data"]
    [volume] = [
        v["configMap"] for v in made["Deployment", "ingress"]["spec"]["template"]["spec"]["volumes"] if "configMap" in v
    ]
    mounted = {item["key"]: item["path"] for item in volume["items"]}
    assert set(mounted) == set(data)
    directory = yaml.safe_load(data["traefik.yaml"])["providers"]["file"]["directory"]
    dynamic = {f"/etc/traefik/{path}" for key, path in mounted.items() if key != "traefik.yaml"}
    assert all(path.startswith(f"{directory}/") for path in dynamic)


def test_the_quota_grows_with_the_proxies():
    many, one = quotas(IngressConfig(replicas=20))["ingress"], quotas(IngressConfig(replicas=1))["ingress"]
    assert many.pods > one.pods
    assert many.memory == "5632Mi"


def test_names_are_published_once_each_and_only_where_somebody_asks():
    routes = [HUB, dataclasses.replace(HUB, app="page", host="example.org")]
    asked = _made(load_balancer=True, publish=True, routes=routes)["Service", "ingress"]["metadata"]
    assert asked["annotations"]["dns.arcos.dev/hostname"] == "example.org,hub.example.org"
    assert "annotations" not in _made(load_balancer=True, routes=routes)["Service", "ingress"]["metadata"]
