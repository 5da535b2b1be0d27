"""The add-ons that EKS keeps in the cluster: network, DNS and what hands out rights to pods. Storage is `storage.py`.

Each is at the version that AWS gives as the default for the cluster's Kubernetes: it moves with the release, and a plan
shows it. https://docs.aws.amazon.com/eks/latest/userguide/eks-add-ons.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi_aws.eks as eks
from pulumi import ComponentResource, Input, InvokeOptions, Output, Resource, ResourceOptions

from components.clusters.aws_eks import policies
from components.clusters.aws_eks.names import cluster_name, tags
from components.clusters.aws_eks.roles import AwsRole, AwsRoleArgs

#: Network policies are enforced on each node, and a machine takes addresses by sixteen, which lets it run more pods.
#: https://docs.aws.amazon.com/eks/latest/userguide/cni-network-policy-configure.html
_NETWORK = {"enableNetworkPolicy": "true", "env": {"ENABLE_PREFIX_DELEGATION": "true", "WARM_PREFIX_TARGET": "1"}}


@dataclass(frozen=True, kw_only=True)
class EksAddonsArgs:
    """`kubernetes` is the minor that the add-ons' versions are for."""

    site: str
    region: str
    cluster_name: Input[str]
    kubernetes: str
    tags: Mapping[str, str] = field(default_factory=dict)


class EksNetworkAddons(ComponentResource):
    """What a machine needs before it is ready: pod networking, Services, and rights for pods."""

    made: list[Resource]
    """The add-ons."""

    def __init__(self, name: str, args: EksAddonsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:components:EksNetworkAddons", name, None, opts)
        child = ResourceOptions(parent=self)
        agent = addon(args, "eks-pod-identity-agent", child)
        proxy = addon(args, "kube-proxy", child)
        role = pod_role(args, "network", accounts=["aws-node"], managed=["AmazonEKS_CNI_Policy"], opts=child)
        after = ResourceOptions.merge(child, ResourceOptions(depends_on=[agent, *role.rights]))
        network = addon(args, "vpc-cni", after, settings=_NETWORK, identity=("aws-node", role))
        self.made = [agent, proxy, network]
        self.register_outputs({})


def addon(
    args: EksAddonsArgs,
    name: str,
    opts: ResourceOptions,
    *,
    settings: Mapping[str, Any] | None = None,
    identity: tuple[str, AwsRole] | None = None,
) -> eks.Addon:
    """One add-on; `identity` is the service account in kube-system that gets a role. AWS's settings win over edits."""
    given: list[eks.AddonPodIdentityAssociationArgsDict] = (
        [{"service_account": identity[0], "role_arn": identity[1].arn}] if identity else []
    )
    return eks.Addon(
        name,
        addon_name=name,
        cluster_name=args.cluster_name,
        addon_version=_version(args, name, opts),
        configuration_values=json.dumps(settings, sort_keys=True) if settings else None,
        pod_identity_associations=given or None,
        resolve_conflicts_on_create="OVERWRITE",
        resolve_conflicts_on_update="OVERWRITE",
        tags=tags(args.site, args.tags),
        opts=opts,
    )


def pod_role(
    args: EksAddonsArgs,
    part: str,
    *,
    accounts: Sequence[str],
    opts: ResourceOptions,
    namespace: str = "kube-system",
    policy: str = "",
    managed: Sequence[str] = (),
) -> AwsRole:
    """A role that only pods of these service accounts of one namespace can take."""
    wanted = AwsRoleArgs(
        site=args.site,
        region=args.region,
        part=part,
        trust=policies.trusts_pod(cluster_name(args.site), namespace, accounts),
        policy=policy,
        managed=managed,
        tags=args.tags,
    )
    return AwsRole(f"{part}-role", wanted, opts)


def _version(args: EksAddonsArgs, name: str, opts: ResourceOptions) -> Output[str]:
    found = eks.get_addon_version_output(
        addon_name=name, kubernetes_version=args.kubernetes, opts=InvokeOptions(parent=opts.parent)
    )
    version: Output[str] = found.version
    return version
