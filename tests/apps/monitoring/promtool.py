"""Prometheus's and Alertmanager's own checkers, compiled from the modules of their images and kept in the cache."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

from arcos.paths import IMAGES, cache_dir
from arcos.progress import Progress
from arcos.toolchain.cache import made_once
from arcos.toolchain.go import go

_PACKAGES = {
    "promtool": ("prometheus", "github.com/prometheus/prometheus/cmd/promtool", ["-tags", "remove_all_sd"]),
    "amtool": ("alertmanager", "github.com/prometheus/alertmanager/cmd/amtool", []),
}


def checker(name: str) -> Path:
    """The program; compiled where the cache has none of the locked version."""
    image, package, flags = _PACKAGES[name]
    module = IMAGES / image
    version = hashlib.sha256((module / "go.mod").read_bytes() + (module / "go.sum").read_bytes()).hexdigest()[:16]
    folder = cache_dir() / "tests" / f"{name}-{version}"

    def compile_into(into: Path) -> None:
        compiler = go(Progress(quiet=True), exactly=True)  # the one whose cache the images fill
        compiler.run(["build", *flags, "-ldflags", "-s -w", "-o", str(into / name), package], module)

    made_once(folder, compile_into)
    return folder / name


def says(*command: str | Path, cwd: Path) -> str:
    """What a checker prints; it must be content."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{Path(command[0]).name} refuses:\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr
