"""EKS itself: the control plane with its role, its key and its logs, and from where it is reached.

Owns what AWS runs; leaves out machines (`nodes.py`) and who may do what in Kubernetes (`access.py`).
https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi_aws.cloudwatch as cloudwatch
import pulumi_aws.eks as eks
import pulumi_aws.kms as kms
import pulumi_aws.vpc as vpc
from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions

from components.clusters.aws_eks import policies
from components.clusters.aws_eks.names import cluster_name, log_group, named, tags
from components.clusters.aws_eks.roles import AwsRole, AwsRoleArgs
from components.clusters.ranges import is_private

#: All that there are: who did what (audit, authenticator) cannot be asked for afterwards.
#: https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html
LOGS = ("api", "audit", "authenticator", "controllerManager", "scheduler")


@dataclass(frozen=True, kw_only=True)
class EksControlPlaneArgs:
    """`kubernetes` is the minor; `api_ranges` is who reaches the API besides what is in the VPC."""

    site: str
    region: str
    kubernetes: str
    subnet_ids: Sequence[Input[str]]
    service_range: str
    api_ranges: Sequence[str]
    log_days: int
    tags: Mapping[str, str] = field(default_factory=dict)


class EksControlPlane(ComponentResource):
    """An EKS cluster without machines."""

    name: Output[str]
    """The cluster's name."""

    version: Output[str]
    """Its Kubernetes minor."""

    endpoint: Output[str]
    """The address of its API."""

    authority: Output[str]
    """What its API's certificate is signed by: base64 PEM."""

    security_group_id: Output[str]
    """The group that EKS makes and gives to the control plane and to every machine."""

    ways_in: list[Resource]
    """What whoever comes from a private range needs as long as anything is in the cluster."""

    def __init__(self, name: str, args: EksControlPlaneArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:components:EksControlPlane", name, None, opts)
        child = ResourceOptions(parent=self)
        role = _role(args, child)
        first = [*role.rights, _logs(args, child)]
        key = _key(args, child)
        after = ResourceOptions.merge(child, ResourceOptions(depends_on=first, protect=True))
        cluster = _cluster(args, role, key, after)
        self.name, self.version, self.endpoint = cluster.name, cluster.version, cluster.endpoint
        self.authority = cluster.certificate_authority.data
        self.security_group_id = cluster.vpc_config.cluster_security_group_id
        self.ways_in = _private_ways_in(args, self.security_group_id, child)
        self.register_outputs({"name": self.name})


def public_endpoint(ranges: Sequence[str]) -> tuple[bool, list[str]]:
    """Whether the API has a public address, and from where that answers: the public ones of the ranges."""
    public = [one for one in ranges if not is_private(one)]
    return bool(public), public


def _role(args: EksControlPlaneArgs, opts: ResourceOptions) -> AwsRole:
    wanted = AwsRoleArgs(
        site=args.site,
        region=args.region,
        part="control-plane",
        trust=policies.trusts_service("eks"),
        policy=policies.no_log_groups(),
        managed=["AmazonEKSClusterPolicy"],
        tags=args.tags,
    )
    return AwsRole("control-plane-role", wanted, opts)


def _logs(args: EksControlPlaneArgs, opts: ResourceOptions) -> cloudwatch.LogGroup:
    """Made before EKS would: its own one keeps everything for ever, and stays when the cluster goes."""
    return cloudwatch.LogGroup(
        "logs",
        name=log_group(args.site),
        retention_in_days=args.log_days,
        tags=tags(args.site, args.tags),
        opts=opts,
    )


def _key(args: EksControlPlaneArgs, opts: ResourceOptions) -> kms.Key:
    """Encrypts Kubernetes' Secrets before they are stored; without it they are lost, so it goes last and slowly."""
    key = kms.Key(
        "secrets",
        description=f"Secrets of the Kubernetes cluster {cluster_name(args.site)}",
        deletion_window_in_days=30,
        enable_key_rotation=True,
        tags=tags(args.site, args.tags),
        opts=ResourceOptions.merge(opts, ResourceOptions(protect=True)),
    )
    kms.Alias("secrets", name=f"alias/{cluster_name(args.site)}", target_key_id=key.key_id, opts=opts)
    return key


def _cluster(args: EksControlPlaneArgs, role: AwsRole, key: kms.Key, opts: ResourceOptions) -> eks.Cluster:
    """Nobody is an administrator for having made it, and nothing is in it that no add-on keeps up to date."""
    public, ranges = public_endpoint(args.api_ranges)
    # Without a public address AWS still keeps a list for it, of everybody.
    reached: eks.ClusterVpcConfigArgsDict = {"public_access_cidrs": ranges} if public else {}
    reached |= {
        "subnet_ids": list(args.subnet_ids),
        "endpoint_private_access": True,
        "endpoint_public_access": public,
    }
    return eks.Cluster(
        "cluster",
        name=cluster_name(args.site),
        version=args.kubernetes,
        role_arn=role.arn,
        access_config={"authentication_mode": "API", "bootstrap_cluster_creator_admin_permissions": False},
        bootstrap_self_managed_addons=False,
        enabled_cluster_log_types=list(LOGS),
        encryption_config={"provider": {"key_arn": key.arn}, "resources": ["secrets"]},
        kubernetes_network_config={"ip_family": "ipv4", "service_ipv4_cidr": args.service_range},
        # The release says which version runs: AWS must not upgrade it by itself before it has to.
        upgrade_policy={"support_type": "EXTENDED"},
        vpc_config=reached,
        tags=tags(args.site, args.tags),
        opts=opts,
    )


def _private_ways_in(args: EksControlPlaneArgs, group: Output[str], opts: ResourceOptions) -> list[Resource]:
    """Private ranges come over a VPN or a peering, to the private address."""
    return [
        vpc.SecurityGroupIngressRule(
            f"api-from-{one.replace('/', '-')}",
            security_group_id=group,
            description="Kubernetes API from a network of the site",
            cidr_ipv4=one,
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            # Of one kind in a site, everything has a name of its own: after a crash it is found by it.
            tags=tags(args.site, args.tags, named(args.site, f"api-from-{one}")),
            opts=opts,
        )
        for one in args.api_ranges
        if is_private(one)
    ]
