"""What AWS's answers mean for a site. Pure: an answer in, a check out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from arcos.checks import Level
from arcos.paths import ROOT
from arcos.preflight import aws
from components.clusters.aws_eks.config import AwsNodePool

ROLE = "arn:aws:iam::111122223333:role/arcos-operator"
SESSION = "arn:aws:sts::111122223333:assumed-role/arcos-operator/me"


def pool(**more: Any) -> AwsNodePool:
    given = {"name": "core", "instanceType": "m7i.large", "min": 3, "max": 6} | more
    return AwsNodePool.model_validate(given, strict=False)


@pytest.mark.parametrize("admin", [ROLE, "arn:aws:iam::111122223333:role/people/arcos-operator"])
def test_a_session_is_known_by_its_role_also_below_a_path(admin):
    assert [one.level for one in aws.caller(SESSION, [admin])] == [Level.OK, Level.OK]


def test_who_would_make_the_cluster_and_not_get_in_is_told_before():
    *_, last = aws.caller("arn:aws:sts::111122223333:assumed-role/somebody/me", [ROLE])
    assert last.level is Level.FAIL
    assert "arn:aws:iam::111122223333:role/somebody" in last.fix


def test_who_cannot_be_named_as_they_are_told_is_not_told_to():
    """EKS takes no account as an administrator, and no role of IAM Identity Center without its path."""
    *_, root = aws.caller("arn:aws:iam::111122223333:root", [ROLE])
    assert "root" not in root.fix
    *_, once = aws.caller("arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_01/me", [ROLE])
    assert "aws iam get-role --role-name AWSReservedSSO_Admin_01 --query Role.Arn" in once.fix


def test_a_control_plane_stands_in_the_first_two_zones_and_not_in_every_zone():
    up = {"us-east-1a": "use1-az6", "us-east-1b": "use1-az3", "us-east-1c": "use1-az1"}
    assert aws.zones(["us-east-1a", "us-east-1b"], up).level is Level.FAIL
    assert aws.zones(["us-east-1a", "us-east-1c", "us-east-1b"], up).level is Level.OK, "machines may be there"
    assert aws.zones(["us-east-1a", "us-east-1f"], up).level is Level.FAIL


@pytest.mark.parametrize(
    ("status", "level"),
    [("STANDARD_SUPPORT", Level.OK), ("EXTENDED_SUPPORT", Level.WARN), ("UNSUPPORTED", Level.FAIL), (None, Level.FAIL)],
)
def test_a_minor_is_offered_dear_or_gone(status, level):
    offered = [{"clusterVersion": "1.36", "versionStatus": "STANDARD_SUPPORT"}]
    offered += [{"clusterVersion": "1.37", "versionStatus": status}] if status else []
    assert aws.version("1.37", offered).level is level


def test_a_machine_type_is_wanted_in_every_zone_and_needed_in_one():
    zones = ["r-a", "r-b"]
    offered = {("m7i.large", "r-a"), ("m7i.large", "r-b"), ("g6.xlarge", "r-b")}
    assert aws.machine(pool(), zones, offered).level is Level.OK
    assert aws.machine(pool(instanceType="g6.xlarge"), zones, offered).level is Level.WARN
    assert aws.machine(pool(instanceType="p5.48xlarge"), zones, offered).level is Level.FAIL


STANDARD, SPARE, GRAPHICS = "L-1216C47A", "L-34B43A08", "L-DB2E81BA"


def test_cores_count_against_the_quota_of_their_family():
    pools = [
        pool(),
        pool(name="big", min=0, max=2),
        pool(name="gpu", instanceType="g6.xlarge", min=0, max=4, gpu="nvidia"),
    ]
    needed = aws.cores_needed(pools, {"m7i.large": 2, "g6.xlarge": 4})
    assert needed == {STANDARD: (6, 16), GRAPHICS: (0, 16)}
    assert list(aws.cores_needed([pool(spot=True)], {"m7i.large": 2})) == [SPARE]


def test_nothing_is_said_of_a_family_whose_quota_is_not_known():
    assert aws.cores_needed([pool(instanceType="u7i-6tb.112xlarge")], {"u7i-6tb.112xlarge": 448}) == {}
    assert aws.cores_needed([pool()], {}) == {}, "nor of a machine that AWS does not describe"


@pytest.mark.parametrize(("limit", "level"), [(4, Level.FAIL), (8, Level.WARN), (16, Level.OK)])
def test_a_quota_is_too_small_to_start_too_small_to_grow_or_enough(limit, level):
    check = aws.quota(("ec2", STANDARD), "vCPUs", 6, 16, limit)
    assert check.level is level
    assert level is Level.OK or "--quota-code L-1216C47A --desired-value 16" in check.fix


def test_another_network_with_the_same_addresses_is_told_the_sites_own_is_not():
    other = {"VpcId": "vpc-1", "CidrBlockAssociationSet": [{"CidrBlock": "10.64.128.0/20"}]}
    ours = other | {"Tags": [{"Key": "Name", "Value": "arcos-aws-sydney"}]}
    assert aws.ranges("10.64.0.0/16", [other], "aws-sydney").level is Level.WARN
    assert aws.ranges("10.64.0.0/16", [ours], "aws-sydney").level is Level.OK


def test_a_file_system_is_there_and_encrypted():
    there = [{"FileSystemId": "fs-1", "Encrypted": True}, {"FileSystemId": "fs-2", "Encrypted": False}]
    assert [aws.files(name, there).level for name in ("fs-1", "fs-2", "fs-3")] == [Level.OK, Level.FAIL, Level.FAIL]
    one_zone = {"FileSystemId": "fs-4", "Encrypted": True, "AvailabilityZoneName": "ap-southeast-2a"}
    assert aws.files("fs-4", [one_zone]).level is Level.FAIL, "machines in another zone would not reach it"


@pytest.mark.parametrize("name", ["aws-eks", "aws-eks-buckets"])
def test_every_statement_of_a_policy_is_asked_about_with_names_that_a_site_would_have(name):
    for statement in json.loads((ROOT / f"docs/permissions/{name}.json").read_text())["Statement"]:
        asked = aws.simulation(statement, "ap-southeast-2", "111122223333", "aws-sydney")
        assert asked["ActionNames"] == statement["Action"]
        assert not [name for name in asked.get("ResourceArns", []) if "*" in name], "IAM simulates on things"
        assert ("Condition" in statement) == ("ContextEntries" in asked), "a condition holds of what we would send"


def test_an_action_that_is_allowed_on_its_own_kind_of_thing_is_allowed():
    role = {"EvalResourceName": "x", "EvalResourceDecision": "allowed"}
    results = [
        {"EvalActionName": "eks:CreateCluster", "EvalDecision": "implicitDeny", "ResourceSpecificResults": [role]},
        {"EvalActionName": "ec2:CreateVpc", "EvalDecision": "implicitDeny"},
        {"EvalActionName": "ec2:DeleteVpc", "EvalDecision": "allowed"},
    ]
    assert aws.denied(results) == ["ec2:CreateVpc"]
    twice = [{"EvalActionName": "eks:X", "EvalDecision": decision} for decision in ("implicitDeny", "allowed")]
    assert aws.denied(twice) == [], "AWS answers once for each thing that was named"
    lacking = aws.rights(3, aws.denied(results), ["a.json", "b.json"])
    assert (lacking.level, "attach a.json and b.json" in lacking.fix) == (Level.FAIL, True)


def group(status: str, *issues: str) -> dict[str, Any]:
    told = [{"code": "AsgInstanceLaunchFailures", "message": one} for one in issues]
    return {"nodegroupName": "gpu", "status": status, "health": {"issues": told}}


def test_a_cluster_that_is_there_says_how_it_stands_and_a_group_that_failed_why():
    cluster = {"name": "arcos-a", "status": "ACTIVE"}
    whole, bad = aws.standing(cluster, [group("CREATE_FAILED", "no capacity for g6.xlarge")])
    assert (whole.level, bad.level) == (Level.OK, Level.FAIL)
    assert "no capacity for g6.xlarge" in bad.detail
    assert "--nodegroup-name gpu" in bad.fix
    _, degraded = aws.standing(cluster, [group("ACTIVE", "a machine did not join")])
    assert degraded.level is Level.FAIL, "EKS may call a group active that has troubles"


def test_a_zone_must_be_there_and_hold_the_sites_domain():
    assert aws.zone("Z1", "example.org.", "sydney.example.org").level is Level.OK
    assert aws.zone("Z1", "sydney.example.org.", "sydney.example.org").level is Level.OK
    assert aws.zone("Z1", "ample.org.", "sydney.example.org").level is Level.FAIL, "a zone's name ends at a dot"
    assert aws.zone("Z1", None, "sydney.example.org").level is Level.FAIL


def test_a_bucket_is_ours_in_this_region_or_nobodys():
    found = {None: Level.OK, "ap-southeast-2": Level.OK, "eu-west-1": Level.FAIL, "": Level.FAIL}
    for where, level in found.items():
        check = aws.bucket("arcos-x-data", "ap-southeast-2", where)
        assert (check.name, check.level, "prefix" in check.fix) == (
            "bucket arcos-x-data", level, level is Level.FAIL
        )  # fmt: skip


def test_a_pool_without_a_machine_wants_somebody_who_starts_one():
    empty = [pool(), pool(name="gpu", min=0)]
    assert aws.growth(empty, autoscaling=False).level is Level.WARN
    assert "gpu" in aws.growth(empty, autoscaling=False).detail
    assert [aws.growth(empty, autoscaling=True).level, aws.growth([pool()], autoscaling=False).level] == [Level.OK] * 2


def test_a_cluster_that_is_being_made_is_waited_for():
    [one] = aws.standing({"name": "arcos-a", "status": "CREATING"}, [])
    assert (one.level, "wait" in one.fix) == (Level.WARN, True)


def test_the_program_that_signs_in_is_missed_before_the_cluster_is_there():
    assert aws.program("/usr/bin/aws").level is Level.OK
    assert aws.program(None).level is Level.WARN
