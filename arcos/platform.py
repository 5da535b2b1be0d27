"""The platform program: one site in, all its Pulumi components out. Both deliveries evaluate this and nothing else.

Owns the order in which a site's parts are made and what they learn from each other; what each part is stands in
`components` and `apps`. Reads capabilities, never a site's or a cloud's name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pulumi_kubernetes as k8s
from pulumi import ComponentResource, ResourceOptions

from apps.ingress import ingress
from apps.ingress.config import IngressConfig, LocalCa
from apps.welcome import welcome
from apps.welcome.config import WelcomeConfig
from arcos import paths
from arcos.errors import USAGE, ArcosError
from arcos.site.cluster import LOCAL_STORAGE, ExistingCluster, LocalCluster
from arcos.site.model import Site
from arcos.site.release import UNRESOLVED, Release
from components import local_cluster
from components.baseline import Baseline, BaselineArgs
from components.coredns import CoreDnsArgs
from components.namespace import Quota
from components.route import INGRESS, Listing, Route, listing

#: Where a local site's own certificate is kept in the cluster.
_LOCAL_TLS_SECRET = "ingress-tls"  # noqa: S105 - a name, not a secret

Delivery = Literal["push", "pull"]


@dataclass(frozen=True, kw_only=True)
class PlatformArgs:
    """One site and its release. In `push` delivery the program also connects to the cluster."""

    site: Site
    release: Release
    delivery: Delivery

    def image(self, name: str) -> str:
        """The reference of an image, by digest.

        Raises:
            ArcosError: The release has no such image; or in push delivery, where it would be run, no digest of it.
        """
        reference = self.release.image(self.site.registry, name)
        if self.delivery == "push" and reference.endswith(f"@{UNRESOLVED}"):
            raise ArcosError(
                f"image `{name}` has no digest",
                where=f"releases/{self.release.name}.yaml",
                why="an image is only run by its digest",
                fix="./arcosctl images lock",
            )
        return reference


class Platform(ComponentResource):
    """Everything a site is."""

    def __init__(self, name: str, args: PlatformArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:platform:Platform", name, None, opts)
        child = ResourceOptions(parent=self)
        if args.delivery == "push":
            child = ResourceOptions(parent=self, providers=[_provider(args.site, child)])
        apps = args.site.apps
        if isinstance(args.site.cluster, LocalCluster):
            _local_cluster(args, child)
        baseline = _baseline(args, child)
        if apps.ingress:
            _ingress(args, apps.ingress, baseline, child)
        if apps.welcome:
            _welcome(args, apps.welcome, baseline, child)
        self.register_outputs({})


def ports(site: Site) -> tuple[int, int]:
    """The ports users type for http and https."""
    if isinstance(site.cluster, LocalCluster):
        return site.cluster.http_port, site.cluster.https_port
    return 80, 443


def routes(site: Site) -> list[Route]:
    """Every app's route, in the order the landing page lists them."""
    return [welcome.route(site.apps.welcome.host or site.domain)] if site.apps.welcome else []


def listings(site: Site) -> list[Listing]:
    """What the landing page names."""
    named = [listing(route, ports(site)[1]) for route in routes(site) if route.listed]
    return named + ([ingress.service_listing()] if site.apps.ingress else [])


def namespaces(site: Site) -> dict[str, Quota]:
    """Each app's namespace and the most it may hold."""
    quotas: dict[str, Quota] = {}
    if site.apps.ingress:
        quotas[INGRESS] = ingress.quota(site.apps.ingress.replicas)
    if site.apps.welcome:
        quotas["welcome"] = welcome.QUOTA
    return quotas


def _provider(site: Site, opts: ResourceOptions) -> k8s.Provider:
    """The connection to the cluster, in push delivery. Its identity is the site, whatever its address becomes."""
    cluster = site.cluster
    kubeconfig: str | None
    if isinstance(cluster, LocalCluster):
        kubeconfig, context = str(paths.data_dir() / "sites" / site.name / "kubeconfig"), None
    elif isinstance(cluster, ExistingCluster):
        kubeconfig, context = cluster.kubeconfig, cluster.context
    else:
        raise ArcosError(
            f"clusters of kind {cluster.kind} cannot be made yet",
            where=f"stacks/Pulumi.{site.name}.yaml",
            why="this release renders such sites; making their clusters comes later",
            fix=f"./arcosctl render {site.name} --out DIR",
            exit_code=USAGE,
        )
    return k8s.Provider(
        "cluster",
        kubeconfig=kubeconfig,
        context=context,
        cluster_identifier=site.name,
        # A changed ConfigMap is edited in place: replaced, it would be gone for a moment under running pods.
        enable_config_map_mutable=True,
        # A run that was killed left objects that the state does not know; the next one goes on with them. What another
        # manager wrote differently is still a conflict, and refused.
        upsert_existing_objects=True,
        opts=opts,
    )


def _local_cluster(args: PlatformArgs, opts: ResourceOptions) -> local_cluster.LocalCluster:
    dns = CoreDnsArgs(
        image=args.image("coredns"),
        domain=args.site.domain,
        ingress_service=f"{INGRESS}.{INGRESS}.svc.cluster.local",
    )
    return local_cluster.LocalCluster(
        "local-cluster", local_cluster.LocalClusterArgs(storage_class=LOCAL_STORAGE, coredns=dns), opts=opts
    )


def _baseline(args: PlatformArgs, opts: ResourceOptions) -> Baseline:
    return Baseline(
        "baseline", BaselineArgs(namespaces=namespaces(args.site), kubernetes=args.release.kubernetes), opts=opts
    )


def _ingress(args: PlatformArgs, config: IngressConfig, baseline: Baseline, opts: ResourceOptions) -> ingress.Ingress:
    http_port, https_port = ports(args.site)
    local = isinstance(config.tls, LocalCa)
    return ingress.Ingress(
        "ingress",
        ingress.IngressArgs(
            image=args.image("traefik"),
            seeder_image=args.image("seeder"),
            domain=args.site.domain,
            routes=routes(args.site),
            replicas=config.replicas,
            tls_secret=_LOCAL_TLS_SECRET if isinstance(config.tls, LocalCa) else config.tls.name,
            local_ca=local_cluster.LOCAL_CA if local else None,
            http_port=http_port,
            https_port=https_port,
            load_balancer=args.site.cluster.capabilities.load_balancer,
        ),
        opts=ResourceOptions.merge(opts, ResourceOptions(depends_on=[baseline.namespaces[INGRESS]])),
    )


def _welcome(args: PlatformArgs, config: WelcomeConfig, baseline: Baseline, opts: ResourceOptions) -> welcome.Welcome:
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
        opts=ResourceOptions.merge(opts, ResourceOptions(depends_on=[baseline.namespaces["welcome"]])),
    )
