"""The site's buckets in S3: what each is, and who may use it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from components.bucket import Bucket
from components.clusters.aws_eks import policies
from components.clusters.aws_eks.buckets import rules
from tests.components.clusters.aws_eks.recording import BUCKETS, REGION, Made, before

OfType = Callable[[str], list[Made]]


def test_every_bucket_is_protected_and_never_emptied_for_whoever_deletes_it(of_type: OfType) -> None:
    buckets = of_type("Bucket")
    assert {one.inputs["bucket"] for one in buckets} == {one.name for one in BUCKETS}
    assert all(one.protect for one in buckets), "the engine refuses to delete or replace it"
    assert not any(one.inputs.get("forceDestroy") for one in buckets), "and S3 refuses while an object is in it"


@pytest.mark.parametrize("short", ["BucketPublicAccessBlock", "BucketPolicy", "BucketLifecycleConfiguration"])
def test_every_bucket_is_closed_and_cleared_of_unfinished_uploads(short: str, of_type: OfType) -> None:
    assert {one.inputs["bucket"] for one in of_type(short)} == {one.name for one in BUCKETS}


def test_nobody_from_elsewhere_and_nobody_without_tls(of_type: OfType) -> None:
    for block in of_type("BucketPublicAccessBlock"):
        assert {value for key, value in block.inputs.items() if key != "bucket"} == {True}
    for policy in of_type("BucketPolicy"):
        [only] = json.loads(policy.inputs["policy"])["Statement"]
        assert (only["Effect"], only["Principal"], only["Action"]) == ("Deny", "*", ["s3:*"])
        assert only["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_versions_are_kept_where_they_are_asked_for(of_type: OfType) -> None:
    [versions] = of_type("BucketVersioning")
    assert versions.inputs["bucket"] == "arcos-aws-sydney-layers"
    assert versions.protect, "what a site file says by mistake would end them"


def test_the_lifecycle_is_what_the_bucket_says() -> None:
    def named(**asked: object) -> dict[str, object]:
        bucket = Bucket(name="b", app="a", namespace="a", quota="1Gi", **asked)  # type: ignore[arg-type]
        assert all(rule["status"] == "Enabled" and rule["filter"] == {"prefix": ""} for rule in rules(bucket))
        return {str(rule["id"]): rule for rule in rules(bucket)}

    assert set(named()) == {"unfinished"}, "what is not asked for is never deleted"
    assert named(expire_days=7)["expire"]["expiration"] == {"days": 7}  # type: ignore[index]
    assert named(versioned=True)["versions"]["noncurrent_version_expiration"] == {"noncurrent_days": 30}  # type: ignore[index]


def test_an_app_reaches_its_own_bucket_by_its_own_accounts_and_nothing_else(made: list[Made], of_type: OfType) -> None:
    given = {
        (one.inputs["namespace"], one.inputs["serviceAccount"]): one.inputs["roleArn"].rpartition("/")[2]
        for one in of_type("PodIdentityAssociation")
    }
    for one in BUCKETS:
        for account in one.bucket.accounts:
            role = given[one.bucket.namespace, account]
            assert role == f"arcos-aws-sydney-bucket-{one.bucket.name}"
            [trust] = [json.loads(r.inputs["assumeRolePolicy"]) for r in of_type("Role") if r.inputs["name"] == role]
            asked = trust["Statement"][0]["Condition"]["StringEquals"]
            told = asked["aws:RequestTag/kubernetes-service-account"]
            assert set([told] if isinstance(told, str) else told) == set(one.bucket.accounts)
            assert asked["aws:RequestTag/kubernetes-namespace"] == one.bucket.namespace
            [may] = [r.inputs["policy"] for r in of_type("RolePolicy") if r.name == f"bucket-{one.bucket.name}"]
            assert may == policies.objects(one.name, REGION)


def test_rights_end_at_the_bucket_and_at_the_account() -> None:
    on_bucket, on_objects = json.loads(policies.objects("arcos-x-dumps", REGION))["Statement"]
    assert on_bucket["Resource"] == ["arn:aws:s3:::arcos-x-dumps"]
    assert on_objects["Resource"] == ["arn:aws:s3:::arcos-x-dumps/*"]
    for one in (on_bucket, on_objects):
        ours = {"s3:ResourceAccount": "${aws:PrincipalAccount}"}
        assert one["Condition"] == {"StringEquals": ours}, "a name that was given up may be a stranger's by now"
    may = {*on_bucket["Action"], *on_objects["Action"]}
    assert not [action for action in may if "Policy" in action or "Lifecycle" in action or action == "s3:DeleteBucket"]
    assert "s3:DeleteObjectVersion" not in may, "what is kept of what was deleted cannot be deleted by the app"


def test_a_bucket_of_people_comes_with_a_policy_and_without_a_key(made: list[Made], of_type: OfType) -> None:
    [policy] = of_type("Policy")
    assert policy.inputs["name"] == "arcos-aws-sydney-bucket-lab"
    assert policy.inputs["policy"] == policies.objects("arcos-aws-sydney-lab", REGION)
    assert not [one for one in made if one.type in ("aws:iam/user:User", "aws:iam/accessKey:AccessKey")]


def test_nothing_runs_in_the_cluster_before_its_bucket_and_its_role_are_there(made: list[Made]) -> None:
    [inside] = [one for one in made if one.type == "pulumi:providers:kubernetes"]
    first = before(made, inside.urn)
    late = [one.name for one in made if one.type.startswith("aws:s3/") and one.urn not in first]
    assert not late
    assert not [one for one in made if one.type.endswith("PodIdentityAssociation") and one.urn not in first]
