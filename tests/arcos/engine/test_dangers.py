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


def quota(op: str, claims: str | None) -> dict[str, Any]:
    hard = {"pods": "8"} | ({"persistentvolumeclaims": claims} if claims else {})
    return step(
        op, QUOTA, "welcome/resourcequota/platform", kept("ResourceQuota", "platform", "welcome", {"hard": hard})
    )


def namespace(op: str, **state: Any) -> dict[str, Any]:
    return step(op, NAMESPACE, "cluster/namespace/welcome", kept("Namespace", "welcome"), **state)


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


def test_a_name_of_several_things_allows_none_of_them() -> None:
    steps = read(preview(step("delete", CLUSTER, "cluster"), step("delete", MAGNUM, "cluster")))

    assert unknown(steps, ["cluster"]) == ["cluster"]
    assert not any(one.allowed for one in dangers(steps, ["cluster"]))


def test_a_typing_error_is_found() -> None:
    steps = read(preview(step("delete", CLAIM, "a/claim")))
    assert unknown(steps, ["a/clam", "a/claim"]) == ["a/clam"]


def test_every_reason_is_a_sentence_for_people() -> None:
    assert all(why.split()[0] in ("the", "everything", "every", "nothing") for why in HOLDS.values())
