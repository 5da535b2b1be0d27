"""The whole of an EKS cluster, in the order in which it can be made; taken down in the opposite one.

Owns the order: who waits for whom decides whether anything is left behind (docs/adr/0029). Each part stands in a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pulumi import ComponentResource, Output, Resource, ResourceOptions

from components.clusters.aws_eks.access import EksAccess, EksAccessArgs
from components.clusters.aws_eks.addons import EksAddonsArgs, EksNetworkAddons, addon
from components.clusters.aws_eks.addresses import CONTROL_ZONES
from components.clusters.aws_eks.addresses import plan as plan_addresses
from components.clusters.aws_eks.buckets import EksBuckets, EksBucketsArgs
from components.clusters.aws_eks.budget import budget
from components.clusters.aws_eks.config import AwsEks
from components.clusters.aws_eks.control_plane import EksControlPlane, EksControlPlaneArgs
from components.clusters.aws_eks.kubeconfig import kubeconfig
from components.clusters.aws_eks.network import AwsNetwork, AwsNetworkArgs
from components.clusters.aws_eks.node_plan import plan as plan_nodes
from components.clusters.aws_eks.nodes import EksNodes, EksNodesArgs
from components.clusters.aws_eks.pod_rights import EksPodRights, EksPodRightsArgs
from components.clusters.aws_eks.storage import EksStorage, EksStorageArgs
from components.clusters.contract import CloudBucket


@dataclass(frozen=True, kw_only=True)
class EksClusterArgs:
    """`region` and `profile` are those of Pulumi's AWS provider; `kubernetes` is the minor, as in `1.37`."""

    site: str
    region: str
    profile: str | None
    kubernetes: str
    config: AwsEks
    buckets: Sequence[CloudBucket] = ()

    @property
    def tags(self) -> dict[str, str]:
        """The tags that the site wants beside the platform's own."""
        return {tag.key: tag.value for tag in self.config.tags}


class EksCluster(ComponentResource):
    """A cluster that can be used."""

    kubeconfig: Output[str]
    """Its text, secret; known when machines and add-ons are there."""

    def __init__(self, name: str, args: EksClusterArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:components:EksCluster", name, None, opts)
        child = ResourceOptions(parent=self)
        network = _network(args, child)
        plane = _control_plane(args, network, child)
        access = _access(args, plane, child)
        addons = EksAddonsArgs(
            site=args.site,
            region=args.region,
            cluster_name=plane.name,
            kubernetes=args.kubernetes,
            tags=args.tags,
        )
        basic = EksNetworkAddons("network-addons", addons, child)
        nodes = _nodes(args, network, plane, _after(child, [*network.ways_out, *basic.made]))
        on_nodes = _after(child, nodes.groups)
        dns = addon(addons, "coredns", on_nodes)
        storage = _storage(args, addons, network, plane, on_nodes)
        rights = EksPodRights("pod-rights", _pod_rights(args, addons), child)
        buckets = EksBuckets("buckets", EksBucketsArgs(addons=addons, buckets=args.buckets), child)
        if args.config.budget:
            budget(args.site, args.config.budget, args.tags, child)
        # Machines are there before the add-ons that run on them.
        ready = [*plane.ways_in, *access.granted, dns, *storage.made, *rights.made, *buckets.made]
        self.kubeconfig = _kubeconfig(args, plane, ready)
        self.register_outputs({"kubeconfig": self.kubeconfig})


def _after(opts: ResourceOptions, first: Sequence[Resource]) -> ResourceOptions:
    return ResourceOptions.merge(opts, ResourceOptions(depends_on=list(first)))


def _network(args: EksClusterArgs, opts: ResourceOptions) -> AwsNetwork:
    config = args.config
    wanted = AwsNetworkArgs(
        site=args.site,
        region=args.region,
        vpc=config.network.range,
        zones=plan_addresses(args.region, config.zones, config.network.range),
        nat=config.network.nat,
        tags=args.tags,
    )
    return AwsNetwork("network", wanted, opts)


def _control_plane(args: EksClusterArgs, network: AwsNetwork, opts: ResourceOptions) -> EksControlPlane:
    config = args.config
    wanted = EksControlPlaneArgs(
        site=args.site,
        region=args.region,
        kubernetes=args.kubernetes,
        subnet_ids=[network.nodes[letter] for letter in config.zones[:CONTROL_ZONES]],
        service_range=config.network.service_range,
        api_ranges=config.api_ranges,
        log_days=config.log_days,
        tags=args.tags,
    )
    return EksControlPlane("control-plane", wanted, opts)


def _access(args: EksClusterArgs, plane: EksControlPlane, opts: ResourceOptions) -> EksAccess:
    wanted = EksAccessArgs(
        site=args.site,
        region=args.region,
        cluster_name=plane.name,
        admins=args.config.admins,
        tags=args.tags,
    )
    return EksAccess("access", wanted, opts)


def _nodes(args: EksClusterArgs, network: AwsNetwork, plane: EksControlPlane, opts: ResourceOptions) -> EksNodes:
    wanted = EksNodesArgs(
        site=args.site,
        region=args.region,
        cluster_name=plane.name,
        version=plane.version,
        subnet_ids=list(network.nodes.values()),
        pools=[plan_nodes(pool, args.config.zones) for pool in args.config.node_pools],
        tags=args.tags,
    )
    return EksNodes("nodes", wanted, opts)


def _storage(
    args: EksClusterArgs, addons: EksAddonsArgs, network: AwsNetwork, plane: EksControlPlane, opts: ResourceOptions
) -> EksStorage:
    wanted = EksStorageArgs(
        addons=addons,
        file_system=args.config.shared_file_system or "",
        vpc_id=network.vpc_id,
        subnets=network.nodes,
        machines=plane.security_group_id,
        tags=args.tags,
    )
    return EksStorage("storage", wanted, opts)


def _pod_rights(args: EksClusterArgs, addons: EksAddonsArgs) -> EksPodRightsArgs:
    config = args.config
    return EksPodRightsArgs(addons=addons, hosted_zone=config.hosted_zone or "", autoscaling=config.autoscaling)


def _kubeconfig(args: EksClusterArgs, plane: EksControlPlane, ready: Sequence[Resource]) -> Output[str]:
    """Whatever uses it comes after all of `ready`, and is gone before any of that goes."""
    waited = [resource.urn for resource in ready]
    return Output.secret(
        Output.all(plane.name, plane.endpoint, plane.authority, *waited).apply(
            lambda known: kubeconfig(
                name=known[0], endpoint=known[1], authority=known[2], region=args.region, profile=args.profile
            )
        )
    )
