"""Which Go is chosen, and what its builds may depend on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from arcos.progress import Progress
from arcos.toolchain import go as module
from arcos.toolchain.go import Go, failed, go, pinned_version

QUIET = Progress(quiet=True)


def fake_go(folder: Path, version: str, **settings: str) -> None:
    """A `go` on the PATH that says it is of a version, and has been told settings with `go env -w`."""
    folder.mkdir(exist_ok=True)
    told = ", ".join(f'"{key}": "{value}"' for key, value in settings.items())
    program = folder / "go"
    program.write_text(f"#!/bin/sh\ncase $2 in GOVERSION) echo go{version};; *) echo '{{{told}}}';; esac\n")
    program.chmod(0o755)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder of the PATH with a `go`, and a cache in which the wheel's Go lies already."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("ARCOS_HOME", str(tmp_path))
    (tmp_path / "cache" / "toolchain" / f"go-{pinned_version()}" / "go" / "bin").mkdir(parents=True)
    return tmp_path / "bin"


@pytest.mark.parametrize("version", ["1.99.0", "1.100", "2.0rc1"])
def test_the_machines_go_is_taken_if_it_is_new_enough(path: Path, version: str) -> None:
    fake_go(path, version)
    assert go(QUIET) == Go(path / "go", version)


@pytest.mark.parametrize("version", ["1.9.9", "1.22.10", "devel"])
def test_an_older_go_gives_way_to_the_locked_one(path: Path, version: str) -> None:
    fake_go(path, version)
    assert go(QUIET).version == pinned_version()


def test_images_are_built_with_exactly_the_locked_go(path: Path) -> None:
    fake_go(path, "1.99.0")
    assert go(QUIET, exactly=True).version == pinned_version(), "another compiler gives other bytes"
    fake_go(path, pinned_version())
    assert go(QUIET, exactly=True).program == path / "go"


def test_a_go_that_does_not_run_is_passed_over(path: Path) -> None:
    path.mkdir()
    (path / "go").write_text("not a program")
    (path / "go").chmod(0o755)
    assert go(QUIET).version == pinned_version()


def test_where_modules_come_from_is_the_users_choice_and_what_comes_out_is_not(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_go(path, "1.99.0", GOPROXY="https://mirror.example", GOCACHE="/var/cache/go", GOPRIVATE="")
    monkeypatch.setenv("GOFLAGS", "-race")
    monkeypatch.setenv("GOEXPERIMENT", "jsonv2")
    monkeypatch.setenv("CGO_CFLAGS", "-O3")
    made = go(QUIET).environment()
    assert (made["GOPROXY"], made["GOCACHE"]) == ("https://mirror.example", "/var/cache/go")
    assert made["GOFLAGS"] == "-mod=readonly -trimpath -buildvcs=false"
    assert not {"GOEXPERIMENT", "CGO_CFLAGS", "GOPRIVATE"} & set(made), "these change the program that is built"
    assert made["GOENV"] == "off"
    assert made["PATH"] == os.environ["PATH"]


@pytest.mark.parametrize(
    ("said", "why", "fix"),
    [
        ("go: x@v1: Get https://proxy: dial tcp: lookup proxy: no such host", "could not be fetched", "network"),
        ("compile: writing output: no space left on device", "the disk is full", "free"),
        ("main.go:3: undefined: x", "undefined: x", "run the same command again"),
    ],
)
def test_a_failed_build_names_its_cause_and_what_to_do(said: str, why: str, fix: str) -> None:
    error = failed("could not build kubernetes", Path("toolchain/kubernetes"), said)
    assert why in error.why
    assert fix in error.fix


def test_the_wheel_is_locked_by_hash() -> None:
    text = module.REQUIREMENTS.read_text()
    assert "--hash=sha256:" in text
    assert "--require-hashes" in module.PIP_LOCKED
