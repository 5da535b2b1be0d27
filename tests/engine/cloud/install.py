"""A folder for the PATH with the two plugins, and the cloud's files behind them."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from arcos.paths import ROOT
from tests.engine.cloud.account import Account
from tests.engine.cloud.plugin import FOLDER
from tests.engine.cloud.provider import account_file
from tests.engine.cloud.sdk import write_schema
from tests.engine.cloud.steering import Steering

PACKAGES = ("aws", "openstack")


@dataclass(frozen=True)
class FakeCloud:
    """A cloud in `folder`; its plugins are in `bin`."""

    folder: Path
    bin: Path

    @property
    def env(self) -> dict[str, str]:
        """What the engine's environment needs beside the PATH."""
        return {FOLDER: str(self.folder)}

    @property
    def steering(self) -> Steering:
        """The orders that the plugins follow."""
        return Steering(self.folder / "steering.json")

    def account(self, package: str, name: str = "") -> Account:
        """An account, as the provider's `cloud` or `profile` names it."""
        return Account(account_file(self.folder, package, {"cloud": name}))

    def left(self) -> list[str]:
        """Everything that any account still has, as `type id`."""
        files = [file for package in PACKAGES for file in sorted(self.folder.glob(f"{package}-*.json"))]
        return [f"{one.type} {one.id}" for file in files for one in Account(file).resources()]


def install(folder: Path, schemas: Path) -> FakeCloud:
    """Make the plugins, and an empty cloud. `schemas` is where the SDKs' names are kept, read once."""
    made = FakeCloud(folder / "cloud", folder / "bin")
    made.folder.mkdir(parents=True, exist_ok=True)
    made.bin.mkdir(parents=True, exist_ok=True)
    for package in PACKAGES:
        schema = schemas / f"schema-{package}.json"
        if not schema.exists():
            write_schema(package, schema)
        (made.folder / schema.name).symlink_to(schema)
        _program(made.bin / f"pulumi-resource-{package}", "plugin", package)
    _program(made.bin / "aws", "aws_cli")
    return made


def _program(file: Path, module: str, *arguments: str) -> None:
    """A program that becomes one of our modules: no process stands between it and its parent, the engine."""
    words = [sys.executable, "-m", f"tests.engine.cloud.{module}", *arguments]
    file.write_text(f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(ROOT))} exec {shlex.join(words)} "$@"\n', encoding="utf-8")
    file.chmod(0o755)
