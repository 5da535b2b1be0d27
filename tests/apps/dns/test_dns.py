"""The site's names lead to its proxy, by a program that sees one Service and changes what it has made itself."""

from __future__ import annotations

from typing import Any

import pytest

from apps.dns import dns
from apps.dns.config import Designate, DnsConfig
from apps.dns.providers import DESIGNATE_USER, told
from arcos.apply.needed import secrets_needed
from arcos.render.evaluate import evaluate
from arcos.render.order import Manifest
from arcos.site.loader import load_site
from arcos.site.release import load_release
from components.facts import Facts
from tests.program.conftest import pinned, unusual_site

FACTS = Facts(name="qld", title="Q", contact="a@b.org", domain="qld.example.org", hosted_zone="Z0123456789ABC")
RFC2136 = {"kind": "rfc2136", "server": "ns1.example.org", "key": "arcos"}
SITES = {"aws": "names-and-machines-on-aws", "designate": "names-on-openstack", "rfc2136": "names-on-ones-own"}


def made(site: str) -> list[Manifest]:
    found = unusual_site(site)
    return evaluate(found, pinned(load_release(found.release)))


def one(manifests: list[Manifest], kind: str, namespace: str, name: str) -> Manifest:
    [found] = [m for m in manifests if (m["kind"], m["metadata"].get("namespace"), m["metadata"]["name"]) == (
        kind, namespace, name
    )]  # fmt: skip
    return found


def pod(manifests: list[Manifest]) -> dict[str, Any]:
    spec: dict[str, Any] = one(manifests, "Deployment", "dns", "dns")["spec"]["template"]["spec"]
    return spec


def args(provider: dict[str, Any] | None = None, facts: Facts = FACTS, **more: Any) -> list[str]:
    config = DnsConfig.model_validate(({"provider": provider} if provider else {}) | more)
    return dns.arguments(dns.DnsArgs(config=config, facts=facts, images=lambda name: name))


@pytest.mark.parametrize("site", SITES.values())
def test_every_route_and_the_sites_own_name_stand_on_the_proxys_service(site: str) -> None:
    manifests = made(site)
    service = one(manifests, "Service", "ingress", "ingress")
    named = service["metadata"]["annotations"]["dns.arcos.dev/hostname"].split(",")
    domain = unusual_site(site).domain
    wanted = {domain, "www.sydney.example.org"} if "aws" in site else {domain}
    assert set(named) == wanted
    assert "--annotation-prefix=dns.arcos.dev/" in pod(manifests)["containers"][0]["args"], (
        "what it reads is what we write"
    )
    assert service["spec"]["type"] == "LoadBalancer", "nothing else gets an address"


def test_a_site_that_does_not_ask_publishes_nothing() -> None:
    for name in ("aws-sydney", "nectar-qld"):
        manifests = evaluate(load_site(name), pinned(load_release("2026.11")))
        service = one(manifests, "Service", "ingress", "ingress")
        assert not [key for key in service["metadata"].get("annotations", {}) if key.startswith("dns.")]
        assert "dns" not in {m["metadata"]["name"] for m in manifests if m["kind"] == "Namespace"}


def test_it_may_see_services_of_one_namespace_and_nothing_else() -> None:
    manifests = made(SITES["aws"])
    role = one(manifests, "Role", "ingress", "dns")
    assert role["rules"] == [{"apiGroups": [""], "resources": ["services"], "verbs": ["get", "list", "watch"]}]
    assert not [m for m in manifests if m["kind"] == "ClusterRole" and m["metadata"]["name"].endswith("dns")]
    told = pod(manifests)["containers"][0]["args"]
    assert "--namespace=ingress" in told, "it would ask for every Service there is"
    assert "--service-type-filter=LoadBalancer" in told, "and for nodes and pods"


def test_it_changes_what_it_has_made_itself_and_also_takes_it_away() -> None:
    told = args()
    assert {"--registry=txt", "--txt-owner-id=arcos-qld", "--policy=sync"} <= set(told)
    assert "--txt-prefix=%{record_type}-arcos." in told, "without the dot the zone's own name could not be kept"


def test_the_zone_is_the_sites_domain_or_the_one_that_it_lies_in() -> None:
    assert "--domain-filter=qld.example.org" in args()
    assert "--domain-filter=example.org" in args(zone="example.org")
    assert "--rfc2136-zone=example.org" in args(RFC2136, zone="example.org")


def test_on_aws_it_looks_at_the_zone_that_its_role_is_for_and_holds_no_key() -> None:
    assert "--zone-id-filter=Z0123456789ABC" in args()
    manifests = made(SITES["aws"])
    assert secrets_needed(manifests) - {("ingress", "ingress-tls")} == set()
    [policy] = [m for m in manifests if m["kind"] == "NetworkPolicy" and m["metadata"]["name"] == "dns"]
    agent = [rule for rule in policy["spec"]["egress"] if "to" in rule]
    assert agent == [{"to": [{"ipBlock": {"cidr": "169.254.170.23/32"}}], "ports": [{"protocol": "TCP", "port": 80}]}]


def test_designate_is_spoken_to_by_a_second_program_which_alone_holds_the_credential() -> None:
    manifests = made(SITES["designate"])
    main, beside = pod(manifests)["containers"]
    assert main["args"][-2:] == ["--provider=webhook", "--webhook-provider-url=http://127.0.0.1:8888"]
    assert [mount["mountPath"] for mount in beside["volumeMounts"]] == ["/etc/openstack"]
    assert "/etc/openstack" not in [mount["mountPath"] for mount in main["volumeMounts"]]
    assert "/var/run/secrets/kubernetes.io/serviceaccount" not in [m["mountPath"] for m in beside["volumeMounts"]]
    assert ("dns", "dns-openstack") in secrets_needed(manifests), "`up` asks for it before it changes anything"
    own = {"runAsUser": DESIGNATE_USER, "runAsGroup": DESIGNATE_USER}
    assert beside["securityContext"] == main["securityContext"] | own, "as hardened as any other"


def test_a_cloud_whose_services_answer_at_other_ports_is_reached_there_and_nowhere_else() -> None:
    def reached(provider: Designate) -> list[Any]:
        rules: Any = told(DnsConfig(provider=provider), FACTS, lambda name: name).egress
        return [port["port"] for rule in rules for port in rule["ports"]]

    assert reached(Designate(kind="designate")) == [443, 5000, 9001]
    assert reached(Designate(kind="designate", ports=(13000, 13001))) == [13000, 13001]


def test_ones_own_name_server_takes_signed_updates_only() -> None:
    manifests = made(SITES["rfc2136"])
    [main] = pod(manifests)["containers"]
    [secret] = [one for one in main["env"] if "valueFrom" in one]
    assert secret == {
        "name": "EXTERNAL_DNS_RFC2136_TSIG_SECRET",
        "valueFrom": {"secretKeyRef": {"name": "dns-tsig", "key": "secret"}},
    }
    assert {"--rfc2136-tsig-axfr", "--rfc2136-tsig-secret-alg=hmac-sha256"} <= set(main["args"])
    assert not [word for word in main["args"] if "insecure" in word or "secret=" in word]
    assert ("dns", "dns-tsig") in secrets_needed(manifests)


def test_two_programs_never_write_the_same_records() -> None:
    deployment = one(made(SITES["aws"]), "Deployment", "dns", "dns")["spec"]
    assert (deployment["replicas"], deployment["strategy"]["type"]) == (1, "Recreate")
