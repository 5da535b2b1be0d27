"""What a run that was cut short has made is told from what the state knows already."""

from __future__ import annotations

from typing import Any

import pytest

from arcos.engine.unheard import Wanted, claimed, held_ids, replaced, would_make

_STACK = "urn:pulumi:a::arcos::"
_ROLE, _RULE = f"{_STACK}aws:iam/role:Role::role", f"{_STACK}openstack:networking/secGroupRule:SecGroupRule::rule"
_LINK = f"{_STACK}aws:eks/podIdentityAssociation:PodIdentityAssociation::link"


def step(op: str, urn: str, **state: Any) -> dict[str, Any]:
    return {"op": op, "urn": urn, "newState": {"type": urn.split("::")[2], "custom": True, **state}}


def test_a_cluster_that_is_called_as_an_alias_is_not_taken_for_it() -> None:
    held = held_ids([{"type": "aws:kms/alias:Alias", "id": "alias/arcos-sydney"}, {"type": "pulumi:pulumi:Stack"}])

    assert held == {"aws:kms/alias:Alias": {"arcos-sydney"}}, "nothing of the cluster's own type"


def test_what_is_made_and_what_is_made_anew_may_be_there_and_what_is_changed_is() -> None:
    steps = [step("create", _ROLE), step("replace", _RULE), step("delete-replaced", _RULE), step("update", _LINK)]

    assert [(one.name, one.instead) for one in would_make({"steps": steps})] == [("role", False), ("rule", True)]


def test_what_waits_for_something_that_is_not_there_cannot_be_there_either() -> None:
    steps = [step("create", _ROLE), step("create", _LINK, dependencies=[_ROLE]), step("create", _RULE)]

    assert {one.name: one.ready for one in would_make({"steps": steps})} == {"role": True, "link": False, "rule": True}


@pytest.mark.parametrize(
    ("ids", "told"),
    [
        ({}, [("urn:pulumi:ask::arcos::t::0", "ResourceInUseException: Association already exists: a-dt1bedfjc7\n")]),
        ({"urn:pulumi:ask::arcos::aws:eks/podIdentityAssociation:PodIdentityAssociation::0": "a-dt1bedfjc7"}, []),
    ],
    ids=["refused", "made"],
)
def test_what_is_claimed_is_called_as_import_takes_it(ids: dict[str, str], told: list[tuple[str, str]]) -> None:
    wanted = Wanted(urn=_LINK, type=_LINK.split("::")[2], asked={"clusterName": "arcos-a"})

    assert claimed(wanted, "0", ids, told) == "arcos-a,a-dt1bedfjc7"


def test_what_is_neither_made_nor_named_is_an_error() -> None:
    wanted = Wanted(urn=_LINK, type=_LINK.split("::")[2], asked={"clusterName": "arcos-a"})

    with pytest.raises(LookupError):
        claimed(wanted, "0", {}, [("urn:pulumi:ask::arcos::t::0", "AccessDeniedException")])


def test_a_new_one_stands_in_the_place_of_the_old_one_which_is_deleted_later() -> None:
    before = [{"urn": _ROLE, "id": "r"}, {"urn": _RULE, "id": "old"}, {"urn": _LINK, "dependencies": [_RULE]}]

    after = replaced({"deployment": {"resources": before}}, {_RULE: "new"})["deployment"]["resources"]

    assert [one["urn"] for one in after] == [_ROLE, _RULE, _LINK, _RULE], "what needs it stays behind it"
    assert (after[1]["id"], after[3]["id"], after[3]["delete"]) == ("new", "old", True)


def test_one_that_turns_out_to_be_the_old_one_is_never_deleted() -> None:
    before = [{"urn": _RULE, "id": "old"}]

    assert replaced({"deployment": {"resources": before}}, {_RULE: "old"})["deployment"]["resources"] == before


def test_one_that_went_before_the_new_one_came_is_not_deleted_again() -> None:
    before = [{"urn": _RULE, "id": "old", "pendingReplacement": True}]

    after = replaced({"deployment": {"resources": before}}, {_RULE: "new"})["deployment"]["resources"]

    assert after == [{"urn": _RULE, "id": "new"}], "marked, the next run would make another one"
