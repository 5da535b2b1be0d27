"""Building each app of a site: what it is told, and which namespaces must be there first.

One function an app, all alike; what an app is stands in `apps`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from pulumi import ComponentResource, Resource, ResourceOptions

from apps.auth import auth
from apps.auth.config import AuthConfig
from apps.database import database
from apps.database.config import DatabaseConfig
from apps.dns import dns
from apps.dns.config import DnsConfig
from apps.ingress import ingress
from apps.ingress.config import IngressConfig, LocalCa
from apps.jupyterhub import jupyterhub
from apps.jupyterhub.config import JupyterHubConfig
from apps.monitoring import monitoring
from apps.monitoring.config import MonitoringConfig
from apps.objectstore import objectstore
from apps.objectstore.config import ObjectStoreConfig
from apps.registry import registry
from apps.registry.config import RegistryConfig
from apps.welcome import welcome
from apps.welcome.config import WelcomeConfig
from arcos.platform.args import PlatformArgs
from arcos.platform.gather import bucket_endpoint, facts, listings, needs, ports
from components.baseline import Baseline
from components.clusters.local.cluster import LOCAL_CA
from components.gate import gated, sign_out_query

#: Where a local site's own certificate is kept in the cluster.
_LOCAL_TLS_SECRET = "ingress-tls"  # noqa: S105 - a name, not a secret


class After(Protocol):
    """Options for an app whose pods run in its `own` namespaces; into `others` it only puts Secrets and rights."""

    def __call__(self, own: Iterable[str], others: Iterable[str] = ()) -> ResourceOptions:
        """Both by name."""
        ...


def build(args: PlatformArgs, baseline: Baseline, opts: ResourceOptions) -> list[ComponentResource]:
    """Every app that the site names."""

    def after(own: Iterable[str], others: Iterable[str] = ()) -> ResourceOptions:
        # No more than is needed: every object of the app waits for each of these, and an engine looks up each.
        known = baseline.namespaces
        first: list[Resource] = [known[name] for name in dict.fromkeys(own)]
        first += [known[name].itself for name in sorted(set(others) - set(own))]
        return ResourceOptions.merge(opts, ResourceOptions(depends_on=first))

    apps = args.site.apps
    chosen: tuple[tuple[Any, Callable[[PlatformArgs, Any, After], ComponentResource]], ...] = (
        (apps.ingress, _ingress),
        (apps.dns, _dns),
        (apps.welcome, _welcome),
        (apps.objectstore, _objectstore),
        (apps.database, _database),
        (apps.auth, _auth),
        (apps.jupyterhub, _jupyterhub),
        (apps.monitoring, _monitoring),
        (apps.registry, _registry),
    )
    return [make(args, config, after) for config, make in chosen if config is not None]


def _ingress(args: PlatformArgs, config: IngressConfig, after: After) -> ingress.Ingress:
    http_port, https_port = ports(args.site)
    local = isinstance(config.tls, LocalCa)
    return ingress.Ingress(
        "ingress",
        ingress.IngressArgs(
            image=args.image("traefik"),
            seeder_image=args.image("seeder"),
            domain=args.site.domain,
            routes=needs(args.site).routes,
            replicas=config.replicas,
            tls_secret=_LOCAL_TLS_SECRET if isinstance(config.tls, LocalCa) else config.tls.name,
            local_ca=LOCAL_CA if local else None,
            http_port=http_port,
            https_port=https_port,
            load_balancer=args.site.cluster.capabilities.load_balancer,
            sign_out=sign_out_query(facts(args.site)),
            publish=args.site.apps.dns is not None,
        ),
        opts=after(ingress.quotas(config)),
    )


def _dns(args: PlatformArgs, config: DnsConfig, after: After) -> dns.Dns:
    # Its right to see the proxy's Service stands in the proxy's namespace.
    proxy = ingress.quotas(args.site.apps.ingress) if args.site.apps.ingress else ()
    return dns.Dns(
        "dns",
        dns.DnsArgs(config=config, facts=facts(args.site), images=args.image),
        opts=after(dns.quotas(config), proxy),
    )


def _welcome(args: PlatformArgs, config: WelcomeConfig, after: After) -> welcome.Welcome:
    return welcome.Welcome(
        "welcome",
        welcome.WelcomeArgs(
            image=args.image("welcome"),
            title=args.site.title,
            contact=args.site.contact,
            domain=args.site.domain,
            release=args.release.name,
            message=config.message,
            listings=listings(args.site),
            links=config.links,
        ),
        opts=after(welcome.quotas(config)),
    )


def _database(args: PlatformArgs, config: DatabaseConfig, after: After) -> database.Databases:
    asked = needs(args.site)
    return database.Databases(
        "database",
        database.DatabaseArgs(
            config=config,
            facts=facts(args.site),
            images=args.image,
            databases=asked.databases,
            endpoint=bucket_endpoint(args.site),
        ),
        # Passwords are put into the namespaces of those who connect.
        opts=after(database.quotas(config), {one.namespace for one in asked.databases}),
    )


def _auth(args: PlatformArgs, config: AuthConfig, after: After) -> auth.Auth:
    asked = needs(args.site)
    return auth.Auth(
        "auth",
        auth.AuthArgs(
            config=config,
            facts=facts(args.site),
            images=args.image,
            clients=asked.clients,
            gated=gated(asked.routes),
        ),
        # Clients' secrets are put into the namespaces of their apps.
        opts=after(auth.quotas(config), {one.namespace for one in asked.clients}),
    )


def _jupyterhub(args: PlatformArgs, config: JupyterHubConfig, after: After) -> jupyterhub.JupyterHub:
    return jupyterhub.JupyterHub(
        "jupyterhub",
        jupyterhub.JupyterHubArgs(config=config, facts=facts(args.site), images=args.image),
        opts=after(jupyterhub.quotas(config)),
    )


def _objectstore(args: PlatformArgs, config: ObjectStoreConfig, after: After) -> objectstore.ObjectStore:
    buckets = needs(args.site).buckets
    return objectstore.ObjectStore(
        "objectstore",
        objectstore.ObjectStoreArgs(
            config=config,
            facts=facts(args.site),
            images=args.image,
            buckets=buckets,
            keys=args.bucket_keys,
        ),
        # Keys are put into the namespaces of those who have a bucket, or a store of others is asked for it from there.
        opts=after([*objectstore.quotas(config), *(one.namespace for one in buckets)]),
    )


def _monitoring(args: PlatformArgs, config: MonitoringConfig, after: After) -> monitoring.Monitoring:
    asked = needs(args.site)
    return monitoring.Monitoring(
        "monitoring",
        monitoring.MonitoringArgs(
            config=config,
            facts=facts(args.site),
            images=args.image,
            targets=asked.targets,
            alerts=asked.alerts,
        ),
        opts=after(monitoring.quotas(config)),
    )


def _registry(args: PlatformArgs, config: RegistryConfig, after: After) -> registry.Registry:
    endpoint = bucket_endpoint(args.site)
    if endpoint is None:
        raise ValueError("`check` refuses a registry without `objectstore`")
    return registry.Registry(
        "registry",
        registry.RegistryArgs(
            config=config,
            facts=facts(args.site),
            images=args.image,
            endpoint=endpoint,
            groups=[group.name for group in args.site.apps.auth.groups] if args.site.apps.auth else [],
        ),
        opts=after(registry.quotas(config)),
    )
