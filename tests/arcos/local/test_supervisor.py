"""The supervisor: order, restarts, logs and an orderly end, with real processes."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from arcos.local import lock, supervisor
from arcos.local import processes as proc
from arcos.paths import ROOT


def test_processes_end_before_what_they_stand_on() -> None:
    after = {"etcd": [], "api": ["etcd"], "containerd": [], "kubelet": ["api", "containerd"], "scheduler": ["api"]}

    order = list(supervisor.waves(after))

    assert [sorted(wave) for wave in order] == [["kubelet", "scheduler"], ["api", "containerd"], ["etcd"]]


def test_a_process_that_dies_again_and_again_is_started_ever_later() -> None:
    process = supervisor.Process({"name": "a", "argv": ["/bin/false"], "after": [], "ready": ""}, "log")
    pauses = []
    for _ in range(9):
        process.since = 100.0
        process.died("exit code 1", 101.0)
        pauses.append(process.not_before - 101.0)

    assert pauses == sorted(pauses), "each pause is at least as long as the one before"
    assert pauses[-1] == supervisor.LONGEST_PAUSE, "but it goes on being tried"
    process.died("exit code 1", 100.0 + 2 * supervisor.FORGET)
    assert process.not_before - (100.0 + 2 * supervisor.FORGET) == supervisor.FIRST_PAUSE, "a long good run is forgiven"


def test_a_log_that_grew_too_long_is_kept_once_and_begun_anew(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    with log.open("a") as writer:  # as a running program has it open
        writer.write("old\n")
        writer.flush()
        supervisor._keep_one_old(str(log))
        writer.write("new\n")

    assert log.read_text() == "new\n"
    assert (tmp_path / "a.log.old").read_text() == "old\n"


def test_what_stays_in_memory_imports_no_package_of_the_virtual_environment() -> None:
    code = (
        "import sys, arcos.local.supervisor, arcos.local.holder, arcos.local.mounts;"
        "print([m for m in ('rich', 'pydantic', 'ssl', 'pathlib', 'dataclasses', 'subprocess') if m in sys.modules])"
    )
    command = [sys.executable, "-S", "-c", code]
    done = subprocess.run(command, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]", "the supervisor stays for as long as a site runs"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("run", "logs"):
        (tmp_path / name).mkdir()
    return tmp_path


def run(folder: Path, *listed: dict[str, Any]) -> int:
    """Start a supervisor as a simulated site's; it has detached when this returns its number."""
    spec = {
        "simulate": True,
        "folder": str(folder),
        "cgroup": "",
        "environment": {"PATH": os.defpath},
        "processes": list(listed),
        "record": {"site": "test", "simulate": True, "ports": {}, "settings": {}},
    }
    (folder / "run" / "spec.json").write_text(json.dumps(spec))
    with lock.hold(folder / "lock", "site test") as held:
        command = [sys.executable, "-S", "-m", "arcos.local.supervisor", str(held), str(folder / "run" / "spec.json")]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True, pass_fds=(held,))
    pid: int = json.loads((folder / "run" / "node.json").read_text())["pid"]
    return pid


def shell(name: str, script: str, *after: str) -> dict[str, Any]:
    return {"name": name, "argv": ["/bin/sh", "-c", script], "after": list(after), "ready": ""}


def state(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "run" / "processes.json").read_text())
    return content


def wait_until(folder: Path, phase: str) -> dict[str, Any]:
    for _ in itertools.repeat(None, 100):
        time.sleep(0.1)
        if (folder / "run" / "processes.json").exists() and state(folder)["phase"] == phase:
            return state(folder)
    raise AssertionError(f"never {phase}: {state(folder)}")


def test_a_process_starts_after_what_it_needs_and_ends_before_it(folder: Path) -> None:
    script = "trap 'echo end NAME >> ORDER; exit' TERM; echo start NAME >> ORDER; while :; do sleep 0.05; done"
    script = script.replace("ORDER", f"{folder}/order")
    listed = [
        shell("second", script.replace("NAME", "second"), "first"),
        shell("first", script.replace("NAME", "first")),
    ]
    pid = run(folder, *listed)
    wait_until(folder, "ready")
    time.sleep(0.3)

    proc.end(pid, 10)

    assert (folder / "order").read_text().split("\n")[:-1] == ["start first", "start second", "end second", "end first"]
    assert not (folder / "run" / "node.json").exists(), "its record goes with it"


def test_its_children_get_no_file_of_ours_and_die_with_it(folder: Path) -> None:
    pid = run(folder, shell("one", "ls -l /proc/$$/fd > files; exec sleep 1000".replace("files", f"{folder}/files")))
    child = wait_until(folder, "ready")["processes"]["one"]["pid"]
    time.sleep(0.3)

    os.kill(pid, signal.SIGKILL)

    time.sleep(0.3)
    assert proc.start_ticks(child) is None, "no process outlives the supervisor"
    opened = [line for line in (folder / "files").read_text().splitlines() if "->" in line]
    assert not [line for line in opened if "/run/held" in line], "the lock is the supervisor's alone"


def test_one_site_has_one_supervisor(folder: Path) -> None:
    pid = run(folder, shell("one", "exec sleep 1000"))
    wait_until(folder, "ready")
    try:
        with pytest.raises(subprocess.CalledProcessError):
            run(folder, shell("one", "exec sleep 1000"))
        assert "held by another process" in (folder / "logs" / "supervisor.log").read_text()
    finally:
        proc.end(pid, 10)


def test_a_program_that_is_not_there_says_so_in_its_log(folder: Path) -> None:
    pid = run(folder, {"name": "none", "argv": ["/no/such/program"], "after": [], "ready": "tcp:1"})
    try:
        time.sleep(1)
        assert "/no/such/program cannot be started" in (folder / "logs" / "none.log").read_text()
        assert state(folder)["processes"]["none"]["restarts"] >= 1
    finally:
        proc.end(pid, 10)
