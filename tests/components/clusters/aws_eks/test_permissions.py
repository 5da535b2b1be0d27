"""docs/permissions/aws-eks.json is what the calls of a site need, and no more."""

from __future__ import annotations

import json
import os
import re

from arcos.paths import ROOT
from arcos.preflight.aws_cloud import CALLS
from tests.components.clusters.aws_eks import permissions

FILE = ROOT / "docs" / "permissions" / "aws-eks.json"


def test_the_policy_in_the_docs_is_that_of_the_calls():
    if os.environ.get("ARCOS_UPDATE_GOLDEN"):
        FILE.parent.mkdir(parents=True, exist_ok=True)
        FILE.write_text(permissions.text(), encoding="utf-8")
    assert FILE.read_text(encoding="utf-8") == permissions.text(), (
        "the calls changed; if meant so: ARCOS_UPDATE_GOLDEN=1 ./arcosctl test fast -k permissions"
    )


def test_every_call_is_permitted_and_nothing_else():
    given = [name for one in permissions.policy()["Statement"] for name in one["Action"]]
    assert len(given) == len(set(given)), "each right once, at its narrowest"
    assert set(given) == permissions.actions() | {"iam:PassRole", "iam:CreateServiceLinkedRole"}


def test_no_right_is_given_by_a_wildcard():
    assert not [name for one in permissions.policy()["Statement"] for name in one["Action"] if "*" in name]


def test_what_preflight_asks_is_permitted_as_a_look():
    looks = [one for one in permissions.policy()["Statement"] if one["Sid"] in ("Look", "Simulate")]
    named = {name for one in looks for name in one["Action"]}
    assert {permissions.action(*call) for call in CALLS} <= named, "and so it changes nothing"
    assert not [name for name in named if not name.split(":")[1].startswith((*permissions.LOOKS, "Simulate"))]


def test_only_our_own_roles_can_be_changed_or_handed_on():
    for one in permissions.policy()["Statement"]:
        if any(name.startswith("iam:") and name != "iam:SimulatePrincipalPolicy" for name in one["Action"]):
            for resource in one["Resource"]:
                assert re.search(r":role/(arcos/arcos-\*|aws-service-role/\*)$", resource), (
                    "rights on every role are rights on the account"
                )


def test_eks_may_see_whether_its_own_roles_are_there():
    """Else a node group fails: "Failed to validate if SLR ... already exists due to missing permissions".

    https://github.com/terraform-aws-modules/terraform-aws-eks/issues/823
    """
    [see] = [one for one in permissions.policy()["Statement"] if "iam:GetRole" in one["Action"]]
    assert see["Resource"] == ["arn:aws:iam::*:role/arcos/arcos-*", "arn:aws:iam::*:role/aws-service-role/*"]


def test_the_policies_of_aws_that_roles_are_given_are_those_that_may_be_attached(of_type):
    used = {one.inputs["policyArn"].rpartition("/")[2] for one in of_type("RolePolicyAttachment")}
    assert used == set(permissions.MANAGED)


def test_iam_takes_a_document_of_this_length():
    bare = re.sub(r"\s", "", json.dumps(permissions.policy()))
    assert len(bare) <= 6144, "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"
