"""How an app says where it is reached: the contract between every app, `ingress` and `welcome`.

A route leads from a host name to an app's own Service. Apps make routes, `ingress` serves them, `welcome` lists them;
none of them knows another. TLS and redirects belong to `ingress`.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Where the proxy runs; every app with a route lets it in, and the local DNS leads the site's names to it.
INGRESS = "ingress"


@dataclass(frozen=True, kw_only=True)
class Route:
    """`host` leads to `port` of the Service and of the pods labelled `service` in `namespace`.

    `title` and `description` are for people. `health_path`, on `health_port` where that is another one, answers 200 as
    long as the app works. `listed` says whether the landing page names it. With `groups`, only people in one of them
    get in, which the proxy asks `auth` for every request (`components.gate`: what the app is told, and its path for
    signing out); without, the app signs people in itself or is open to all. `open_paths` are beginnings of paths, as
    in `/v2/`, that pass unasked all the same: the app guards them itself. An app with `groups` requires `auth`.
    """

    app: str
    host: str
    service: str
    namespace: str
    port: int
    title: str
    description: str
    health_path: str
    listed: bool = True
    groups: tuple[str, ...] = ()
    open_paths: tuple[str, ...] = ()
    health_port: int = 0


@dataclass(frozen=True, kw_only=True)
class Listing:
    """One service on the landing page: its public address, or "" if it has none, and where its health is asked."""

    title: str
    description: str
    url: str
    service: str
    namespace: str
    port: int
    health_path: str
    app: str

    @property
    def health_url(self) -> str:
        """The address inside the cluster that answers 200 as long as the service works."""
        return f"http://{self.service}.{self.namespace}.svc.cluster.local:{self.port}{self.health_path}"


def public_url(host: str, https_port: int) -> str:
    """The address people type: the port is left out where it is the usual one."""
    return f"https://{host}/" if https_port == 443 else f"https://{host}:{https_port}/"


def listing(route: Route, https_port: int) -> Listing:
    """How the landing page names a route."""
    return Listing(
        title=route.title,
        description=route.description,
        url=public_url(route.host, https_port),
        service=route.service,
        namespace=route.namespace,
        port=route.health_port or route.port,
        health_path=route.health_path,
        app=route.service,
    )
