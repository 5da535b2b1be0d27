"""A copy of the project with its own state and cluster, and how tests run commands in it."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from arcos.local.ports import free_ports
from arcos.paths import ROOT, cache_dir

#: Seconds: a whole site comes up in a minute where nothing else runs.
_PATIENCE = 900


@dataclass(frozen=True)
class Project:
    """The copy, and the environment its commands run in."""

    folder: Path
    #: Never shown: it is the whole environment of whoever runs the tests.
    env: dict[str, str] = field(repr=False)
    stack: str = "local"

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start a command in the project, in a process group of its own."""
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *command: str, ok: bool = True) -> str:
        """Run a command to its end and give back what it printed."""
        done = self.start(*command)
        try:
            output, _ = done.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(done.pid, signal.SIGKILL)
            output, _ = done.communicate()
            raise AssertionError(f"{' '.join(command)} took longer than {_PATIENCE} s:\n{output}") from None
        if ok:
            assert done.returncode == 0, f"{' '.join(command)} left with {done.returncode}:\n{output}"
        else:
            assert done.returncode != 0, f"{' '.join(command)} should have failed:\n{output}"
        return output

    def arcosctl(self, *arguments: str, ok: bool = True) -> str:
        """Run arcosctl from this copy of its code: the Python environment is shared, and would bring the other."""
        return self.run(f"{self.folder}/.venv/bin/python", "-m", "arcos", *arguments, ok=ok)

    def pulumi(self, *arguments: str, ok: bool = True) -> str:
        """Run pulumi on the stack."""
        return self.run(*self.command(*arguments), ok=ok)

    def json(self, *arguments: str) -> Any:
        """What pulumi prints with `--json`, without the warnings before it."""
        output = self.pulumi(*arguments, "--json")
        return json.loads(output[output.index("{") :])

    def destroy(self) -> str:
        """Remove everything, as somebody does who has said that the data may go."""
        self.pulumi("state", "unprotect", "--all", "--yes")
        return self.pulumi("destroy", "--yes", "--skip-preview")

    def command(self, *arguments: str) -> tuple[str, ...]:
        """Pulumi's command line for the stack."""
        return ("pulumi", *arguments, "--stack", self.stack, "--non-interactive", "--color=never")

    def inputs(self) -> dict[str, dict[str, Any]]:
        """What the engine holds of every Kubernetes object, by kind/namespace/name."""
        state = json.loads(self.pulumi("stack", "export"))
        return {
            identify(resource["inputs"]): resource["inputs"]
            for resource in state["deployment"].get("resources", [])
            if resource["type"].startswith("kubernetes:")
        }


def copy_project(base: Path, env: dict[str, str] | None = None, stack: str = "local") -> Project:
    """The project below `base`, with a home of its own; its local site has ports that nobody else has."""
    folder, home = base / "project", base / "home"
    ignored = shutil.ignore_patterns(".git", ".venv*", "*_cache", "__pycache__", "rendered")
    shutil.copytree(ROOT, folder, ignore=ignored)
    environment(folder / ".venv")
    home.mkdir()
    cache_dir().mkdir(parents=True, exist_ok=True)
    (home / "cache").symlink_to(cache_dir())
    http, https, api = free_ports(3)
    local = folder / "stacks" / "Pulumi.local.yaml"
    ports = f"{{kind: local, httpPort: {http}, httpsPort: {https}, apiPort: {api}}}"
    local.write_text(local.read_text(encoding="utf-8").replace("{kind: local}", ports), encoding="utf-8")
    return Project(folder, engine_env(base) | {"ARCOS_HOME": str(home)} | (env or {}), stack)


def environment(folder: Path) -> None:
    """The checkout's Python environment, but for what pip says of it: that is asked once a run of all tests.

    The engine asks before each command, which takes longer than most commands' own work.
    """
    programs = folder / "bin"
    programs.mkdir(parents=True)
    for one in (ROOT / ".venv" / "bin").iterdir():
        if not one.name.startswith("python"):
            (programs / one.name).symlink_to(one)
    lines = ["#!/bin/sh", 'case "$*" in']
    for number, asked in enumerate((("--version",), ("list", "--format", "json"))):
        kept = folder / f"pip-{number}"
        kept.write_text(_pip(*asked), encoding="utf-8")
        lines.append(f'"-m pip {" ".join(asked)}") exec cat {shlex.quote(str(kept))} ;;')
    lines += ["esac", f'exec {shlex.quote(str(ROOT / ".venv" / "bin" / "python"))} "$@"', ""]
    (programs / "python").write_text("\n".join(lines), encoding="utf-8")
    (programs / "python").chmod(0o755)


@cache
def _pip(*asked: str) -> str:
    command = [ROOT / ".venv" / "bin" / "python", "-m", "pip", *asked]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def engine_env(base: Path) -> dict[str, str]:
    """An environment in which the engine keeps everything below `base` and fetches nothing."""
    state, home = base / "state", base / "pulumi-home"
    state.mkdir(exist_ok=True)
    home.mkdir(exist_ok=True)
    # A file where its folder of logs would be: it writes down every property anew, a third of its own work, and has no
    # switch for it.
    (home / "logs").touch()
    return {
        **os.environ,
        "PULUMI_BACKEND_URL": f"file://{state}",
        "PULUMI_CONFIG_PASSPHRASE": "not a secret: this state lives as long as the test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_HOME": str(home),
    }


def identify(manifest: dict[str, Any]) -> str:
    """Kind/namespace/name of an object."""
    metadata = manifest["metadata"]
    return f"{manifest['kind']}/{metadata.get('namespace', '')}/{metadata['name']}"
