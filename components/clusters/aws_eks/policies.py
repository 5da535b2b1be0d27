"""Who may do what: the IAM documents of a cluster's roles, each with the least that its holder needs. Pure.

Pods get rights by EKS Pod Identity: a role of their own, no key, nothing from the machine they run on.
https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from components.clusters.aws_eks.names import SITE_TAG, partition

Document = dict[str, Any]

#: The tag that the EFS CSI driver puts on whatever it makes; it cannot be told to add the site's.
_EFS_TAG = "efs.csi.aws.com/cluster"


def text(statements: Sequence[Mapping[str, Any]]) -> str:
    """A policy as IAM takes it."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, sort_keys=True)


def trusts_service(service: str) -> str:
    """Only this service of AWS may take the role, as in `ec2`."""
    return text([_allow(["sts:AssumeRole"]) | {"Principal": {"Service": f"{service}.amazonaws.com"}}])


def trusts_pod(cluster: str, namespace: str, accounts: Sequence[str]) -> str:
    """Only pods of these service accounts of one namespace of one cluster may take the role."""
    tags: dict[str, str | list[str]] = {"eks-cluster-name": cluster, "kubernetes-namespace": namespace}
    tags["kubernetes-service-account"] = accounts[0] if len(accounts) == 1 else list(accounts)
    only = {"StringEquals": {f"aws:RequestTag/{key}": value for key, value in tags.items()}}
    pods = {"Principal": {"Service": "pods.eks.amazonaws.com"}, "Condition": only}
    return text([_allow(["sts:AssumeRole", "sts:TagSession"]) | pods])


def no_log_groups() -> str:
    """EKS flushes logs after a cluster is gone, and would make the log group anew that was deleted with it."""
    return text([{"Effect": "Deny", "Action": ["logs:CreateLogGroup"], "Resource": "*"}])


def block_storage(site: str, region: str) -> str:
    """What the EBS CSI driver does for volumes of this site, and of no other.

    Learnt from the driver's own example, narrowed by the site's tag, which it puts on each volume that it makes.
    https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/docs/example-iam-policy.json
    """
    volumes, snapshots, instances = (_ec2(region, kind) for kind in ("volume", "snapshot", "instance"))
    asked = _equals("aws:RequestTag", site)
    theirs = _equals("aws:ResourceTag", site)
    looks = ["AvailabilityZones", "Instances", "Snapshots", "Tags", "Volumes", "VolumesModifications", "VolumeStatus"]
    makes = {"StringEquals": {"ec2:CreateAction": ["CreateVolume", "CreateSnapshot"]}}
    return text(
        [
            _allow([f"ec2:Describe{what}" for what in looks]),
            _allow(["ec2:CreateVolume"], [volumes]) | asked,
            _allow(["ec2:CreateVolume"], [snapshots]) | theirs,
            _allow(["ec2:AttachVolume", "ec2:DetachVolume"], [volumes, instances]) | theirs,
            _allow(["ec2:ModifyVolume", "ec2:DeleteVolume", "ec2:CreateSnapshot"], [volumes]) | theirs,
            _allow(["ec2:CreateSnapshot"], [snapshots]) | asked,
            _allow(["ec2:DeleteSnapshot"], [snapshots]) | theirs,
            _allow(["ec2:CreateTags"], [volumes, snapshots]) | {"Condition": makes},
        ]
    )


def shared_storage(file_system: str, region: str) -> str:
    """What the EFS CSI driver does: a folder of its own (access point) for each volume, in one file system."""
    whole = f"arn:{partition(region)}:elasticfilesystem:{region}:*:file-system/{file_system}"
    folders = f"arn:{partition(region)}:elasticfilesystem:{region}:*:access-point/*"
    asked = {"Condition": {"StringEquals": {f"aws:RequestTag/{_EFS_TAG}": "true"}}}
    theirs = {"Condition": {"StringEquals": {f"aws:ResourceTag/{_EFS_TAG}": "true"}}}
    looks = ["AccessPoints", "FileSystems", "MountTargets"]
    return text(
        [
            _allow([f"elasticfilesystem:Describe{what}" for what in looks], [whole, folders]),
            _allow(["ec2:DescribeAvailabilityZones"]),
            _allow(["elasticfilesystem:CreateAccessPoint", "elasticfilesystem:TagResource"], [whole, folders]) | asked,
            _allow(["elasticfilesystem:DeleteAccessPoint"], [folders]) | theirs,
        ]
    )


def machines(cluster: str, region: str) -> str:
    """What the autoscaler does: look at groups of machines, and start and stop machines in those of this cluster.

    EKS puts this tag on the groups behind its node groups, as "owned".
    https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/aws/README.md
    """
    groups = ["AutoScalingGroups", "AutoScalingInstances", "LaunchConfigurations", "ScalingActivities", "Tags"]
    kinds = ["DescribeImages", "DescribeInstanceTypes", "DescribeLaunchTemplateVersions"]
    eks = f"arn:{partition(region)}:autoscaling:{region}:*:autoScalingGroup:*:autoScalingGroupName/eks-*"
    ours = {"StringEquals": {f"aws:ResourceTag/k8s.io/cluster-autoscaler/{cluster}": "owned"}}
    return text(
        [
            _allow([f"autoscaling:Describe{what}" for what in groups]),
            _allow([*(f"ec2:{name}" for name in kinds), "ec2:GetInstanceTypesFromInstanceRequirements"]),
            _allow(["eks:DescribeNodegroup"], [f"arn:{partition(region)}:eks:{region}:*:nodegroup/{cluster}/*/*"]),
            _allow(["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"], [eks])
            | {"Condition": ours},
        ]
    )


def records(zone: str, region: str) -> str:
    """What external-dns does: find its zone among the account's, and change the records that it knows, in that one.

    https://kubernetes-sigs.github.io/external-dns/latest/docs/tutorials/aws/
    """
    one = f"arn:{partition(region)}:route53:::hostedzone/{zone}"
    kinds = {"route53:ChangeResourceRecordSetsRecordTypes": ["A", "AAAA", "CNAME", "TXT"]}
    return text(
        [
            _allow(["route53:ListHostedZones"]),
            _allow(["route53:ListResourceRecordSets"], [one]),
            _allow(["route53:ChangeResourceRecordSets"], [one]) | {"Condition": {"ForAllValues:StringEquals": kinds}},
        ]
    )


def objects(bucket: str, region: str) -> str:
    """What an app does with its bucket: everything with the objects, and nothing with the bucket but look at it.

    Only while it is one of this account: a name of S3 that is given up is anybody's.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
    """
    whole = f"arn:{partition(region)}:s3:::{bucket}"
    looks = ["GetBucketLocation", "ListBucket", "ListBucketMultipartUploads", "ListBucketVersions"]
    does = ["GetObject", "GetObjectVersion", "PutObject", "DeleteObject"]
    tagging = ["GetObjectTagging", "PutObjectTagging", "DeleteObjectTagging"]
    uploads = ["AbortMultipartUpload", "ListMultipartUploadParts"]
    ours = {"Condition": {"StringEquals": {"s3:ResourceAccount": "${aws:PrincipalAccount}"}}}
    return text(
        [
            _allow([f"s3:{action}" for action in looks], [whole]) | ours,
            _allow([f"s3:{action}" for action in (*does, *tagging, *uploads)], [f"{whole}/*"]) | ours,
        ]
    )


def only_tls(bucket: str, region: str) -> str:
    """A bucket's own policy: nobody without TLS.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies.html
    """
    whole = f"arn:{partition(region)}:s3:::{bucket}"
    plain = {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    nobody = {"Effect": "Deny", "Principal": "*", "Action": ["s3:*"], "Resource": [whole, f"{whole}/*"]}
    return text([nobody | plain])


def _allow(actions: Sequence[str], resources: Sequence[str] = ()) -> Document:
    """A statement; a trust policy names no resource, and a look at everything names all."""
    statement: Document = {"Effect": "Allow", "Action": list(actions)}
    if resources:
        statement["Resource"] = list(resources)
    elif not actions[0].startswith("sts:"):
        statement["Resource"] = "*"
    return statement


def _equals(where: str, site: str) -> Document:
    return {"Condition": {"StringEquals": {f"{where}/{SITE_TAG}": site}}}


def _ec2(region: str, kind: str) -> str:
    return f"arn:{partition(region)}:ec2:{region}:*:{kind}/*"
