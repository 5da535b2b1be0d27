"""Programs that Debian brings: installed where that is possible, else named with the command that installs them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping

from arcos.errors import ArcosError
from arcos.progress import Progress

#: Some users' PATH lacks the folders where Debian puts programs for root.
_FOLDERS = os.pathsep.join(("/usr/local/sbin", "/usr/sbin", "/sbin"))


def missing(programs: Mapping[str, str]) -> dict[str, str]:
    """Those of `programs` (program to package) that this machine lacks."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), _FOLDERS))
    return {program: package for program, package in programs.items() if not shutil.which(program, path=path)}


def ensure_debian(programs: Mapping[str, str], progress: Progress) -> None:
    """Have each program on this machine.

    Args:
        programs: Program to the Debian package that holds it.
        progress: Told what is installed.

    Raises:
        ArcosError: One is missing and cannot be installed; with the command that does.
    """
    lacking = missing(programs)
    if not lacking:
        return
    packages = sorted(set(lacking.values()))
    by_hand = f"sudo apt-get update && sudo apt-get install --no-install-recommends {' '.join(packages)}"
    if not shutil.which("apt-get"):
        raise ArcosError(
            f"missing on this machine: {', '.join(sorted(lacking))}",
            why="they are installed by themselves on Debian and Ubuntu only",
            fix=f"install what your system calls {', '.join(packages)}",
        )
    if os.geteuid() != 0:
        raise ArcosError(
            f"missing on this machine: {', '.join(sorted(lacking))}", why="only root can install them", fix=by_hand
        )
    with progress.step(f"installing {', '.join(packages)}"):
        said = _install(packages) and (_apt("update") or _install(packages))
    if said or (lacking := missing(programs)):
        raise ArcosError(
            f"could not install {', '.join(packages)}",
            why=said or f"the packages do not hold {', '.join(sorted(lacking))}",
            fix=by_hand,
        )


def _install(packages: list[str]) -> str:
    return _apt("install", "--yes", "--no-install-recommends", *packages)


def _apt(*arguments: str) -> str:
    """Run apt-get and return why it failed, or "". Another apt-get is waited for."""
    done = subprocess.run(
        ["apt-get", "--quiet", "--option", "DPkg::Lock::Timeout=120", *arguments],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode == 0:
        return ""
    errors = [line for line in done.stderr.splitlines() if line.startswith("E: ")]
    return errors[0].removeprefix("E: ") if errors else f"apt-get {arguments[0]} left with {done.returncode}"
