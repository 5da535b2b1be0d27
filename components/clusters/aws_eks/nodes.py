"""The machines of a cluster: one managed node group a pool, which follows the control plane's version.

Owns launch templates, groups and the machines' role; what a pool becomes is decided in `node_plan.py`.
https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi_aws.ec2 as ec2
import pulumi_aws.eks as eks
from pulumi import ComponentResource, Input, Resource, ResourceOptions

from components.clusters.aws_eks import policies
from components.clusters.aws_eks.names import cluster_name, named, tags
from components.clusters.aws_eks.node_plan import NodePlan
from components.clusters.aws_eks.roles import AwsRole, AwsRoleArgs
from components.clusters.aws_eks.running import number, running

#: Join the cluster, pull images from ECR, and be reached by an operator without a key or an open port.
_RIGHTS = ("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly", "AmazonSSMManagedInstanceCore")


@dataclass(frozen=True, kw_only=True)
class EksNodesArgs:
    """`version` is the control plane's own output, so that groups are upgraded after it."""

    site: str
    region: str
    cluster_name: Input[str]
    version: Input[str]
    subnet_ids: Sequence[Input[str]]
    pools: Sequence[NodePlan]
    tags: Mapping[str, str] = field(default_factory=dict)


class EksNodes(ComponentResource):
    """All node groups of a cluster."""

    groups: list[Resource]
    """The groups; each is there when its machines have joined."""

    def __init__(self, name: str, args: EksNodesArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:components:EksNodes", name, None, opts)
        child = ResourceOptions(parent=self)
        role = _role(args, child)
        # What the component waits for does not reach its children by itself, and only machines have to wait.
        first = ResourceOptions(parent=self, depends_on=opts.depends_on if opts else None)
        after = ResourceOptions.merge(first, ResourceOptions(depends_on=role.rights))
        self.groups = [_group(args, pool, role, _template(args, pool, child), after) for pool in args.pools]
        self.register_outputs({})


def _role(args: EksNodesArgs, opts: ResourceOptions) -> AwsRole:
    wanted = AwsRoleArgs(
        site=args.site,
        region=args.region,
        part="nodes",
        trust=policies.trusts_service("ec2"),
        managed=_RIGHTS,
        tags=args.tags,
    )
    return AwsRole("nodes-role", wanted, opts)


def disks(pool: NodePlan) -> list[ec2.LaunchTemplateBlockDeviceMappingArgsDict]:
    """Encrypted, and gone with the machine. The system's own disk keeps the size that its image gives it."""
    kept: ec2.LaunchTemplateBlockDeviceMappingEbsArgsDict = {
        "encrypted": "true",
        "volume_type": "gp3",
        "delete_on_termination": "true",
    }
    large: ec2.LaunchTemplateBlockDeviceMappingArgsDict = {
        "device_name": pool.disk_device,
        "ebs": kept | {"volume_size": pool.disk_gib},
    }
    return [large, {"device_name": pool.system_device, "ebs": kept}] if pool.system_device else [large]


def _template(args: EksNodesArgs, pool: NodePlan, opts: ResourceOptions) -> ec2.LaunchTemplate:
    """A pod cannot ask the machine's metadata service for the machine's rights: the answer ends at its first hop."""
    given = tags(args.site, args.tags, named(args.site, pool.pool))
    return ec2.LaunchTemplate(
        pool.pool,
        name=named(args.site, pool.pool),
        instance_type=pool.machine,
        block_device_mappings=disks(pool),
        metadata_options={
            "http_endpoint": "enabled",
            "http_tokens": "required",
            "http_put_response_hop_limit": 1,
            "instance_metadata_tags": "disabled",
        },
        tag_specifications=[
            {"resource_type": kind, "tags": given} for kind in ("instance", "volume", "network-interface")
        ],
        update_default_version=True,
        tags=given,
        opts=opts,
    )


def _group(
    args: EksNodesArgs, pool: NodePlan, role: AwsRole, template: ec2.LaunchTemplate, opts: ResourceOptions
) -> eks.NodeGroup:
    """One machine at a time is replaced, with its pods moved first; how many there are is not ours."""
    count, settled = number(pool, running(cluster_name(args.site), pool, template))
    return eks.NodeGroup(
        pool.pool,
        cluster_name=args.cluster_name,
        node_group_name=pool.name,
        node_role_arn=role.arn,
        subnet_ids=list(args.subnet_ids),
        version=args.version,
        ami_type=pool.ami_type,
        capacity_type=pool.capacity,
        launch_template={"id": template.id, "version": template.latest_version.apply(str)},
        labels=pool.labels,
        taints=[{"key": key, "effect": "NO_SCHEDULE"} for key in pool.taints],
        scaling_config={"min_size": pool.low, "max_size": pool.high, "desired_size": count},
        update_config={"max_unavailable": 1},
        node_repair_config={"enabled": True},
        tags=tags(args.site, args.tags),
        opts=ResourceOptions.merge(
            opts, ResourceOptions(ignore_changes=["scalingConfig.desiredSize"] if settled else [])
        ),
    )
