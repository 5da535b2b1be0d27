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

from components import gate
from components.route import Route

HTTP, HTTPS, PING = 8080, 8443, 9000
PING_PATH = "/ping"
#: Two years, the least that browsers' preload lists take. https://hstspreload.org/
_HSTS_SECONDS = 63_072_000
#: The gate's cookie, and the parts it is cut into where it is longer than browsers take.
_COOKIES = [gate.COOKIE, *(f"{gate.COOKIE}_{part}" for part in range(4))]
_HERE = Path(__file__).parent


def config_files(routes: Sequence[Route], *, https_port: int, hsts: bool, sign_out: str = "") -> dict[str, str]:
    """The files of /etc/traefik by name. `hsts` only where the certificate is one that browsers trust.

    `sign_out` is the query that the gate's own page for it is given (`components.gate.sign_out_query`).

    Raises:
        ValueError: Two routes want the same host.
    """
    static = Template((_HERE / "traefik.yaml").read_text(encoding="utf-8")).substitute(https_port=https_port)
    return {
        "traefik.yaml": static,
        "dynamic.yaml": (_HERE / "dynamic.yaml").read_text(encoding="utf-8"),
        "routes.yaml": yaml.safe_dump(route_config(routes, hsts=hsts, sign_out=sign_out), sort_keys=True, width=1000),
    }


def route_config(routes: Sequence[Route], *, hsts: bool, sign_out: str = "") -> dict[str, Any]:
    """Traefik's routers and services: one of each for every route, by the app's name; and what gated ones need.

    A route with groups is never served without the gate, whether there is one or not.
    """
    hosts = [route.host for route in routes]
    if doubled := sorted({host for host in hosts if hosts.count(host) > 1}):
        raise ValueError(f"two apps want the host {', '.join(doubled)}")
    gated = gate.gated(routes)
    always = ["hsts"] if hsts else []
    routers = {route.app: _router(f"Host(`{route.host}`)", route.app, *always, *_asked(route)) for route in routes}
    services = {route.app: _service(_upstream(route)) for route in routes}
    middlewares: dict[str, Any] = {f"{gate.GATE}-{route.app}": _forward_auth(route) for route in gated}
    for route in gated:
        routers |= _gate_routers(route, always)
    if gated:
        services[gate.GATE] = _service(gate.base())
        middlewares["sign-out"] = _sign_out(sign_out)
    if hsts:
        middlewares["hsts"] = {"headers": {"stsSeconds": _HSTS_SECONDS, "stsIncludeSubdomains": True}}
    http = {"routers": routers, "services": services, "middlewares": middlewares}
    # Traefik refuses an empty map, so what has no entries is left out.
    return {"http": {key: value for key, value in http.items() if value}} if routes else {}


def _router(rule: str, service: str, *middlewares: str) -> dict[str, Any]:
    router: dict[str, Any] = {"rule": rule, "entryPoints": ["websecure"], "service": service}
    return router | {"middlewares": list(middlewares)} if middlewares else router


def _service(url: str) -> dict[str, Any]:
    return {"loadBalancer": {"servers": [{"url": url}]}}


def _upstream(route: Route) -> str:
    return f"http://{route.service}.{route.namespace}.svc.cluster.local:{route.port}"


def _asked(route: Route) -> list[str]:
    return [f"{gate.GATE}-{route.app}"] if route.groups else []


def _gate_routers(route: Route, always: list[str]) -> dict[str, Any]:
    """On the app's own host: the gate's pages, signing out, and the paths that the app guards itself.

    Two dots that only the app would resolve, as in `/v2/..%2Fadmin`, lead nowhere but through the gate.
    """
    host = f"Host(`{route.host}`)"
    routers = {
        f"{route.app}-gate": _router(f"{host} && PathPrefix(`{gate.PREFIX}`)", gate.GATE, *always),
        f"{route.app}-sign-out": _router(f"{host} && Path(`{gate.SIGN_OUT}`)", "noop@internal", *always, "sign-out"),
    }
    if route.open_paths:
        prefixes = " || ".join(f"PathPrefix(`{path}`)" for path in route.open_paths)
        rule = f"{host} && ({prefixes}) && !PathRegexp(`[.][.]`)"
        routers[f"{route.app}-open"] = _router(rule, route.app, *always)
    return routers


def _forward_auth(route: Route) -> dict[str, Any]:
    """https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/forwardauth/"""
    return {
        "forwardAuth": {
            "address": gate.question(route),
            # All it needs of the request; an app's own credentials are none of its business.
            "authRequestHeaders": ["Accept", "Cookie"],
            "authResponseHeaders": [gate.USER_HEADER, gate.GROUPS_HEADER],
            "addAuthCookiesToResponse": _COOKIES,
        }
    }


def _sign_out(query: str) -> dict[str, Any]:
    target = f"${{1}}{gate.PREFIX}sign_out?{query}"
    return {"redirectRegex": {"regex": "^(https://[^/]+)/.*$", "replacement": target}}
