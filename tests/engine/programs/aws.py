"""A cluster's worth of plain AWS resources. Settings: `cidr` of its network, `version` of Kubernetes."""

import json

import pulumi
import pulumi_aws as aws

settings = pulumi.Config()
zones = aws.get_availability_zones(state="available").names[:2]
tags = {"Name": "trial"}

vpc = aws.ec2.Vpc("vpc", cidr_block=settings.get("cidr") or "10.8.0.0/16", enable_dns_hostnames=True, tags=tags)
gateway = aws.ec2.InternetGateway("gateway", vpc_id=vpc.id, tags=tags)
subnets = [
    aws.ec2.Subnet(f"subnet-{zone[-1]}", vpc_id=vpc.id, cidr_block=f"10.8.{index}.0/24", availability_zone=zone)
    for index, zone in enumerate(zones)
]
address = aws.ec2.Eip("address", domain="vpc", tags=tags)
aws.ec2.NatGateway("nat", subnet_id=subnets[0].id, allocation_id=address.id, tags=tags)
key = aws.kms.Key("key", description="trial", enable_key_rotation=True)
role = aws.iam.Role(
    "role",
    name="trial",
    assume_role_policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "eks.amazonaws.com"}}
            ],
        }
    ),
)
attached = aws.iam.RolePolicyAttachment(
    "attached", role=role.name, policy_arn="arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
)
cluster = aws.eks.Cluster(
    "cluster",
    name="trial",
    role_arn=role.arn,
    version=settings.get("version") or "1.33",
    vpc_config={"subnet_ids": [one.id for one in subnets]},
    encryption_config={"provider": {"key_arn": key.arn}, "resources": ["secrets"]},
    opts=pulumi.ResourceOptions(depends_on=[attached]),
)
template = aws.ec2.LaunchTemplate("template", name="trial", instance_type=settings.get("instance") or "m7i.large")
aws.eks.NodeGroup(
    "pool",
    cluster_name=cluster.name,
    node_group_name="pool",
    node_role_arn=role.arn,
    subnet_ids=[one.id for one in subnets],
    scaling_config={"min_size": 1, "max_size": 3, "desired_size": 2},
    launch_template={"id": template.id, "version": template.latest_version.apply(str)},
)
aws.s3.Bucket("backups", bucket="trial-backups", tags=tags)

pulumi.export("endpoint", cluster.endpoint)
pulumi.export("account", aws.get_caller_identity().account_id)
