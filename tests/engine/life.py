"""A small Pulumi project with one of each type of a cloud, each with a life before it: `lives/` says which."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from arcos.paths import ROOT
from tests.engine.cloud.account import Account
from tests.engine.cloud.install import FakeCloud, install
from tests.engine.cloud.rules import table
from tests.engine.project import Project, engine_env, environment

_FOLDER = Path(__file__).parent
#: What a state may call what the kinds' programs make: `tests/program/test_names.py` keeps it whole.
_NAMES = ROOT / "tests" / "program" / "golden" / "names.txt"
_PROJECT = """\
name: lives
runtime:
  name: python
  options: {toolchain: pip, virtualenv: .venv}
"""
Call = dict[str, str]


@dataclass(frozen=True)
class Lives:
    """The project and its cloud; the `table` has `asked`, `in_place` and `anew` of each resource, by its name."""

    project: Project
    cloud: FakeCloud
    package: str
    table: dict[str, dict[str, Any]]

    @property
    def account(self) -> Account:
        """The one account that it uses."""
        return self.cloud.account(self.package)

    def types(self, what: str = "type") -> set[str]:
        """The types that have something of `what`."""
        return {self.type(name) for name, one in self.table.items() if one.get(what)}

    def type(self, name: str) -> str:
        """The type of a resource."""
        return f"{self.package}:{self.table[name]['type']}"

    def keeps_its_name(self, name: str) -> bool:
        """Whether one that is made anew is called as the old one, where only one may be."""
        key, one = table(self.package).resources[self.type(name)].named, self.table[name]
        return key in one["asked"] and key not in one["anew"]

    def plan(self, *stages: str) -> list[dict[str, Any]]:
        """The steps of a preview of these stages."""
        found: list[dict[str, Any]] = self.project.json("preview", *self._settings(stages))["steps"]
        return found

    def up(self, *stages: str, ok: bool = True) -> list[Call]:
        """What the engine made the cloud do on the way to these stages, one thing at a time."""
        self.account.calls.write_text("", encoding="utf-8")
        arguments = ("--yes", "--skip-preview", "--parallel=1", "--continue-on-error")
        self.project.pulumi("up", *arguments, *self._settings(stages), ok=ok)
        return [json.loads(line) for line in self.account.calls.read_text(encoding="utf-8").splitlines()]

    def ids(self) -> dict[str, str]:
        """What the engine knows each by."""
        return {one["urn"].rpartition("::")[2]: one["id"] for one in self._state()}

    def known(self) -> set[tuple[str, str]]:
        """Type and id of everything that the engine holds."""
        return {(one["type"], one["id"]) for one in self._state()}

    def there(self) -> set[tuple[str, str]]:
        """Type and id of everything in the cloud."""
        return {(one.type, one.id) for one in self.account.resources()}

    def _settings(self, stages: Sequence[str]) -> list[str]:
        return [f"--config=lives:package={self.package}", f"--config=lives:stages={json.dumps(stages)}"]

    def _state(self) -> list[dict[str, Any]]:
        held = json.loads(self.project.pulumi("stack", "export"))["deployment"].get("resources", [])
        return [one for one in held if one["type"] in self.types()]


def make_lives(base: Path, package: str, schemas: Path) -> Lives:
    """One that has made nothing yet."""
    cloud = install(base, schemas)
    folder = base / "project"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(_PROJECT, encoding="utf-8")
    environment(folder / ".venv")
    shutil.copy(_FOLDER / "programs" / "life.py", folder / "__main__.py")
    shutil.copy(_FOLDER / "lives" / f"{package}.yaml", folder / "life.yaml")
    path = f"{cloud.bin}:{os.environ['PATH']}"
    project = Project(folder, engine_env(base) | cloud.env | {"PATH": path}, stack="lives")
    project.run("pulumi", "stack", "init", "lives", "--non-interactive")
    return Lives(project, cloud, package, yaml.safe_load((folder / "life.yaml").read_text(encoding="utf-8")))


def used(package: str) -> set[str]:
    """The types that any kind's program makes, whatever its settings."""
    return set(re.findall(rf"^(?:\S+\$)?({package}:[^:$]+:\w+)::", _NAMES.read_text(encoding="utf-8"), re.MULTILINE))
