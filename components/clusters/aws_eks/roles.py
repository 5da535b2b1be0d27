"""Making a role of IAM with its rights. What may stand in one is decided in `policies.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi_aws.iam as iam
from pulumi import ComponentResource, Output, Resource, ResourceOptions

from components.clusters.aws_eks.names import managed_policy, role_name, tags

#: Apart from everybody else's roles, so that a right on ours is none on the one that makes them.
PATH = "/arcos/"


@dataclass(frozen=True, kw_only=True)
class AwsRoleArgs:
    """`part` names the role; `trust` and `policy` are documents; `managed` are policies that AWS keeps."""

    site: str
    region: str
    part: str
    trust: str
    policy: str = ""
    managed: Sequence[str] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


class AwsRole(ComponentResource):
    """A role and its rights."""

    arn: Output[str]
    """The role's ARN."""

    rights: list[Resource]
    """What whoever takes the role must wait for, and must be gone before."""

    def __init__(self, name: str, args: AwsRoleArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:components:AwsRole", name, None, opts)
        child = ResourceOptions(parent=self)
        role = iam.Role(
            args.part,
            name=role_name(args.site, args.part),
            path=PATH,
            assume_role_policy=args.trust,
            tags=tags(args.site, args.tags),
            opts=child,
        )
        self.arn = role.arn
        self.rights = _rights(args, role, child)
        self.register_outputs({"arn": self.arn})


def _rights(args: AwsRoleArgs, role: iam.Role, opts: ResourceOptions) -> list[Resource]:
    rights: list[Resource] = [
        iam.RolePolicyAttachment(
            f"{args.part}-{policy}", role=role.name, policy_arn=managed_policy(args.region, policy), opts=opts
        )
        for policy in args.managed
    ]
    if args.policy:
        rights.append(iam.RolePolicy(args.part, name=args.part, role=role.name, policy=args.policy, opts=opts))
    return rights
