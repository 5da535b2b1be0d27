"""What a site's apps ask of each other: routes, sign-on, databases, buckets, figures and alerts, and their namespaces.

Pure: from the site file to typed values, before anything is made. An app that is off asks for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from apps.auth import auth
from apps.auth.gate import needs as gate_needs
from apps.database import database
from apps.dns import dns
from apps.ingress import ingress
from apps.ingress.config import LocalCa
from apps.jupyterhub import jupyterhub
from apps.monitoring import monitoring
from apps.objectstore import objectstore
from apps.objectstore.config import CloudStorage
from apps.registry import registry
from apps.welcome import welcome
from arcos.site.model import Site
from components import gate
from components.bucket import BucketEndpoint
from components.clusters.contract import CloudBucket
from components.clusters.local.cluster import LOCAL_CA
from components.facts import Facts
from components.namespace import Quota
from components.needs import Needs, together
from components.route import Listing, listing

#: Each app's module, in the order in which what they ask for is gathered and the landing page lists them.
_APPS: dict[str, Any] = {
    "welcome": welcome,
    "jupyterhub": jupyterhub,
    "auth": auth,
    "database": database,
    "objectstore": objectstore,
    "registry": registry,
    "ingress": ingress,
    "dns": dns,
    "monitoring": monitoring,
}


def ports(site: Site) -> tuple[int, int]:
    """The ports users type for http and https."""
    return getattr(site.cluster, "http_port", 80), getattr(site.cluster, "https_port", 443)


def facts(site: Site) -> Facts:
    """What apps may know of the site."""
    offered = site.cluster.capabilities
    local = site.apps.ingress is not None and isinstance(site.apps.ingress.tls, LocalCa)
    return Facts(
        name=site.name,
        title=site.title,
        contact=site.contact,
        domain=site.domain,
        https_port=ports(site)[1],
        storage_class=offered.default_storage_class,
        rwx_storage_class=offered.rwx_storage_class,
        gpu=offered.gpu,
        gpu_taints=offered.gpu_taints,
        local_ca=LOCAL_CA if local else None,
        network_policy=offered.network_policy,
        auth_host=site.apps.auth.host if site.apps.auth else None,
        hosted_zone=offered.hosted_zone,
        object_storage=offered.object_storage,
    )


def needs(site: Site) -> Needs:
    """Everything the site's apps ask for; and, where a route is for some groups only, a gate's own client.

    Raises:
        ValueError: A route is for some groups, and nobody can say who is in them: the app's settings must require it.
    """
    known = facts(site)
    asked = together(module.needs(config, known) for module, config in _enabled(site))
    gated = gate.gated(asked.routes)
    if not gated:
        return asked
    if not site.apps.auth:
        raise ValueError(f"{gated[0].app}: its route is for some groups, and the site has no `auth`")
    return together([asked, gate_needs(gated, known)])


def bucket_endpoint(site: Site) -> BucketEndpoint | None:
    """Where the site's buckets are; None without `objectstore`."""
    return objectstore.endpoint(site.apps.objectstore, facts(site)) if site.apps.objectstore else None


def cloud_buckets(site: Site) -> list[CloudBucket]:
    """The buckets that the cluster's kind makes in its cloud; none where a store is asked for them from inside."""
    config, there = site.apps.objectstore, bucket_endpoint(site)
    if config is None or there is None or not isinstance(config.binding, CloudStorage) or there.keys:
        return []
    return [CloudBucket(bucket=bucket, name=there.name(bucket)) for bucket in needs(site).buckets]


def namespaces(site: Site) -> dict[str, Quota]:
    """Each app's namespaces and the most they may hold."""
    return {name: quota for module, config in _enabled(site) for name, quota in module.quotas(config).items()}


def listings(site: Site) -> list[Listing]:
    """What the landing page names."""
    named = [listing(route, ports(site)[1]) for route in needs(site).routes if route.listed]
    return named + ([ingress.service_listing()] if site.apps.ingress else [])


def _enabled(site: Site) -> Iterator[tuple[Any, Any]]:
    for name, module in _APPS.items():
        config = getattr(site.apps, name)
        if config is not None:
            yield module, config
