"""What gives pods volumes: EBS for one pod, EFS for many at once where the site has a file system.

Owns drivers, their rights and the ways to the file system; leaves out the file system itself, which outlives the
cluster, and the storage classes (`inside.py`). https://docs.aws.amazon.com/eks/latest/userguide/ebs-csi.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi_aws.ec2 as ec2
import pulumi_aws.efs as efs
import pulumi_aws.eks as eks
import pulumi_aws.vpc as vpc
from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions

from components.clusters.aws_eks import policies
from components.clusters.aws_eks.addons import EksAddonsArgs, addon, pod_role
from components.clusters.aws_eks.names import SITE_TAG, named, tags

_NFS = 2049


@dataclass(frozen=True, kw_only=True)
class EksStorageArgs:
    """`file_system` is an EFS id or ""; `subnets` are the machines', by zone; `machines` is their security group."""

    addons: EksAddonsArgs
    file_system: str
    vpc_id: Input[str]
    subnets: Mapping[str, Output[str]]
    machines: Input[str]
    tags: Mapping[str, str] = field(default_factory=dict)


class EksStorage(ComponentResource):
    """The storage drivers of a cluster."""

    made: list[Resource]
    """The drivers, and what they need to mount a volume."""

    def __init__(self, name: str, args: EksStorageArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:components:EksStorage", name, None, opts)
        child = ResourceOptions(parent=self)
        # What the component waits for does not reach its children by itself, and only drivers have to wait.
        first = ResourceOptions(parent=self, depends_on=opts.depends_on if opts else None)
        self.made = [_block(args, child, first)]
        if args.file_system:
            self.made += [*_ways_to_files(args, child), _shared(args, child, first)]
        self.register_outputs({})


def _block(args: EksStorageArgs, opts: ResourceOptions, first: ResourceOptions) -> eks.Addon:
    """Each volume carries the site's tag: by it the driver may touch this one, and a person finds what is left."""
    site, account = args.addons.site, "ebs-csi-controller-sa"
    policy = policies.block_storage(site, args.addons.region)
    role = pod_role(args.addons, "block-storage", accounts=[account], policy=policy, opts=opts)
    after = ResourceOptions.merge(first, ResourceOptions(depends_on=role.rights))
    settings = {"controller": {"extraVolumeTags": {SITE_TAG: site}}}
    return addon(args.addons, "aws-ebs-csi-driver", after, settings=settings, identity=(account, role))


def _shared(args: EksStorageArgs, opts: ResourceOptions, first: ResourceOptions) -> eks.Addon:
    account = "efs-csi-controller-sa"
    policy = policies.shared_storage(args.file_system, args.addons.region)
    role = pod_role(args.addons, "shared-storage", accounts=[account], policy=policy, opts=opts)
    after = ResourceOptions.merge(first, ResourceOptions(depends_on=role.rights))
    return addon(args.addons, "aws-efs-csi-driver", after, identity=(account, role))


def _ways_to_files(args: EksStorageArgs, opts: ResourceOptions) -> list[Resource]:
    """A door to the file system in each zone, for the cluster's machines only. They hold no data."""
    name = named(args.addons.site, "files")
    given = tags(args.addons.site, args.tags, name)
    group = ec2.SecurityGroup(
        "files", name=name, description="Shared files of the site", vpc_id=args.vpc_id, tags=given, opts=opts
    )
    rule = vpc.SecurityGroupIngressRule(
        "files",
        security_group_id=group.id,
        description="NFS from the machines of the cluster",
        referenced_security_group_id=args.machines,
        ip_protocol="tcp",
        from_port=_NFS,
        to_port=_NFS,
        tags=given,
        opts=opts,
    )
    return [rule, *(_door(args, letter, subnet, group.id, opts) for letter, subnet in args.subnets.items())]


def _door(
    args: EksStorageArgs, letter: str, subnet: Output[str], group: Output[str], opts: ResourceOptions
) -> efs.MountTarget:
    return efs.MountTarget(
        f"files-{letter}", file_system_id=args.file_system, subnet_id=subnet, security_groups=[group], opts=opts
    )
