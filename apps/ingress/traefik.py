"""Traefik's own configuration: the two real files beside this one, and the routes made from the apps.

Pure: no Pulumi, no cluster. The proxy reads files only, so the one pod that faces the internet holds no credential of
the cluster. https://doc.traefik.io/traefik/reference/install-configuration/providers/others/file/
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from string import Template
from typing import Any

import yaml

from components.route import Route

HTTP, HTTPS, PING = 8080, 8443, 9000
PING_PATH = "/ping"
#: Two years, the least that browsers' preload lists take. https://hstspreload.org/
_HSTS_SECONDS = 63_072_000
_HERE = Path(__file__).parent


def config_files(routes: Sequence[Route], *, https_port: int, hsts: bool) -> dict[str, str]:
    """The files of /etc/traefik by name. `hsts` only where the certificate is one that browsers trust.

    Raises:
        ValueError: Two routes want the same host.
    """
    static = Template((_HERE / "traefik.yaml").read_text(encoding="utf-8")).substitute(https_port=https_port)
    return {
        "traefik.yaml": static,
        "dynamic.yaml": (_HERE / "dynamic.yaml").read_text(encoding="utf-8"),
        "routes.yaml": yaml.safe_dump(route_config(routes, hsts=hsts), sort_keys=True, width=1000),
    }


def route_config(routes: Sequence[Route], *, hsts: bool) -> dict[str, Any]:
    """Traefik's routers and services: one of each for every route, by the app's name."""
    hosts = [route.host for route in routes]
    if doubled := sorted({host for host in hosts if hosts.count(host) > 1}):
        raise ValueError(f"two apps want the host {', '.join(doubled)}")
    http: dict[str, Any] = {
        "routers": {route.app: _router(route, hsts=hsts) for route in routes},
        "services": {route.app: {"loadBalancer": {"servers": [{"url": _upstream(route)}]}} for route in routes},
    }
    if hsts:
        http["middlewares"] = {"hsts": {"headers": {"stsSeconds": _HSTS_SECONDS, "stsIncludeSubdomains": True}}}
    # Traefik refuses an empty map, so what has no entries is left out.
    return {"http": {key: value for key, value in http.items() if value}} if routes else {}


def _router(route: Route, *, hsts: bool) -> dict[str, Any]:
    router: dict[str, Any] = {"rule": f"Host(`{route.host}`)", "entryPoints": ["websecure"], "service": route.app}
    return router | {"middlewares": ["hsts"]} if hsts else router


def _upstream(route: Route) -> str:
    return f"http://{route.service}.{route.namespace}.svc.cluster.local:{route.port}"
