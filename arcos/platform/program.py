"""The platform program: one site in, all its Pulumi components out. Both deliveries evaluate this and nothing else.

Owns the order in which a site's parts are made; what each part is stands in `components` and `apps`. Reads
capabilities, never a site's or a cloud's name.
"""

from __future__ import annotations

import pulumi_kubernetes as k8s
from pulumi import ComponentResource, ResourceOptions

from arcos import paths
from arcos.errors import USAGE, ArcosError
from arcos.platform import apps
from arcos.platform.args import PlatformArgs
from arcos.platform.gather import namespaces
from arcos.site.cluster import LOCAL_STORAGE, ExistingCluster, LocalCluster
from arcos.site.model import Site
from components import local_cluster
from components.baseline import Baseline, BaselineArgs
from components.coredns import CoreDnsArgs
from components.route import INGRESS


class Platform(ComponentResource):
    """Everything a site is."""

    def __init__(self, name: str, args: PlatformArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:platform:Platform", name, None, opts)
        child = ResourceOptions(parent=self)
        if args.delivery == "push":
            child = ResourceOptions(parent=self, providers=[_provider(args.site, child)])
        if isinstance(args.site.cluster, LocalCluster):
            _local_cluster(args, child)
        apps.build(args, _baseline(args, child), child)
        self.register_outputs({})


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
