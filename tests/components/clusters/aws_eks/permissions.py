"""The least that whoever runs `pulumi up` needs: made from the table of calls, so that neither drifts.

Every action comes from an operation in `calls.py`. What can be held to the platform's own names or tags is. Two
documents: IAM takes 6144 characters, and a site that keeps its objects elsewhere needs no right on a bucket.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from tests.components.clusters.aws_eks.bucket_calls import BUCKETS
from tests.components.clusters.aws_eks.calls import ASKED, KINDS

Statement = dict[str, Any]
Document = dict[str, Any]

#: What IAM calls a service, where that is not what its API is called.
_PREFIX = {
    "efs": "elasticfilesystem", "resourcegroupstaggingapi": "tag", "s3control": "s3", "service-quotas": "servicequotas",
}  # fmt: skip
#: What S3's rights are called, where that is not what its API is called.
#: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
_S3 = {
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}
#: Budgets has rights of its own for what its API does.
#: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbudgetservice.html
_BUDGETS = {"ListTagsForResource", "TagResource", "UntagResource"}
LOOKS = ("Describe", "Get", "List", "View")
_KMS_BY_TAG = {
    "kms:CreateGrant", "kms:DisableKeyRotation", "kms:EnableKeyRotation", "kms:ScheduleKeyDeletion",
    "kms:UpdateKeyDescription", "kms:UntagResource",
}  # fmt: skip
#: EC2 calls on one thing that carries our tag since it was made.
_EC2_BY_TAG = {
    f"ec2:{name}"
    for name in (
        "DeleteInternetGateway", "DeleteLaunchTemplate", "DeleteNatGateway", "DeleteRoute", "DeleteRouteTable",
        "DeleteSecurityGroup", "DeleteSubnet", "DeleteVpc", "DeleteVpcEndpoints", "CreateLaunchTemplateVersion",
        "ModifyLaunchTemplate", "ModifySubnetAttribute", "ReplaceRoute",
    )
}  # fmt: skip
#: AWS's own policies that a role of ours may be given; any other one would be a way to every right there is.
MANAGED = (
    "AmazonEC2ContainerRegistryPullOnly", "AmazonEKSClusterPolicy", "AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy",
    "AmazonSSMManagedInstanceCore",
)  # fmt: skip
_OURS = {"StringEquals": {"aws:ResourceTag/arcos.dev/managed-by": "pulumi"}}
_NAMED = {
    "iam": ["arn:aws:iam::*:role/arcos/arcos-*"],
    "eks": [
        f"arn:aws:eks:*:*:{kind}/arcos-*"
        for kind in ("access-entry", "addon", "cluster", "nodegroup", "podidentityassociation")
    ],
    "logs": ["arn:aws:logs:*:*:log-group:/aws/eks/arcos-*"],
    "budgets": ["arn:aws:budgets::*:budget/arcos-*"],
}


def action(service: str, operation: str) -> str:
    """What IAM calls an operation."""
    if service == "budgets" and operation not in _BUDGETS:
        return f"budgets:{'ViewBudget' if operation.startswith('Describe') else 'ModifyBudget'}"
    name = _S3.get(operation, operation) if service == "s3" else operation
    return f"{_PREFIX.get(service, service)}:{name}"


def actions() -> set[str]:
    """Every action of every call."""
    called = ASKED.union(*(kind.operations() for kind in KINDS.values()))
    return {action(service, operation) for service, operation in called}


def documents() -> dict[str, Document]:
    """Each policy by the name of its file in `docs/permissions`."""
    return {"aws-eks": cluster(), "aws-eks-buckets": buckets()}


def buckets() -> Document:
    """What the site's buckets need beside the cluster. Nobody can be allowed to see whether one is there, and not to
    list it; no object can be read, written or deleted."""
    mine = _of_buckets()
    account = {"iam:ListPolicies"}
    policies = {one for one in mine - account if one.startswith("iam:")}
    statements = [
        _allow("Look", account, ["*"]),
        _allow("Buckets", mine - account - policies, ["arn:aws:s3:::arcos-*"]),
        _allow("Policies", policies, ["arn:aws:iam::*:policy/arcos/arcos-*"]),
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def _of_buckets() -> set[str]:
    called = {action(*call) for kind in BUCKETS.values() for call in kind.operations()}
    return called | {one for one in actions() if one.startswith("s3:") or one == "iam:ListPolicies"}


def cluster() -> Document:
    """The document of every site, its statements from the widest to the narrowest."""
    wanted = actions() - _of_buckets()
    looks = {
        one for one in wanted if one.split(":")[1].startswith(LOOKS) and one.split(":")[0] not in ("iam", "budgets")
    }
    rest = wanted - looks
    statements = [_allow("Look", looks, ["*"])]
    for service, resources in _NAMED.items():
        mine = {one for one in rest if one.startswith(f"{service}:")}
        rest -= mine
        statements.append(_allow(service.capitalize(), mine, resources))
    iam = statements[1]
    for elsewhere in ("AttachRolePolicy", "GetRole", "SimulatePrincipalPolicy"):
        iam["Action"].remove(f"iam:{elsewhere}")
    known = {"ArnEquals": {"iam:PolicyARN": [f"arn:aws:iam::aws:policy/{name}" for name in MANAGED]}}
    statements.append(_allow("Attach", {"iam:AttachRolePolicy"}, _NAMED["iam"]) | {"Condition": known})
    anybody = [f"arn:aws:iam::*:{kind}/*" for kind in ("role", "user")]
    statements.append(_allow("Simulate", {"iam:SimulatePrincipalPolicy"}, anybody))
    by_tag = rest & (_EC2_BY_TAG | _KMS_BY_TAG)
    statements += [_allow("Ours", by_tag, ["*"]) | {"Condition": _OURS}, _allow("Make", rest - by_tag, ["*"])]
    return {"Version": "2012-10-17", "Statement": [*statements, *_roles_for_services()]}


def text(document: Document) -> str:
    """A document as it stands in its file."""
    return json.dumps(document, indent=1) + "\n"


def _allow(sid: str, names: Iterable[str], resources: list[str]) -> Statement:
    return {"Sid": sid, "Effect": "Allow", "Action": sorted(names), "Resource": resources}


def _roles_for_services() -> list[Statement]:
    """Handing our roles to EKS and its machines; and the roles that services of AWS keep for themselves."""
    to = {"iam:PassedToService": ["ec2.amazonaws.com", "eks.amazonaws.com", "pods.eks.amazonaws.com"]}
    own = {
        "iam:AWSServiceName": [
            f"{name}.amazonaws.com"
            for name in ("autoscaling", "eks", "eks-nodegroup", "elasticfilesystem", "elasticloadbalancing", "spot")
        ]
    }
    roles = ["arn:aws:iam::*:role/aws-service-role/*"]
    return [
        # EKS looks, as whoever calls it, whether its own role is there: without this no node group is made.
        _allow("SeeRoles", {"iam:GetRole"}, [*_NAMED["iam"], *roles]),
        _allow("PassRoles", {"iam:PassRole"}, _NAMED["iam"]) | {"Condition": {"StringEquals": to}},
        _allow("ServiceRoles", {"iam:CreateServiceLinkedRole"}, roles) | {"Condition": {"StringEquals": own}},
    ]
