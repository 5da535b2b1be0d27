"""How the proxy asks whether somebody may pass: the contract between `ingress`, which asks, and the gate of `auth`.

Only routes with `groups` have it. The gate signs people in on the app's own host, below `/oauth2/`, so that its cookie
belongs to that host alone. Why: docs/adr/0011-sign-on-gate.md
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode

from components.facts import Facts
from components.oidc import AUTH, OidcClient, end_session
from components.route import Route, public_url

#: The gate's pods and Service in the namespace of `auth`, and its port.
GATE, PORT = "gate", 4180
#: What the gate answers itself on every gated host. https://oauth2-proxy.github.io/oauth2-proxy/features/endpoints
PREFIX = "/oauth2/"
#: Where an app's "sign out" leads, on the app's own host: it ends the session everywhere.
SIGN_OUT = f"{PREFIX}sign-out"
#: What a gated app is told: the user's name, and the groups with commas between. Nobody outside can send them.
USER_HEADER, GROUPS_HEADER = "X-Auth-Request-User", "X-Auth-Request-Groups"
#: `__Host-` makes browsers refuse it from any other host, without TLS, or for a part of the host.
COOKIE = "__Host-gate"


def gated(routes: Iterable[Route]) -> tuple[Route, ...]:
    """The routes that have a gate."""
    return tuple(route for route in routes if route.groups)


def base() -> str:
    """The gate as the proxy reaches it."""
    return f"http://{GATE}.{AUTH}.svc.cluster.local:{PORT}"


def question(route: Route) -> str:
    """What the gate is asked before each request: is this somebody of one of the groups? No other answer than yes."""
    return f"{base()}/?{urlencode({'allowed_groups': ','.join(route.groups)}, safe=',')}"


def client(routes: Iterable[Route], facts: Facts) -> OidcClient:
    """The gate at the sign-on: one client for all gated hosts."""
    hosts = [public_url(route.host, facts.https_port) for route in routes]
    return OidcClient(
        app=GATE,
        namespace=AUTH,
        title=facts.title,
        redirect_urls=tuple(f"{host.rstrip('/')}{PREFIX}callback" for host in hosts),
        post_logout_urls=(public_url(facts.domain, facts.https_port),),
    )


def sign_out_query(facts: Facts) -> str:
    """What follows the gate's own `sign_out?`: on to the sign-on, with the token that proves the session."""
    return urlencode({"rd": f"{end_session(facts, GATE)}&id_token_hint={{id_token}}"})
