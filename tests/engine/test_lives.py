"""Every resource type that a cluster kind uses, through a whole life with the real engine: refused, made, changed where
it is, made anew, deleted.

In that order: each test goes on from where the one before it ended. What happens to each type stands in `lives/`; which
types are used is what the kinds' programs make, by their names that a state may hold.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from arcos.paths import ROOT
from tests.engine.cloud.install import PACKAGES
from tests.engine.cloud.rules import table
from tests.engine.cloud.steering import Order
from tests.engine.conftest import ENGINE, need
from tests.engine.trial import Trial, make_trial

pytestmark = pytest.mark.engine

#: What a state may call what the kinds' programs make: `tests/program/test_names.py` keeps it whole.
_NAMES = ROOT / "tests" / "program" / "golden" / "names.txt"
_LIVES = Path(__file__).parent / "lives"
Call = dict[str, str]


@dataclass(frozen=True)
class Lives:
    """One of each type of a cloud, and what happens to them: `asked`, `in_place` and `anew` of each, by its name."""

    trial: Trial
    table: dict[str, dict[str, Any]]

    def types(self, what: str = "type") -> set[str]:
        """The types that have something of `what`."""
        return {f"{self.trial.package}:{one['type']}" for one in self.table.values() if one.get(what)}

    def settings(self, stages: Sequence[str]) -> list[str]:
        """What the program is told, on the engine's command line."""
        return [f"--config=trial:package={self.trial.package}", f"--config=trial:stages={json.dumps(stages)}"]

    def plan(self, *stages: str) -> list[dict[str, Any]]:
        """The steps of a preview of these stages."""
        found: list[dict[str, Any]] = self.trial.project.json("preview", *self.settings(stages))["steps"]
        return found

    def up(self, *stages: str, ok: bool = True) -> list[Call]:
        """What the engine made the cloud do on the way to these stages."""
        calls = self.trial.account.calls
        calls.write_text("", encoding="utf-8")
        self.trial.up("--continue-on-error", *self.settings(stages), ok=ok)
        return [json.loads(line) for line in calls.read_text(encoding="utf-8").splitlines()]

    def state(self) -> list[dict[str, Any]]:
        """What the engine holds of the cloud."""
        held = json.loads(self.trial.project.pulumi("stack", "export"))["deployment"].get("resources", [])
        return [one for one in held if one["type"] in self.types()]

    def ids(self) -> dict[str, str]:
        """What the engine knows each by."""
        return {one["urn"].rpartition("::")[2]: one["id"] for one in self.state()}

    def known(self) -> set[tuple[str, str]]:
        """Type and id of everything that the engine holds."""
        return {(one["type"], one["id"]) for one in self.state()}

    def keeps_its_name(self, name: str) -> bool:
        """Whether one that is made anew is called as the old one, where only one may be."""
        one = self.table[name]
        key = table(self.trial.package).resources[f"{self.trial.package}:{one['type']}"].named
        return key in one["asked"] and key not in one["anew"]

    def there(self) -> set[tuple[str, str]]:
        """Type and id of everything in the cloud."""
        return {(one.type, one.id) for one in self.trial.account.resources()}


@pytest.fixture(scope="module", params=PACKAGES)
def lives(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, schemas: Path) -> Lives:
    need(*ENGINE)
    trial = make_trial(tmp_path_factory.mktemp(request.param), request.param, schemas, program="life")
    file = shutil.copy(_LIVES / f"{request.param}.yaml", trial.project.folder / "life.yaml")
    return Lives(trial, yaml.safe_load(Path(file).read_text(encoding="utf-8")))


def test_every_type_that_is_used_has_a_life_here(lives: Lives) -> None:
    package = lives.trial.package
    names = _NAMES.read_text(encoding="utf-8")
    used = set(re.findall(rf"^(?:\S+\$)?({package}:[^:$]+:\w+)::", names, re.MULTILINE))
    rules = table(package).resources
    assert len(used) >= 20

    assert used - lives.types() == set()
    assert {one for one in used if rules[one].in_place} - lives.types("in_place") == set()
    assert used - lives.types("anew") == set(), "something makes a new one of every type"


def test_what_was_refused_is_not_there_and_plain_retries_make_it(lives: Lives) -> None:
    steering = lives.trial.cloud.steering
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
    lives.trial.project.pulumi("destroy", "--yes", "--skip-preview")

    assert lives.there() == set()
