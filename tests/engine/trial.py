"""A small Pulumi project of plain cloud resources, with its own state and account, and how an operator mends it."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.engine.cloud.account import Account, Resource
from tests.engine.cloud.install import FakeCloud, install
from tests.engine.cloud.values import is_unknown
from tests.engine.project import Project, engine_env, environment

_PROGRAMS = Path(__file__).parent / "programs"
_PROJECT = """\
name: trial
runtime:
  name: python
  options: {toolchain: pip, virtualenv: .venv}
"""


@dataclass(frozen=True)
class Trial:
    """The project, and the cloud that it makes things in."""

    project: Project
    cloud: FakeCloud
    package: str

    @property
    def account(self) -> Account:
        """The one account that it uses."""
        return self.cloud.account(self.package)

    def up(self, *arguments: str, ok: bool = True) -> str:
        """`pulumi up`, one thing at a time, so that the order of calls is the same each time."""
        return self.project.pulumi("up", "--yes", "--skip-preview", "--parallel=1", *arguments, ok=ok)

    def set(self, **settings: str) -> None:
        """Change the program's settings."""
        for key, value in settings.items():
            self.project.pulumi("config", "set", key, value)

    def plan(self) -> list[dict[str, Any]]:
        """The steps of a preview that change something."""
        return [one for one in self.project.json("preview")["steps"] if one["op"] != "same"]

    def made_by_plan(self) -> list[str]:
        """The types of what a preview would make in the cloud."""
        kinds = [step["newState"]["type"] for step in self.plan() if step["op"] == "create"]
        return sorted(kind for kind in kinds if not kind.startswith("pulumi:"))

    def mend(self) -> None:
        """What the manual says after a crash: unlock, then take in what is there and not in the state.

        What the plan would make is looked up in the account by what it asks for, as a person does in the console.
        """
        self.project.pulumi("cancel", "--yes")
        self.project.pulumi("refresh", "--yes", "--skip-preview", "--clear-pending-creates")
        file = self.project.folder / "left.json"
        steps = self.project.json("preview", f"--import-file={file}")["steps"]
        found = {step["urn"].rpartition("::")[2]: self._there(step) for step in steps if step["op"] == "create"}
        wanted = json.loads(file.read_text(encoding="utf-8"))
        there = [one | {"id": found[one["name"]].id} for one in wanted["resources"] if found.get(one["name"])]
        if there:
            file.write_text(json.dumps(wanted | {"resources": there}), encoding="utf-8")
            self.project.pulumi(
                "import", f"--file={file}", "--yes", "--skip-preview", "--protect=false", "--generate-code=false"
            )

    def _there(self, step: dict[str, Any]) -> Resource | None:
        state = step["newState"]
        asked = {key: value for key, value in state.get("inputs", {}).items() if not key.startswith("__")}
        matching = [
            one
            for one in self.account.resources()
            if one.type == state["type"]
            and all(one.properties.get(key) == value for key, value in asked.items() if not is_unknown(value))
        ]
        assert len(matching) < 2, f"{step['urn']}: there are two of it"
        return matching[0] if matching else None


def make_trial(base: Path, package: str, schemas: Path, program: str = "") -> Trial:
    """A fresh project with the program of `package`, or another one."""
    cloud = install(base, schemas)
    folder = base / "project"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(_PROJECT, encoding="utf-8")
    environment(folder / ".venv")
    shutil.copy(_PROGRAMS / f"{program or package}.py", folder / "__main__.py")
    path = f"{cloud.bin}:{os.environ['PATH']}"
    project = Project(folder, engine_env(base) | cloud.env | {"PATH": path}, stack="trial")
    project.run("pulumi", "stack", "init", "trial", "--non-interactive")
    return Trial(project, cloud, package)
