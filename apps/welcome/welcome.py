"""`welcome`: the landing page. It shows the site's services, their addresses and health, and whom to ask.

Owns the page's configuration and its pods; the program and the look of the page are `images/welcome`. What is listed
comes from the apps' routes, health is asked from inside the cluster.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi_kubernetes as k8s
from pulumi import ComponentResource, Output, ResourceOptions

from apps.welcome.config import Link, WelcomeConfig
from components.baseline import SERVICE
from components.facts import Facts
from components.metadata import PREFIX, digest, metadata, resource_name
from components.namespace import Quota
from components.needs import Needs
from components.network import from_app, to_app
from components.pod import Mount, PodArgs, Probe, Resources
from components.route import INGRESS, Listing, Route
from components.workload import Workload, WorkloadArgs

#: The user in `images/welcome`.
USER = 10081
PORT = 8080
_APP = "welcome"
_CONFIG = "welcome-config"
#: A page is up while a node is down for maintenance.
_REPLICAS = 2


@dataclass(frozen=True, kw_only=True)
class WelcomeArgs:
    """What the page says. `listings` are the site's services, `links` lead elsewhere."""

    image: str
    title: str
    contact: str
    domain: str
    release: str
    message: str
    listings: Sequence[Listing]
    links: Sequence[Link]


class Welcome(ComponentResource):
    """The landing page."""

    service_name: Output[str]
    """Name of the Service that a route leads to."""

    def __init__(self, name: str, args: WelcomeArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:apps:Welcome", name, None, opts)
        child = ResourceOptions(parent=self, depends_on=opts.depends_on if opts else None)
        config = page_config(args)
        files = _config(config, child)
        page = Workload("welcome", workload(args, config), child, after=[files])
        self.service_name = page.service_name
        self.register_outputs({"service_name": self.service_name})


def needs(config: WelcomeConfig, facts: Facts) -> Needs:
    """The page's own route. It does not list itself."""
    route = Route(
        app=_APP,
        host=config.host or facts.domain,
        groups=config.groups,
        service=_APP,
        namespace=_APP,
        port=PORT,
        title="Welcome",
        description="This page.",
        health_path="/healthz",
        listed=False,
    )
    return Needs(routes=(route,))


def quotas(config: WelcomeConfig) -> dict[str, Quota]:  # noqa: ARG001 - every app's `quotas` takes the same
    """Room for the page's pods and their successors."""
    return {_APP: Quota(pods=8, cpu="1", memory="512Mi")}


def page_config(args: WelcomeArgs) -> dict[str, Any]:
    """The page's configuration as `images/welcome` reads it."""
    return {
        "title": args.title,
        "contact": args.contact,
        "domain": args.domain,
        "release": args.release,
        "message": args.message,
        "services": [
            {"title": item.title, "description": item.description, "url": item.url, "health": item.health_url}
            for item in args.listings
        ],
        "links": [{"title": link.title, "url": link.url, "description": link.description} for link in args.links],
    }


def workload(args: WelcomeArgs, config: dict[str, Any]) -> WorkloadArgs:
    """The page's pods: only the proxy reaches them, they reach only the health of what they list."""
    return WorkloadArgs(
        namespace=_APP,
        replicas=_REPLICAS,
        pod=PodArgs(
            app=_APP,
            image=args.image,
            user=USER,
            resources=Resources(cpu="20m", cpu_limit="500m", memory="64Mi"),
            service_account=_APP,
            ports={"http": PORT},
            mounts=[Mount(path="/etc/arcos", config_map=_CONFIG)],
            live=Probe(path="/healthz", port=PORT),
            ready=Probe(path="/healthz", port=PORT),
            priority_class=SERVICE,
            annotations={f"{PREFIX}/config": digest(config)},
        ),
        service={
            "type": "ClusterIP",
            "ports": [{"name": "http", "protocol": "TCP", "port": PORT, "target_port": PORT}],
        },
        ingress=[from_app(INGRESS, INGRESS, PORT)],
        egress=[to_app(item.app, item.namespace, item.port) for item in args.listings],
    )


def _config(config: dict[str, Any], opts: ResourceOptions) -> k8s.core.v1.ConfigMap:
    return k8s.core.v1.ConfigMap(
        resource_name("ConfigMap", _CONFIG, _APP),
        metadata=metadata(_CONFIG, app=_APP, namespace=_APP),
        data={"welcome.json": json.dumps(config, indent=2, sort_keys=True, ensure_ascii=False) + "\n"},
        opts=opts,
    )
