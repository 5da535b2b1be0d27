"""The cluster half of a site of each kind, in a fake cloud: its program, its stack, and how an operator goes on."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.engine.cloud.account import Account, Resource
from tests.engine.cloud.install import FakeCloud, install
from tests.engine.cloud.steering import Order
from tests.engine.project import Project, copy_project

_FOLDER = Path(__file__).parent
KINDS = ("aws-eks", "openstack-magnum", "openstack-vm")
#: What a kind finds in its account.
_BEFORE = {
    "aws-eks": [Resource("fs-0123456789abcdef0", "aws:efs/fileSystem:FileSystem", {"creationToken": "everybody"})],
    "openstack-magnum": [Resource("ops", "openstack:compute/keypair:Keypair", {"name": "ops"})],
}
#: The secret of a stack of plain machines, from which all keys come.
SEED = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


@dataclass(frozen=True)
class Half:
    """The stack and its account."""

    project: Project
    cloud: FakeCloud

    @property
    def kind(self) -> str:
        """The cluster's kind, which is also the stack's name."""
        return self.project.stack

    @property
    def account(self) -> Account:
        """The one account that it uses."""
        return self.cloud.account(*(("aws", "") if self.kind == "aws-eks" else ("openstack", "half")))

    @property
    def ours(self) -> list[Resource]:
        """What the account has, but for what was there before."""
        before = {one.id for one in _BEFORE.get(self.kind, ())}
        return [one for one in self.account.resources() if one.id not in before]

    @property
    def calls(self) -> int:
        """How many changes the account has seen; something that is made again is one more."""
        file = self.account.calls
        return len(file.read_text(encoding="utf-8").splitlines()) if file.exists() else 0

    @property
    def site_file(self) -> Path:
        """The stack's file."""
        return self.project.folder / "stacks" / f"Pulumi.{self.kind}.yaml"

    def up(self, *arguments: str, ok: bool = True) -> str:
        """`pulumi up`, one thing at a time, so that the order of calls is the same each time."""
        return self.project.pulumi("up", "--yes", "--skip-preview", "--parallel=1", *arguments, ok=ok)

    def crash(self, *orders: Order) -> None:
        """`pulumi up` that is killed by an order on its way."""
        self.cloud.steering.give(*orders)
        running = self.project.start(*self.project.command("up", "--yes", "--skip-preview", "--parallel=1"))
        output, _ = running.communicate(timeout=300)
        assert running.returncode == -signal.SIGKILL, f"the engine should have been killed:\n{output}"
        self.cloud.steering.give()

    def mend(self) -> str:
        """The one command after a run that was cut short."""
        return self.project.arcosctl("mend", self.kind)

    def change(self, edit: Callable[[dict[str, Any]], object]) -> None:
        """Edit the site file's `config`."""
        data = yaml.safe_load(self.site_file.read_text(encoding="utf-8"))
        edit(data["config"])
        self.site_file.write_text(yaml.safe_dump(data), encoding="utf-8")

    def unchanged(self) -> bool:
        """Whether another `up` would do nothing."""
        return "unchanged" in self.project.pulumi("preview", "--expect-no-changes")


def make_half(base: Path, kind: str, schemas: Path, env: Mapping[str, str] | None = None) -> Half:
    """A fresh stack of the kind, nothing made."""
    cloud = install(base, schemas)
    path = {"PATH": f"{cloud.bin}:{os.environ['PATH']}"}
    project = copy_project(base, cloud.env | path | dict(env or {}), kind)
    shutil.copy(_FOLDER / "programs" / "half.py", project.folder / "__main__.py")
    shutil.copy(_FOLDER / "sites" / f"Pulumi.{kind}.yaml", project.folder / "stacks")
    project.run("pulumi", "stack", "init", kind, "--non-interactive")
    if kind == "openstack-vm":
        project.pulumi("config", "set", "--secret", "arcos:clusterSeed", SEED)
    half = Half(project, cloud)
    with half.account.change() as held:
        held += _BEFORE.get(kind, [])
    return half
