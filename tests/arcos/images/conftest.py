"""Images of the tests' own, in a cache of their own, built with the user's Go cache so that it takes seconds."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from arcos.images.catalogue import Image, find
from arcos.paths import IMAGES, cache_dir
from arcos.progress import Progress
from arcos.toolchain.go import go
from arcos.toolchain.programs import ensure


@pytest.fixture
def progress() -> Progress:
    return Progress(quiet=True)


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, progress: Progress) -> Path:
    """An empty cache, but for what a test of images does not want to wait for: Go, and crane."""
    shared = go(progress, exactly=True).program.parents[2]
    ensure(["crane"], progress)
    toolchain = cache_dir() / "toolchain"
    home = tmp_path / "home"
    (home / "cache" / "toolchain").mkdir(parents=True)
    for folder in (shared, *toolchain.glob("crane-*"), *toolchain.glob("programs-*")):
        if folder.parent == toolchain and folder.is_dir():
            (home / "cache" / "toolchain" / folder.name).symlink_to(folder)
    monkeypatch.setenv("ARCOS_HOME", str(home))
    return home / "cache"


@pytest.fixture
def image(tmp_path: Path) -> Image:
    """A copy of the smallest image, that a test may change."""
    shutil.copytree(IMAGES / "pause", tmp_path / "images" / "pause")
    return find("pause", tmp_path / "images")
