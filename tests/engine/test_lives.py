"""Every resource type that a cluster kind uses, through a whole life with the real engine: refused, made, changed where
it is, made anew, deleted.

In that order: each test goes on from where the one before it ended. What happens to each type stands in `lives/`; which
types are used is what the kinds' programs make, by their names that a state may hold.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.cloud.install import PACKAGES
from tests.engine.cloud.rules import table
from tests.engine.cloud.steering import Order
from tests.engine.cloud.values import is_unknown
from tests.engine.conftest import ENGINE, need
from tests.engine.life import Lives, make_lives, used

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module", params=PACKAGES)
def lives(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, schemas: Path) -> Lives:
    need(*ENGINE)
    return make_lives(tmp_path_factory.mktemp(request.param), request.param, schemas)


def test_every_type_that_is_used_has_a_life_here(lives: Lives) -> None:
    types, rules = used(lives.package), table(lives.package).resources
    assert len(types) >= 20

    assert types - lives.types() == set()
    assert {one for one in types if rules[one].in_place} - lives.types("in_place") == set()
    assert types - lives.types("anew") == set(), "something makes a new one of every type"


def test_what_only_the_cloud_can_say_is_unknown_in_a_preview(lives: Lives) -> None:
    inputs = {one["urn"].rpartition("::")[2]: one["newState"].get("inputs") for one in lives.plan("asked")}

    refers = [(name, key) for name, one in lives.table.items() for key, value in one["asked"].items() if _id(value)]
    assert len(refers) > 10
    assert [(name, key) for name, key in refers if not is_unknown(inputs[name][key])] == [], "never an id made up"
    assert lives.there() == set()


def test_what_was_refused_is_not_there_and_plain_retries_make_it(lives: Lives) -> None:
    steering = lives.cloud.steering
    steering.give(*(Order("fail", on="create", type=one) for one in lives.types()))

    # What needs something else is tried once that is there: in no more runs than there are types.
    for _ in lives.types():
        if all(one["seen"] for one in steering.data()["orders"]):
            break
        lives.up("asked", ok=False)
        assert lives.there() == lives.known(), "nobody would ever delete what the state does not know"
    calls = lives.up("asked")

    assert {one["on"] for one in calls} == {"create"}
    assert len(lives.ids()) == len(lives.table)
    assert lives.there() == lives.known()


def test_what_can_change_in_place_stays_what_it_is(lives: Lives) -> None:
    before = lives.ids()

    calls = lives.up("asked", "in_place")

    changed = {name for name, one in lives.table.items() if "in_place" in one}
    assert [one["on"] for one in calls] == ["update"] * len(changed)
    assert {one["name"] for one in calls} == changed
    assert lives.ids() == before
    assert lives.there() == lives.known()


def test_what_cannot_is_made_anew_and_the_old_one_goes(lives: Lives) -> None:
    before, stages = lives.ids(), ("asked", "in_place", "anew")
    wanted = {name: one["anew"] for name, one in lives.table.items() if "anew" in one}

    reasons = {one["urn"].rpartition("::")[2]: set(one.get("replaceReasons") or ()) for one in lives.plan(*stages)}
    calls = lives.up(*stages)

    assert [(name, key) for name, inputs in wanted.items() for key in inputs if key not in reasons[name]] == []
    done = {name: [one for one in calls if one["name"] == name] for name in wanted}
    orders = {name: [one["on"] for one in some] for name, some in done.items()}
    for name, order in orders.items():
        assert order == (["delete", "create"] if lives.keeps_its_name(name) else ["create", "delete"]), name
    now = lives.ids()
    for name, some in done.items():
        assert {one["on"]: one["id"] for one in some} == {"delete": before[name], "create": now[name]}
        assert before[name] != now[name], name
    assert lives.there() == lives.known()


def test_destroy_leaves_nothing(lives: Lives) -> None:
    lives.project.pulumi("destroy", "--yes", "--skip-preview")

    assert lives.there() == set()


def _id(value: object) -> bool:
    return isinstance(value, str) and value.startswith("$") and value.endswith(".id")
