"""Which pods of ours get rights in AWS: the autoscaler, and the app `dns`, each a role that nobody else can take.

Owns the roles and who may take them; what they may is decided in `policies.py`. Pods of EKS's own add-ons get theirs
in `addons.py` and `storage.py`. https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi_aws.eks as eks
from pulumi import ComponentResource, Resource, ResourceOptions

from components.clusters.aws_eks import autoscaler, policies
from components.clusters.aws_eks.addons import EksAddonsArgs, pod_role
from components.clusters.aws_eks.names import cluster_name, tags

#: The app's namespace and account, as `apps/dns` names them. The role is there whether a site turns the app on or not.
_DNS = "dns"


@dataclass(frozen=True, kw_only=True)
class EksPodRightsArgs:
    """`hosted_zone` is the zone of Route 53 that `dns` may change, or ""."""

    addons: EksAddonsArgs
    hosted_zone: str
    autoscaling: bool


class EksPodRights(ComponentResource):
    """Roles of pods."""

    made: list[Resource]
    """What must be there before such a pod starts: it learns of its role as it is made."""

    def __init__(self, name: str, args: EksPodRightsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:components:EksPodRights", name, None, opts)
        child = ResourceOptions(parent=self)
        self.made = []
        if args.autoscaling:
            policy = policies.machines(cluster_name(args.addons.site), args.addons.region)
            self.made.append(_given(args.addons, autoscaler.APP, autoscaler.NAMESPACE, policy, child))
        if args.hosted_zone:
            policy = policies.records(args.hosted_zone, args.addons.region)
            self.made.append(_given(args.addons, _DNS, _DNS, policy, child))
        self.register_outputs({})


def _given(
    args: EksAddonsArgs, account: str, namespace: str, policy: str, opts: ResourceOptions
) -> eks.PodIdentityAssociation:
    """The role, once it has its rights, for the pods of an account that is named as its app."""
    role = pod_role(args, account, accounts=[account], namespace=namespace, policy=policy, opts=opts)
    return eks.PodIdentityAssociation(
        account,
        cluster_name=args.cluster_name,
        namespace=namespace,
        service_account=account,
        role_arn=role.arn,
        tags=tags(args.site, args.tags),
        opts=ResourceOptions.merge(opts, ResourceOptions(depends_on=role.rights)),
    )
