"""Traefik's files from routes, as text; that Traefik takes them is `test_real_traefik.py`."""

from __future__ import annotations

import dataclasses

import pytest
import yaml

from apps.ingress.traefik import HTTP, HTTPS, PING, config_files, route_config
from components.route import Route

HUB = Route(
    app="jupyterhub",
    host="hub.example.org",
    service="proxy",
    namespace="jupyterhub",
    port=8000,
    title="Notebooks",
    description="",
    health_path="/hub/health",
)


def test_a_route_is_a_router_and_a_service():
    assert route_config([HUB], hsts=False) == {
        "http": {
            "routers": {
                "jupyterhub": {
                    "rule": "Host(`hub.example.org`)",
                    "entryPoints": ["websecure"],
                    "service": "jupyterhub",
                }
            },
            "services": {
                "jupyterhub": {"loadBalancer": {"servers": [{"url": "http://proxy.jupyterhub.svc.cluster.local:8000"}]}}
            },
        }
    }


def test_two_apps_never_share_a_host():
    with pytest.raises(ValueError, match=r"hub\.example\.org"):
        route_config([HUB, dataclasses.replace(HUB, app="other")], hsts=False)


def test_hsts_is_a_middleware_of_every_route():
    http = route_config([HUB], hsts=True)["http"]
    assert http["routers"]["jupyterhub"]["middlewares"] == ["hsts"]
    assert http["middlewares"]["hsts"]["headers"]["stsSeconds"] >= 31_536_000


def test_the_real_files_listen_where_the_pod_says():
    static = yaml.safe_load(config_files([], https_port=8443, hsts=False)["traefik.yaml"])
    points = static["entryPoints"]
    assert {name: point["address"] for name, point in points.items()} == {
        "web": f":{HTTP}",
        "websecure": f":{HTTPS}",
        "ping": f":{PING}",
    }
    assert points["web"]["http"]["redirections"]["entryPoint"]["to"] == ":8443", "the port users type"


def test_nothing_is_sent_home_and_no_dashboard_is_open():
    static = yaml.safe_load(config_files([], https_port=443, hsts=False)["traefik.yaml"])
    assert static["global"] == {"checkNewVersion": False, "sendAnonymousUsage": False}
    assert "api" not in static
    assert list(static["providers"]) == ["file"], "the proxy asks no cluster"
    assert static["accessLog"]["fields"]["headers"]["defaultMode"] == "drop", "no cookie in a log"
