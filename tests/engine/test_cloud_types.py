"""Every resource type that a cluster kind uses, through all that can happen to one in the fake cloud.

The types are not listed here: they are those of the clusters that the kinds really made.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.cloud.account import Account, Resource
from tests.engine.cloud.cloud import Cloud, RefusedError, last_word
from tests.engine.cloud.diff import changes
from tests.engine.cloud.rules import table
from tests.engine.half import KINDS, Half

pytestmark = pytest.mark.engine

#: What cannot be changed in place at all, says the provider.
ONLY_REPLACED = {
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "openstack:compute/serverGroup:ServerGroup",
    "openstack:networking/routerInterface:RouterInterface",
    "openstack:networking/secGroupRule:SecGroupRule",
}


@pytest.fixture(params=KINDS)
def made(request: pytest.FixtureRequest, halves: Callable[[str], Half], tmp_path: Path) -> Cloud:
    """A copy of a made cluster's account, seen through its cloud's table."""
    half = halves(request.param)
    file = tmp_path / half.account.file.name
    file.write_bytes(half.account.file.read_bytes())
    return Cloud(table("aws" if request.param == "aws-eks" else "openstack"), Account(file), {})


def each(cloud: Cloud) -> Iterator[Resource]:
    """One resource of each type."""
    return iter({one.type: one for one in cloud.account.resources()}.values())


def test_all_of_them_were_created(made: Cloud) -> None:
    assert len(list(each(made))) >= 3
    assert {one.type for one in each(made)} <= made.table.resources.keys()


def test_a_failed_create_leaves_nothing(made: Cloud) -> None:
    for one in each(made):
        before = made.account.resources()
        full = {last_word(one.type): len(made.account.of_type(f":{last_word(one.type)}"))}

        with pytest.raises(RefusedError, match="Quota exceeded"):
            made.create(one.type, one.inputs(), full)

        assert made.account.resources() == before, one.type


def test_what_can_change_in_place_does(made: Cloud) -> None:
    for one in each(made):
        rule, asked = made.table.resources[one.type], one.inputs()
        names = [key for key in asked if key not in _tops(rule.replace)]
        if one.type in ONLY_REPLACED:
            assert not names, f"{one.type} has {names}, which can change in place"
            continue
        # What is referred to must be there.
        names = names or ["tags"]
        key = next((name for name in names if name not in _tops([*rule.refs])), names[0])
        wanted = {**asked, key: _another(made, one, key) if key in _tops([*rule.refs]) else _other(asked.get(key))}

        found = changes(rule, one.properties, asked, wanted)
        assert [(change.top, change.replaces) for change in found][:1] == [(key, False)], one.type
        made.update(one.type, one.id, asked, wanted)
        assert made.read(one.type, one.id).properties[key] == wanted[key]  # type: ignore[union-attr]


def test_what_cannot_makes_a_new_one(made: Cloud) -> None:
    for one in each(made):
        rule, asked = made.table.resources[one.type], one.inputs()
        first = [name for name in _tops(rule.replace) if name in asked and name != "region"]
        key = (first or [path for path in rule.replace if "." not in path])[-1]

        found = changes(rule, one.properties, asked, {**asked, key: _other(asked.get(key))})

        assert any(change.replaces for change in found), f"{one.type}: {key}"


def test_all_of_it_can_be_deleted_once_nothing_uses_it(made: Cloud) -> None:
    refusals = 0
    while held := made.account.resources():
        for one in held:
            try:
                made.delete(one.type, one.id)
            except RefusedError:
                refusals += 1
        assert len(made.account.resources()) < len(held), "they hold each other"
    assert refusals, "what is in use is refused before"


def _tops(paths: Any) -> list[str]:
    return [path.rstrip("?").partition(".")[0] for path in paths]


def _another(cloud: Cloud, one: Resource, key: str) -> Any:
    """Something else of a type that it may refer to; in a list where there is one."""
    target, _, name = cloud.table.resources[one.type].refs[key][0].partition("#")
    now = one.properties[key]
    held = now if isinstance(now, list) else [now]
    there = [other for other in cloud.account.resources() if other.type == target]
    # A cluster has one of some things, as of keys: then there is a second.
    if len(there) == 1:
        first = there[0].inputs()
        there.append(cloud.create(target, first | {key: "second" for key in ("name",) if key in first}, {}))
    values = (other.properties[name] if name else other.id for other in there)
    found = next(value for value in values if value not in held)
    return [found] if isinstance(now, list) else found


def _other(value: Any) -> Any:
    """Another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, list):
        return [*copy.deepcopy(value), "another"]
    if isinstance(value, dict):
        return {key: _other(inner) for key, inner in value.items()} or {"another": "one"}
    return f"{value or ''}-another"
