"""Who may do what in the cluster's Kubernetes: EKS access entries, one for each administrator that the site names.

There is no other way in: not the one who made the cluster, not a ConfigMap.
https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi_aws.eks as eks
from pulumi import ComponentResource, Input, Resource, ResourceOptions

from components.clusters.aws_eks.names import partition, tags
from components.clusters.aws_eks.principals import principal_name


@dataclass(frozen=True, kw_only=True)
class EksAccessArgs:
    """`admins` are ARNs of IAM roles and users."""

    site: str
    region: str
    cluster_name: Input[str]
    admins: Sequence[str]
    tags: Mapping[str, str] = field(default_factory=dict)


class EksAccess(ComponentResource):
    """The administrators of a cluster."""

    granted: list[Resource]
    """What must be there before anybody can use the cluster."""

    def __init__(self, name: str, args: EksAccessArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:components:EksAccess", name, None, opts)
        child = ResourceOptions(parent=self)
        self.granted = [_administrator(args, admin, child) for admin in args.admins]
        self.register_outputs({})


def admin_policy(region: str) -> str:
    """The ARN of EKS's policy for administrators of a whole cluster."""
    return f"arn:{partition(region)}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"


def _administrator(args: EksAccessArgs, admin: str, opts: ResourceOptions) -> eks.AccessPolicyAssociation:
    entry = eks.AccessEntry(
        principal_name(admin),
        cluster_name=args.cluster_name,
        principal_arn=admin,
        type="STANDARD",
        tags=tags(args.site, args.tags),
        opts=opts,
    )
    return eks.AccessPolicyAssociation(
        principal_name(admin),
        cluster_name=args.cluster_name,
        principal_arn=entry.principal_arn,
        policy_arn=admin_policy(args.region),
        access_scope={"type": "cluster"},
        opts=opts,
    )
