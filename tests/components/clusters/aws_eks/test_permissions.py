"""docs/permissions/aws-eks.json and aws-eks-buckets.json are what the calls of a site need, and no more."""

from __future__ import annotations

import json
import os
import re

import pytest

from arcos.paths import ROOT
from arcos.preflight.aws_cloud import CALLS
from tests.components.clusters.aws_eks import permissions

DOCUMENTS = permissions.documents()
STATEMENTS = [one for document in DOCUMENTS.values() for one in document["Statement"]]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_policy_in_the_docs_is_that_of_the_calls(name):
    file, text = ROOT / "docs" / "permissions" / f"{name}.json", permissions.text(DOCUMENTS[name])
    if os.environ.get("ARCOS_UPDATE_GOLDEN"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == text, (
        "the calls changed; if meant so: ARCOS_UPDATE_GOLDEN=1 ./arcosctl test fast -k permissions"
    )


def test_every_call_is_permitted_and_nothing_else():
    given = [name for one in STATEMENTS for name in one["Action"]]
    assert len(given) == len(set(given)), "each right once, at its narrowest"
    assert set(given) == permissions.actions() | {"iam:PassRole", "iam:CreateServiceLinkedRole"}


def test_no_right_is_given_by_a_wildcard():
    assert not [name for one in STATEMENTS for name in one["Action"] if "*" in name]


def test_what_preflight_asks_is_permitted_as_a_look():
    given = {name for one in STATEMENTS for name in one["Action"]}
    asked = {permissions.action(*call) for call in CALLS}
    assert asked <= given
    assert not [name for name in asked if not name.split(":")[1].startswith((*permissions.LOOKS, "Simulate"))]


def test_what_may_be_done_with_anybodys_things_changes_none_of_them():
    looks = {name for one in STATEMENTS if one["Sid"] in ("Look", "Simulate") for name in one["Action"]}
    assert not [name for name in looks if not name.split(":")[1].startswith((*permissions.LOOKS, "Simulate"))]


def test_only_our_own_roles_and_policies_can_be_changed_or_handed_on():
    harmless = {"iam:SimulatePrincipalPolicy", "iam:ListPolicies"}
    for one in STATEMENTS:
        if any(name.startswith("iam:") and name not in harmless for name in one["Action"]):
            for resource in one["Resource"]:
                assert re.search(r":((role|policy)/arcos/arcos-\*|role/aws-service-role/\*)$", resource), (
                    "rights on every role are rights on the account"
                )


def test_no_object_of_a_bucket_can_be_read_written_or_deleted():
    [buckets] = [one for one in STATEMENTS if any(name.startswith("s3:") for name in one["Action"])]
    assert buckets["Resource"] == ["arn:aws:s3:::arcos-*"], "the buckets themselves, and ours"
    assert [name for name in buckets["Action"] if "Object" in name] == ["s3:GetBucketObjectLockConfiguration"]


def test_eks_may_see_whether_its_own_roles_are_there():
    """Else a node group fails: "Failed to validate if SLR ... already exists due to missing permissions".

    https://github.com/terraform-aws-modules/terraform-aws-eks/issues/823
    """
    [see] = [one for one in STATEMENTS if "iam:GetRole" in one["Action"]]
    assert see["Resource"] == ["arn:aws:iam::*:role/arcos/arcos-*", "arn:aws:iam::*:role/aws-service-role/*"]


def test_the_policies_of_aws_that_roles_are_given_are_those_that_may_be_attached(of_type):
    used = {one.inputs["policyArn"].rpartition("/")[2] for one in of_type("RolePolicyAttachment")}
    assert used == set(permissions.MANAGED)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_iam_takes_a_document_of_this_length(name):
    bare = re.sub(r"\s", "", json.dumps(DOCUMENTS[name]))
    assert len(bare) <= 6144, "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"
