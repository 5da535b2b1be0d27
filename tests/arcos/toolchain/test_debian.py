"""What Debian brings: installed by root, else named with the command that installs it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from arcos.errors import ArcosError
from arcos.progress import Progress
from arcos.toolchain.debian import ensure_debian, missing

QUIET = Progress(quiet=True)
WANTED = {"sh": "dash", "arcos-missing": "arcos-package"}


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose PATH has `sh`, and an apt-get that logs what it is told and installs what it can."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "sh").symlink_to("/bin/sh")
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return folder


def apt_get(folder: Path, script: str) -> Path:
    program = folder / "apt-get"
    program.write_text(f'#!/bin/sh\necho "$@" >> {folder}/log\n{script}\n')
    program.chmod(0o755)
    return folder / "log"


def test_nothing_is_done_where_all_is_there(machine: Path) -> None:
    log = apt_get(machine, "exit 1")
    ensure_debian({"sh": "dash"}, QUIET)
    assert not log.exists()
    assert missing(WANTED) == {"arcos-missing": "arcos-package"}


def test_root_gets_the_missing_packages_and_only_those(machine: Path) -> None:
    log = apt_get(machine, f"/bin/ln -s /bin/true {machine}/arcos-missing")
    ensure_debian(WANTED, QUIET)
    assert log.read_text().endswith("install --yes --no-install-recommends arcos-package\n")


def test_the_package_list_is_brought_up_to_date_where_it_does_not_know_the_package(machine: Path) -> None:
    script = f"""case "$*" in
      *update) /bin/touch {machine}/updated;;
      *) test -e {machine}/updated || {{ echo 'E: Unable to locate package' >&2; exit 100; }}
         /bin/ln -s /bin/true {machine}/arcos-missing;;
    esac"""
    log = apt_get(machine, script)
    ensure_debian(WANTED, QUIET)
    assert len(log.read_text().splitlines()) == 3


def test_apts_own_error_is_passed_on(machine: Path) -> None:
    apt_get(machine, "echo 'W: slow' >&2; echo 'E: Could not resolve host' >&2; exit 100")
    with pytest.raises(ArcosError) as caught:
        ensure_debian(WANTED, QUIET)
    assert caught.value.why == "Could not resolve host"


def test_who_is_not_root_is_told_the_command(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    log = apt_get(machine, "")
    with pytest.raises(ArcosError) as caught:
        ensure_debian(WANTED, QUIET)
    assert "sudo apt-get install" in caught.value.fix.replace("update && sudo apt-get ", "")
    assert "arcos-package" in caught.value.fix
    assert not log.exists()


def test_another_system_is_told_what_to_install(machine: Path) -> None:
    with pytest.raises(ArcosError) as caught:
        ensure_debian(WANTED, QUIET)
    assert "arcos-missing" in caught.value.what
    assert "Debian" in caught.value.why
