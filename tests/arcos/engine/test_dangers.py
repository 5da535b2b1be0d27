"""What nobody may delete or replace by accident. `tests/engine/test_dangers.py` has the engine refuse the same."""

from __future__ import annotations

from typing import Any

import pytest

from arcos.engine.dangers import HOLDS, dangers, unknown
from arcos.engine.plan import read
from tests.arcos.engine.steps import kept, preview, step

CLAIM, NAMESPACE = "kubernetes:core/v1:PersistentVolumeClaim", "kubernetes:core/v1:Namespace"
QUOTA, SET = "kubernetes:core/v1:ResourceQuota", "kubernetes:apps/v1:StatefulSet"
CLUSTER, MAGNUM = "aws:eks/cluster:Cluster", "openstack:containerinfra/cluster:Cluster"
VOLUME = "openstack:blockstorage/volume:Volume"
BUCKET, VERSIONS = "aws:s3/bucket:Bucket", "aws:s3/bucketVersioning:BucketVersioning"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"


def quota(op: str, claims: str | None) -> dict[str, Any]:
    hard = {"pods": "8"} | ({"persistentvolumeclaims": claims} if claims else {})
    return step(
        op, QUOTA, "welcome/resourcequota/platform", kept("ResourceQuota", "platform", "welcome", {"hard": hard})
    )


def namespace(op: str, **state: Any) -> dict[str, Any]:
    return step(op, NAMESPACE, "cluster/namespace/welcome", kept("Namespace", "welcome"), **state)


def versions(op: str, *status: str) -> dict[str, Any]:
    """Versions of the bucket `data`, as they are now and are to be."""
    return changed(op, VERSIONS, *({"versioningConfiguration": {"status": one}} for one in status))


def lifecycle(op: str, *rules: dict[str, Any]) -> dict[str, Any]:
    """What is removed from the bucket `data`: a rule for now, and one for later."""
    return changed(op, LIFECYCLE, *({"rules": [{"status": "Enabled", **one}]} for one in rules))


def changed(op: str, type_: str, *inputs: dict[str, Any]) -> dict[str, Any]:
    """A step of one thing in the bucket `data`, whose inputs differ before and after."""
    made = step(op, type_, "data", {"bucket": "data"} | inputs[0])
    if len(inputs) > 1:
        made["newState"] = made["newState"] | {"inputs": {"bucket": "data"} | inputs[1]}
    return made


UPLOADS: dict[str, Any] = {"abortIncompleteMultipartUpload": {"daysAfterInitiation": 7}}
MONTH = {"expiration": {"days": 30}}
OLD: dict[str, Any] = {"noncurrentVersionExpiration": {"noncurrentDays": 30}}

DANGEROUS = {
    "a database's claim is deleted": [step("delete", CLAIM, "database/claim")],
    "a database's claim moves to another storage class": [step("replace", CLAIM, "database/claim")],
    "a claim that somebody unprotected before": [step("delete", CLAIM, "registry/claim", protect=False)],
    "a group's shared folder": [step("delete", CLAIM, "notebooks/shared-chem", protect=True)],
    "a namespace with volumes that the program does not know": [namespace("delete", protect=True)],
    "a namespace with volumes, unprotected": [namespace("delete"), quota("delete", None)],
    "a namespace whose quota stays behind": [namespace("delete")],
    "a namespace of another name": [namespace("replace", protect=True), quota("replace", "0")],
    "a definition, and all that was made by it": [
        step("delete", "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", "backups.example.org")
    ],
    "a StatefulSet that takes its claims with it": [
        step("delete", SET, "db", kept("StatefulSet", "db", "x", {
            "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}}))
    ],
    "a volume made by hand": [step("delete", "kubernetes:core/v1:PersistentVolume", "archive")],
    "an EKS cluster whose service range changes": [step("replace", CLUSTER, "cluster", protect=True)],
    "an EKS cluster deleted in four words": [step("delete", CLUSTER, "cluster")],
    "the key of a cluster's secrets": [step("delete", "aws:kms/key:Key", "secrets", protect=True)],
    "a bucket under another name": [step("replace", "aws:s3/bucket:Bucket", "backups")],
    "a bucket whose versions end": [versions("delete", "Enabled")],
    "a bucket whose versions are suspended": [versions("update", "Enabled", "Suspended")],
    "a bucket whose objects come to an age": [lifecycle("update", UPLOADS, MONTH)],
    "a bucket whose objects go sooner": [lifecycle("update", MONTH, {"expiration": {"days": 7}})],
    "a bucket whose old versions go sooner": [
        lifecycle("update", OLD, {"noncurrentVersionExpiration": {"noncurrentDays": 1}})
    ],
    "objects of another folder come to an age": [
        lifecycle("update", MONTH | {"filter": {"prefix": "logs/"}}, MONTH | {"filter": {"prefix": "data/"}})
    ],
    "a bucket that had no lifecycle gets an age": [lifecycle("create", MONTH)],
    "a bucket that goes with its versions": [
        step("delete", BUCKET, "data", {"bucket": "data"}), versions("delete", "Enabled")
    ],
    "everybody's files": [step("replace", "aws:efs/fileSystem:FileSystem", "files")],
    "a database of the cloud's own": [step("delete", "aws:rds/instance:Instance", "db")],
    "the network below a cluster": [step("replace", "aws:ec2/vpc:Vpc", "vpc")],
    "a Magnum cluster whose flavor changes": [step("replace", MAGNUM, "cluster", protect=True)],
    "a machine's volume, when its pool shrinks": [step("delete", VOLUME, "user-2", protect=True)],
    "a volume replaced before its machine": [step("create-replacement", VOLUME, "core-0")],
    "an OpenStack bucket": [step("delete", "openstack:objectstorage/container:Container", "backups")],
    "the address that the site's name leads to": [
        step("replace", "openstack:networking/floatingIp:FloatingIp", "site", protect=True)
    ],
    "that address, after somebody unprotected it": [
        step("delete", "openstack:networking/floatingIp:FloatingIp", "site")
    ],
    "the addresses that etcd's members are known by": [
        step("replace", "openstack:networking/subnet:Subnet", "machines")
    ],
    "whatever the program protects": [step("delete", "aws:iam/role:Role", "precious", protect=True)],
    "what waits to be deleted since a run was cut short": [
        step("same", VOLUME, "core-0"), step("delete", VOLUME, "core-0", delete=True)
    ],
}  # fmt: skip

HARMLESS = {
    "something new": [step("create", CLUSTER, "cluster", protect=True)],
    "taking in what is there": [step("import", VOLUME, "core-0")],
    "a claim grows": [step("update", CLAIM, "database/claim", protect=True)],
    "a cluster's new version": [step("update", CLUSTER, "cluster", protect=True)],
    "nothing changes": [step("same", CLUSTER, "cluster", protect=True)],
    "a program is rolled": [step("update", "kubernetes:apps/v1:Deployment", "hub")],
    "a program that keeps its volumes elsewhere": [step("delete", SET, "database", kept("StatefulSet", "db", "x", {}))],
    "an app without volumes is switched off": [namespace("delete"), quota("delete", "0")],
    "a pool is made anew: its pods move": [
        step("replace", "openstack:containerinfra/nodeGroup:NodeGroup", "pool-user")
    ],
    "a machine is made anew: its volume stays": [step("replace", "openstack:compute/instance:Instance", "core-0")],
    "Pulumi forgets it and leaves it": [step("delete", "aws:s3/bucket:Bucket", "backups", retainOnDelete=True)],
    "a bucket's versions begin": [versions("update", "Suspended", "Enabled")],
    "a bucket's objects stay longer": [lifecycle("update", MONTH, {"expiration": {"days": 90}})],
    "a bucket's objects stay for ever": [lifecycle("update", MONTH, UPLOADS)],
    "a bucket's rule has another name": [lifecycle("update", MONTH | {"id": "a"}, MONTH | {"id": "b"})],
    "a rule for a part of what the one before was for": [
        lifecycle("update", MONTH, MONTH | {"filter": {"prefix": "logs/"}})
    ],
    "a bucket's rule is there and off": [lifecycle("update", UPLOADS, MONTH | {"status": "Disabled"})],
    "a new bucket with an age of its objects": [
        step("create", BUCKET, "data", {"bucket": "data"}),
        lifecycle("create", MONTH),
    ],
    "a definition of the platform changes": [
        step("update", "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", "backups.example.org")
    ],
}


@pytest.mark.parametrize("steps", DANGEROUS.values(), ids=DANGEROUS)
def test_a_dangerous_plan_is_refused_and_says_how_it_is_allowed(steps: list[dict[str, Any]]) -> None:
    (found,) = dangers(read(preview(*steps)))

    assert not found.allowed
    assert found.why
    assert found.overrides("site")[-1] == f"./arcosctl plan site --allow '{found.step.urn}'"
    unprotect = f"pulumi state unprotect '{found.step.urn}' -s site"
    assert (unprotect in found.overrides("site")) == found.step.protected, "the engine refuses what is protected too"


@pytest.mark.parametrize("steps", HARMLESS.values(), ids=HARMLESS)
def test_a_harmless_plan_is_not(steps: list[dict[str, Any]]) -> None:
    assert dangers(read(preview(*steps))) == [], "who is refused without need learns to say yes"


def test_what_is_allowed_is_exactly_what_was_named() -> None:
    steps = read(preview(step("delete", CLAIM, "a/claim"), step("delete", CLAIM, "b/claim")))

    for named in ("a/claim", steps[0].urn):
        assert [one.allowed for one in dangers(steps, [named])] == [True, False]


def test_what_goes_with_its_bucket_is_named_only_where_the_engine_refuses_it_too() -> None:
    going = step("delete", BUCKET, "data", {"bucket": "data"}, protect=True)
    for protect in (True, False):
        steps = read(preview(going, versions("delete", "Enabled") | {"oldState": {
            "type": VERSIONS, "custom": True, "protect": protect, "inputs": {"bucket": "data"}
        }}))  # fmt: skip
        assert [one.step.type for one in dangers(steps)] == [BUCKET, VERSIONS][: 1 + protect]


def test_a_name_of_several_things_allows_none_of_them() -> None:
    steps = read(preview(step("delete", CLUSTER, "cluster"), step("delete", MAGNUM, "cluster")))

    assert unknown(steps, ["cluster"]) == ["cluster"]
    assert not any(one.allowed for one in dangers(steps, ["cluster"]))


def test_a_typing_error_is_found() -> None:
    steps = read(preview(step("delete", CLAIM, "a/claim")))
    assert unknown(steps, ["a/clam", "a/claim"]) == ["a/clam"]


def test_every_reason_is_a_sentence_for_people() -> None:
    assert all(why.split()[0] in ("the", "everything", "every", "nothing") for why in HOLDS.values())
