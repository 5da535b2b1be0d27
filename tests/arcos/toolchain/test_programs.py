"""The programs of a local cluster: from the PATH where they fit, else built once from the pinned modules."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from arcos.errors import USAGE, ArcosError
from arcos.progress import Progress
from arcos.toolchain.programs import Module, build, ensure, modules, on_path, recipe

QUIET = Progress(quiet=True)
MODULES = """
modules:
  - folder: tools
    packages: ["."]
    file: multi
    ldflags: ["-X main.version=1.2.3"]
    seconds: 2
    programs:
      - {name: first, version: 1.2.3, ask: [first, --version], find: 'version (\\S+)'}
      - {name: second, version: 1.2.3}
"""
MAIN = """package main

import ("fmt"; "os"; "path/filepath")

var version = "none"

func main() { fmt.Println(filepath.Base(os.Args[0]), "version", version) }
"""


@pytest.fixture
def toolchain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A toolchain of one small module, and an empty cache."""
    monkeypatch.setenv("ARCOS_HOME", str(tmp_path / "home"))
    folder = tmp_path / "toolchain"
    (folder / "tools").mkdir(parents=True)
    (folder / "programs.yaml").write_text(MODULES)
    (folder / "tools" / "go.mod").write_text("module example.com/tools\n\ngo 1.25\n")
    (folder / "tools" / "main.go").write_text(MAIN)
    return folder


def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prints: str) -> Path:
    """A program `first` on the PATH."""
    program = tmp_path / "bin" / "first"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho '{prints}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return program


def test_the_toolchain_file_is_understood_and_names_no_program_twice() -> None:
    names = [program.name for module in modules() for program in module.programs]
    assert len(names) == len(set(names))
    assert {"kube-apiserver", "kubelet", "containerd", "crane"} <= set(names)


def test_an_unknown_program_is_refused_with_those_there_are(toolchain: Path) -> None:
    with pytest.raises(ArcosError) as caught:
        ensure(["first", "third"], QUIET, toolchain)
    assert caught.value.exit_code == USAGE
    assert "third" in caught.value.what
    assert "first, second" in caught.value.why


@pytest.mark.parametrize(
    ("prints", "taken"), [("first version 1.2.3", True), ("first version 1.2.30", False), ("", False)]
)
def test_the_paths_program_is_taken_at_the_right_version_only(
    toolchain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prints: str, taken: bool
) -> None:
    program = installed(tmp_path, monkeypatch, prints)
    assert on_path(modules(toolchain)[0].programs[0]) == (program if taken else None)


def test_a_program_without_a_question_is_never_looked_for(toolchain: Path) -> None:
    assert on_path(modules(toolchain)[0].programs[1]) is None, "another program may have its name"


def test_the_recipe_changes_with_every_source_and_with_nothing_else(toolchain: Path) -> None:
    module = modules(toolchain)[0]
    first = recipe(module, "1.26.6", toolchain)
    (toolchain / "tools" / "notes.txt").write_text("x")
    (toolchain / "tools" / "main_test.go").write_text("package main")
    assert recipe(module, "1.26.6", toolchain) == first
    assert recipe(module, "1.26.7", toolchain) != first
    (toolchain / "tools" / "main.go").write_text(MAIN + "\n")
    assert recipe(module, "1.26.6", toolchain) != first


@pytest.mark.api
def test_programs_are_built_once_and_answer_to_their_names(toolchain: Path) -> None:
    folder = ensure(["first", "second"], QUIET, toolchain)
    for name in ("first", "second"):
        said = subprocess.run([folder / name], capture_output=True, text=True, check=True).stdout
        assert said == f"{name} version 1.2.3\n", "a program of several knows itself by its name"
    built = (folder / "first").readlink()
    before = built.stat().st_mtime_ns
    assert ensure(["second", "first"], QUIET, toolchain) == folder
    assert built.stat().st_mtime_ns == before, "the second time nothing is built"


@pytest.mark.api
def test_a_build_that_fails_says_why_and_leaves_nothing(toolchain: Path, tmp_path: Path) -> None:
    (toolchain / "tools" / "main.go").write_text("package main\n\nfunc main() { undefinedThing() }\n")
    module: Module = modules(toolchain)[0]
    with pytest.raises(ArcosError) as caught:
        build(module, QUIET, toolchain)
    assert "undefinedThing" in caught.value.why
    left = [path.name for path in (tmp_path / "home" / "cache" / "toolchain").glob("*tools*") if path.is_dir()]
    assert left == []
