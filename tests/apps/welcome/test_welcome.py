"""The landing page: what it is told, who reaches it, whom it asks."""

from __future__ import annotations

import json

from apps.welcome.config import Link, WelcomeConfig
from apps.welcome.welcome import PORT, Welcome, WelcomeArgs, needs
from arcos.render.evaluate import run
from components.facts import Facts
from components.route import Listing, Route, listing, public_url

HUB = Listing(
    app="hub",
    title="Notebooks",
    description="Jupyter on the cluster",
    url="https://hub.example.org/",
    service="proxy",
    namespace="jupyterhub",
    port=8000,
    health_path="/hub/health",
)
ARGS = WelcomeArgs(
    image="r/welcome:1@sha256:0",
    title="Ünïversity <node>",
    contact="ops@example.org",
    domain="example.org",
    release="2026.11",
    message="line one\nline two",
    listings=[HUB],
    links=[Link(title="Help", url="https://help.example.org/", description="Questions")],
)


def _made() -> dict[tuple[str, str], dict[str, object]]:
    return {(m["kind"], m["metadata"]["name"]): m for m in run(lambda: Welcome("welcome", ARGS), stack="toy")}


def _route(domain: str) -> Route:
    facts = Facts(name="x", title="X", contact="a@b.org", domain=domain)
    [route] = needs(WelcomeConfig(), facts).routes
    return route


def test_the_page_is_told_what_the_site_file_says():
    config = json.loads(_made()["ConfigMap", "welcome-config"]["data"]["welcome.json"])
    assert config == {
        "title": "Ünïversity <node>",
        "contact": "ops@example.org",
        "domain": "example.org",
        "release": "2026.11",
        "message": "line one\nline two",
        "services": [
            {
                "title": "Notebooks",
                "description": "Jupyter on the cluster",
                "url": "https://hub.example.org/",
                "health": "http://proxy.jupyterhub.svc.cluster.local:8000/hub/health",
            }
        ],
        "links": [{"title": "Help", "url": "https://help.example.org/", "description": "Questions"}],
    }


def test_only_the_proxy_reaches_it_and_it_reaches_only_what_it_lists():
    spec = _made()["NetworkPolicy", "welcome"]["spec"]
    [allowed], [asked] = spec["ingress"], spec["egress"]
    assert allowed["from"][0]["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "ingress"}
    assert asked["ports"] == [{"protocol": "TCP", "port": 8000}]


def test_its_route_leads_to_its_own_service():
    made, leads = _made(), _route("example.org")
    service = made["Service", leads.service]
    assert service["metadata"]["namespace"] == leads.namespace
    assert service["spec"]["ports"][0]["port"] == leads.port == PORT
    assert not leads.listed, "the page does not list itself"


def test_a_changed_page_rolls_its_pods():
    annotations = _made()["Deployment", "welcome"]["spec"]["template"]["metadata"]["annotations"]
    assert annotations["arcos.dev/config"]


def test_the_usual_port_is_left_out_of_an_address():
    assert public_url("a.b", 443) == "https://a.b/"
    assert public_url("a.b", 8443) == "https://a.b:8443/"
    assert listing(_route("a.b"), 8443).url == "https://a.b:8443/"
