"""What is known of a node: from its folder, and only while the process that it names lives."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from arcos.local import processes as proc
from arcos.local import state


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ARCOS_HOME", str(tmp_path))
    folder = state.site_folder("x") / "run"
    folder.mkdir(parents=True)
    return folder


def record(**changed: object) -> dict[str, Any]:
    pid = os.getpid()
    known = {"pid": pid, "ticks": proc.start_ticks(pid), "boot": proc.boot_id(), "started": 0.0}
    return {"simulate": True, "ports": {"api": 1}, "settings": {}, **known, **changed}


def test_a_site_that_was_never_started_is_stopped(run: Path) -> None:
    assert state.read("y") == state.NodeState(site="y")


def test_a_running_site_says_since_when_and_where(run: Path) -> None:
    (run / "node.json").write_text(json.dumps(record()))

    known = state.read("x")

    assert known.running
    assert known.phase == "starting", "until the supervisor says otherwise"
    assert known.started == "1970-01-01T00:00:00+00:00"
    assert known.as_dict()["ports"] == {"api": 1}


@pytest.mark.parametrize("changed", [{"ticks": 1}, {"boot": "another"}, {"pid": 2**22 + 1}])
def test_another_process_with_the_same_number_is_not_taken_for_the_holder(
    run: Path, changed: dict[str, object]
) -> None:
    (run / "node.json").write_text(json.dumps(record(**changed)))

    known = state.read("x")

    assert not known.running
    assert "was killed" in known.problems[0], "the dead holder is noticed and named"


def test_a_process_that_is_down_in_a_ready_site_is_a_problem(run: Path) -> None:
    down = {"pid": 0, "ready": False, "restarts": 3, "ended": "killed by signal 9"}
    (run / "node.json").write_text(json.dumps(record()))
    (run / "processes.json").write_text(json.dumps({"phase": "ready", "problem": "", "processes": {"etcd": down}}))

    assert state.read("x").problems == ("etcd is not running: killed by signal 9",)
