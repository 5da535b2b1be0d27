"""`doctor` says what this machine lacks, and every lack comes with the command that mends it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from arcos import doctor
from arcos.checks import Level
from arcos.local import pki
from arcos.paths import data_dir


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCOS_HOME", str(tmp_path))


def checks(site: str = "local") -> dict[str, doctor.Check]:
    return {check.name: check for check in doctor.examine(site)}


def test_a_missing_program_is_a_failure_with_the_command_for_those_who_are_not_root(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("os.geteuid", lambda: 1000)

    found = checks()["slirp4netns"]

    assert found.level is Level.FAIL
    assert found.fix == "sudo apt-get install slirp4netns"


def test_whoever_is_not_root_is_offered_the_simulation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)

    assert "--simulate" in checks()["root"].fix


def test_an_authority_that_the_machine_does_not_trust_is_named_with_the_way_to_trust_it() -> None:
    pki.machine_authority()
    authority = data_dir() / "ca" / "ca.crt"

    found = checks()["ca"]

    assert authority.exists(), "this is the file that doctor must look at"
    assert found.level is Level.WARN
    assert str(authority) in found.fix
    assert "update-ca-certificates" in found.fix


def test_a_wrong_site_file_sends_to_check() -> None:
    found = checks("no-such-site")["site"]

    assert found.level is Level.FAIL
    assert found.fix == "./arcosctl check no-such-site"


def test_little_disk_is_said_with_the_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    full = SimpleNamespace(total=10 * 2**30, used=9 * 2**30, free=2**30)
    monkeypatch.setattr("shutil.disk_usage", lambda _path: full)

    found = checks()["disk"]

    assert found.level is Level.WARN
    assert found.detail.startswith("1 GiB free")
