"""What each resource type of the cluster becomes: the calls of AWS's API that make, read, change and delete it.

From the same table comes the least-privilege policy; `kind.py` has its words, `bucket_calls.py` the part of buckets.
Sources: the provider's own code, and
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

from arcos.preflight.aws_cloud import CALLS
from tests.components.clusters.aws_eks import shapes
from tests.components.clusters.aws_eks.bucket_calls import BUCKETS
from tests.components.clusters.aws_eks.kind import Call, Kind, one

_EC2_TAGS = ("CreateTags", "DeleteTags")


def _ec2(create: tuple[Call, ...], read: tuple[str, ...], update: tuple[str, ...], delete: tuple[str, ...]) -> Kind:
    return Kind(service="ec2", create=create, read=read, update=(*update, *_EC2_TAGS), delete=delete)


#: What every site has.
CLUSTER: dict[str, Kind] = {
    "aws:ec2/vpc:Vpc": _ec2(
        (
            Call(operation="CreateVpc", params=shapes.ec2("vpc")),
            *(
                Call(operation="ModifyVpcAttribute", params=shapes.vpc_attribute(name), takes=(name,))
                for name in ("enableDnsHostnames", "enableDnsSupport")
            ),
        ),
        (
            "DescribeVpcs", "DescribeVpcAttribute", "DescribeNetworkAcls", "DescribeRouteTables",
            "DescribeSecurityGroups",
        ),
        ("ModifyVpcAttribute",),
        ("DeleteVpc",),
    ),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": _ec2(
        (
            Call(operation="RevokeSecurityGroupIngress", params=shapes.no_rules("ingress"), takes=("ingress",)),
            Call(operation="RevokeSecurityGroupEgress", params=shapes.no_rules("egress"), takes=("egress",)),
            Call(operation="CreateTags", params=shapes.tags_only, takes=("tags",)),
            Call(operation="DescribeSecurityGroups", params=shapes.in_vpc, takes=("vpcId",)),
        ),
        ("DescribeSecurityGroups",),
        ("AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress"),
        (),
    ),
    "aws:ec2/internetGateway:InternetGateway": _ec2(
        (
            Call(operation="CreateInternetGateway", params=shapes.ec2("internet-gateway")),
            Call(
                operation="AttachInternetGateway",
                params=shapes.ec2("", InternetGatewayId="igw-0"),
                takes=("vpcId",),
            ),
        ),
        ("DescribeInternetGateways",),
        (),
        ("DetachInternetGateway", "DeleteInternetGateway"),
    ),
    "aws:ec2/subnet:Subnet": _ec2(
        (
            Call(operation="CreateSubnet", params=shapes.ec2("subnet")),
            Call(operation="ModifySubnetAttribute", params=shapes.public_address, takes=("mapPublicIpOnLaunch",)),
        ),
        ("DescribeSubnets",),
        ("ModifySubnetAttribute",),
        ("DeleteSubnet", "DescribeNetworkInterfaces"),
    ),
    "aws:ec2/routeTable:RouteTable": _ec2(
        one("CreateRouteTable", shapes.ec2("route-table")), ("DescribeRouteTables",), (), ("DeleteRouteTable",)
    ),
    "aws:ec2/route:Route": _ec2(
        one("CreateRoute", shapes.ec2("")), ("DescribeRouteTables",), ("ReplaceRoute",), ("DeleteRoute",)
    ),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _ec2(
        one("AssociateRouteTable", shapes.ec2("")),
        ("DescribeRouteTables",),
        ("ReplaceRouteTableAssociation",),
        ("DisassociateRouteTable",),
    ),
    "aws:ec2/eip:Eip": _ec2(
        one("AllocateAddress", shapes.ec2("elastic-ip")),
        ("DescribeAddresses", "DescribeAddressesAttribute"),
        (),
        ("DisassociateAddress", "ReleaseAddress"),
    ),
    "aws:ec2/natGateway:NatGateway": _ec2(
        one("CreateNatGateway", shapes.ec2("natgateway")), ("DescribeNatGateways",), (), ("DeleteNatGateway",)
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _ec2(
        one("CreateVpcEndpoint", shapes.ec2("vpc-endpoint")),
        ("DescribeVpcEndpoints", "DescribePrefixLists"),
        ("ModifyVpcEndpoint",),
        ("DeleteVpcEndpoints",),
    ),
    "aws:ec2/securityGroup:SecurityGroup": _ec2(
        one("CreateSecurityGroup", shapes.ec2("security-group", name="GroupName")),
        ("DescribeSecurityGroups",),
        # EC2 gives a new group a rule that lets everything out; the provider takes it away.
        ("RevokeSecurityGroupEgress",),
        ("DeleteSecurityGroup", "DescribeNetworkInterfaces"),
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _ec2(
        one("AuthorizeSecurityGroupIngress", shapes.ingress_rule),
        ("DescribeSecurityGroupRules",),
        ("ModifySecurityGroupRules",),
        ("RevokeSecurityGroupIngress",),
    ),
    "aws:ec2/launchTemplate:LaunchTemplate": _ec2(
        (
            Call(operation="CreateLaunchTemplate", params=shapes.launch_template),
            Call(operation="ModifyLaunchTemplate", params=shapes.default_version, takes=("updateDefaultVersion",)),
        ),
        ("DescribeLaunchTemplates", "DescribeLaunchTemplateVersions"),
        ("CreateLaunchTemplateVersion", "ModifyLaunchTemplate"),
        ("DeleteLaunchTemplate",),
    ),
    "aws:iam/role:Role": Kind(
        service="iam",
        create=one("CreateRole", shapes.iam(name="RoleName", assumeRolePolicy="AssumeRolePolicyDocument")),
        read=("GetRole", "ListRolePolicies", "ListAttachedRolePolicies"),
        update=("UpdateRole", "UpdateAssumeRolePolicy", "TagRole", "UntagRole"),
        delete=("ListInstanceProfilesForRole", "DeleteRole"),
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Kind(
        service="iam",
        create=one("AttachRolePolicy", shapes.iam(role="RoleName")),
        read=("ListAttachedRolePolicies",),
        delete=("DetachRolePolicy",),
    ),
    "aws:iam/rolePolicy:RolePolicy": Kind(
        service="iam",
        create=one("PutRolePolicy", shapes.iam(role="RoleName", name="PolicyName", policy="PolicyDocument")),
        read=("GetRolePolicy",),
        delete=("DeleteRolePolicy",),
    ),
    "aws:cloudwatch/logGroup:LogGroup": Kind(
        service="logs",
        create=(
            Call(operation="CreateLogGroup", params=shapes.logs),
            Call(operation="PutRetentionPolicy", params=shapes.retention, takes=("retentionInDays",)),
        ),
        read=("DescribeLogGroups", "ListTagsForResource"),
        update=("PutRetentionPolicy", "TagResource", "UntagResource"),
        delete=("DeleteLogGroup",),
    ),
    "aws:kms/key:Key": Kind(
        service="kms",
        create=(
            Call(operation="CreateKey", params=shapes.kms),
            Call(operation="EnableKeyRotation", params=shapes.rotation, takes=("enableKeyRotation",)),
            Call(operation="ScheduleKeyDeletion", params=shapes.deletion, takes=("deletionWindowInDays",)),
        ),
        read=("DescribeKey", "GetKeyPolicy", "GetKeyRotationStatus", "ListResourceTags"),
        update=("UpdateKeyDescription", "DisableKeyRotation", "TagResource", "UntagResource"),
        delete=("ScheduleKeyDeletion",),
    ),
    "aws:kms/alias:Alias": Kind(
        service="kms",
        create=one("CreateAlias", shapes.upper(name="AliasName")),
        read=("ListAliases",),
        update=("UpdateAlias",),
        delete=("DeleteAlias",),
    ),
    "aws:eks/cluster:Cluster": Kind(
        service="eks",
        create=one("CreateCluster", shapes.cluster),
        # EKS looks at what it is given, and uses the key, as whoever calls it.
        read=("DescribeCluster", "DescribeUpdate", "iam:GetRole", "ec2:DescribeSubnets", "ec2:DescribeVpcs"),
        update=(
            "UpdateClusterConfig", "UpdateClusterVersion", "TagResource", "UntagResource", "kms:CreateGrant",
            "kms:DescribeKey",
        ),
        delete=("DeleteCluster",),
    ),
    "aws:eks/accessEntry:AccessEntry": Kind(
        service="eks",
        create=one("CreateAccessEntry", shapes.lower()),
        read=("DescribeAccessEntry",),
        update=("UpdateAccessEntry", "TagResource", "UntagResource"),
        delete=("DeleteAccessEntry",),
    ),
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": Kind(
        service="eks",
        create=one("AssociateAccessPolicy", shapes.lower()),
        read=("ListAssociatedAccessPolicies",),
        delete=("DisassociateAccessPolicy",),
    ),
    "aws:eks/addon:Addon": Kind(
        service="eks",
        create=one("CreateAddon", shapes.addon),
        read=("DescribeAddon", "DescribeAddonVersions", "DescribePodIdentityAssociation"),
        update=(
            "UpdateAddon", "DescribeUpdate", "CreatePodIdentityAssociation", "UpdatePodIdentityAssociation",
            "TagResource", "UntagResource",
        ),
        delete=("DeleteAddon", "DeletePodIdentityAssociation"),
    ),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": Kind(
        service="eks",
        create=one("CreatePodIdentityAssociation", shapes.lower()),
        read=("DescribePodIdentityAssociation",),
        update=("UpdatePodIdentityAssociation", "TagResource", "UntagResource"),
        delete=("DeletePodIdentityAssociation",),
    ),
    "aws:eks/nodeGroup:NodeGroup": Kind(
        service="eks",
        create=one("CreateNodegroup", shapes.node_group),
        # With a launch template, EKS starts machines only for somebody who may do so.
        read=("DescribeNodegroup", "iam:GetRole", "ec2:DescribeLaunchTemplateVersions", "ec2:RunInstances"),
        update=("UpdateNodegroupConfig", "UpdateNodegroupVersion", "DescribeUpdate", "TagResource", "UntagResource"),
        delete=("DeleteNodegroup",),
    ),
    "aws:efs/mountTarget:MountTarget": Kind(
        service="efs",
        create=one("CreateMountTarget", shapes.upper()),
        # EFS puts a network interface into the subnet as whoever calls it.
        read=(
            "DescribeMountTargets", "DescribeMountTargetSecurityGroups", "DescribeFileSystems", "ec2:DescribeSubnets",
            "ec2:DescribeNetworkInterfaces",
        ),
        update=("ModifyMountTargetSecurityGroups", "ec2:CreateNetworkInterface"),
        delete=("DeleteMountTarget", "ec2:DeleteNetworkInterface"),
    ),
    "aws:budgets/budget:Budget": Kind(
        service="budgets",
        create=one("CreateBudget", shapes.budget),
        read=(
            "DescribeBudget", "DescribeNotificationsForBudget", "DescribeSubscribersForNotification",
            "ListTagsForResource",
        ),
        update=(
            "UpdateBudget", "CreateNotification", "DeleteNotification", "CreateSubscriber", "DeleteSubscriber",
            "TagResource", "UntagResource",
        ),
        delete=("DeleteBudget",),
    ),
}  # fmt: skip

KINDS = CLUSTER | BUCKETS

#: What the program asks of AWS without making anything, and the provider of itself; what `preflight` asks, and `mend`.
ASKED = {
    ("autoscaling", "DescribeAutoScalingGroups"),
    ("eks", "DescribeAddonVersions"),
    ("iam", "ListPolicies"),
    ("sts", "GetCallerIdentity"),
    ("resourcegroupstaggingapi", "GetResources"),
} | CALLS
