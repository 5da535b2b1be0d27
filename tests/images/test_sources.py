"""The Go programs in `images/` are in form, free of suspicious code, and pass their own tests."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from arcos.paths import IMAGES, ROOT
from arcos.progress import Progress
from arcos.toolchain.go import go

pytestmark = pytest.mark.api  # compiles, as that tier does

MODULES = sorted(file.parent for file in (*IMAGES.glob("*/go.mod"), *(ROOT / "arcos" / "images").glob("*/go.mod")))

#: The others only lock what is built of somebody else's module.
WRITTEN_HERE = [module for module in MODULES if any(module.rglob("*.go"))]


@pytest.mark.parametrize("module", WRITTEN_HERE, ids=lambda module: module.name)
def test_the_source_is_formatted(module: Path) -> None:
    gofmt = go(Progress(quiet=True)).program.with_name("gofmt")
    said = subprocess.run([gofmt, "-l", "."], cwd=module, capture_output=True, text=True, check=True)
    assert said.stdout == "", f"gofmt -w {module}"


@pytest.mark.parametrize("module", WRITTEN_HERE, ids=lambda module: module.name)
def test_vet_finds_nothing_and_the_tests_pass(module: Path) -> None:
    compiler = go(Progress(quiet=True), exactly=True)  # the one whose cache the images fill
    compiler.run(["vet", "./..."], module)
    compiler.run(["test", "./..."], module)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_only_a_module_with_dependencies_locks_any(module: Path) -> None:
    requires = "require" in (module / "go.mod").read_text()
    assert (module / "go.sum").exists() == requires


@pytest.mark.parametrize("name", ["cluster-state", "dashboards", "node-pools", "pause", "seeder", "welcome"])
def test_our_own_programs_need_nothing_but_the_standard_library(name: str) -> None:
    assert "require" not in (IMAGES / name / "go.mod").read_text()


def test_files_stay_short() -> None:
    long = {
        str(file.relative_to(ROOT)): lines
        for file in IMAGES.rglob("*")
        if file.suffix in {".go", ".html", ".css", ".js"} and (lines := len(file.read_text().splitlines())) > 300
    }
    assert long == {}
