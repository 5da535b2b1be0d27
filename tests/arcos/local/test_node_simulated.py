"""A simulated site: a real control plane, nodes that are not there, no root."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from arcos.errors import ArcosError
from arcos.local import node, ports, prepare, processes
from arcos.local.state import site_folder
from arcos.paths import ROOT
from arcos.progress import Progress
from tests.arcos.local import manifests as make
from tests.arcos.local.conftest import Local, eventually, make_site

pytestmark = pytest.mark.api


def test_workloads_run_jobs_complete_and_volumes_bind(simulated: Local) -> None:
    simulated.up()
    web = {"metadata": {"labels": {"app": "web"}}, "spec": make.pod("web", "any", claim="data")["spec"]}
    deployment = {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": web}
    once = {"spec": make.pod("once", "any")["spec"] | {"restartPolicy": "Never"}}
    simulated.kubectl(
        "apply",
        "-f",
        "-",
        stdin=make.everything(
            make.STORAGE,
            make.claim("data"),
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": deployment},
            {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once"}, "spec": {"template": once}},
        ),
    )

    simulated.kubectl("wait", "--for=condition=Complete", "job/once", "--timeout=60s")
    simulated.kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    assert len(simulated.get("nodes")["items"]) == 3, "as many nodes as the site file says"
    assert simulated.get("pvc", "data")["status"]["phase"] == "Bound"


def test_the_machines_authority_is_in_the_cluster_and_data_outlives_a_restart(simulated: Local, home: Path) -> None:
    simulated.up()
    secret = simulated.get("secret", "arcos-local-ca", "-n", "kube-system")
    simulated.kubectl("create", "configmap", "kept", "--from-literal=a=b")

    simulated.down()
    simulated.up()

    assert set(secret["data"]) == {"ca.crt", "ca.key"}, "the seeding jobs look for these names"
    assert simulated.get("configmap", "kept")["data"] == {"a": "b"}
    assert simulated.get("secret", "arcos-local-ca", "-n", "kube-system")["data"] == secret["data"]


def test_its_processes_die_with_the_supervisor_and_up_brings_them_back(simulated: Local) -> None:
    state = simulated.up()
    assert simulated.up().pid == state.pid, "a second up leaves a running site alone"

    os.kill(state.pid, signal.SIGKILL)
    time.sleep(1)

    gone = simulated.state
    assert not gone.running, "a dead holder is noticed"
    assert str(state.pid) in gone.problems[0], "and named"
    left = [one.name for one in state.processes if processes.start_ticks(one.pid)]
    assert left == [], "no process outlives the supervisor"
    assert simulated.up().phase == "ready"


def test_a_killed_process_is_restarted(simulated: Local) -> None:
    simulated.up()
    os.kill(simulated.process("kube-scheduler"), signal.SIGKILL)
    time.sleep(0.3)

    deadline = time.monotonic() + 20
    while simulated.state.problems or simulated.process("kube-scheduler") == 0:
        assert time.monotonic() < deadline, simulated.state
        time.sleep(0.2)
    assert next(one.restarts for one in simulated.state.processes if one.name == "kube-scheduler") == 1


def test_many_run_side_by_side_whatever_their_ports_say(simulated: Local, home: Path) -> None:
    second = Local(make_site("simulated-b", apiPort=simulated.site.cluster.api_port), simulate=True)  # type: ignore[union-attr]
    try:
        used = {simulated.up().ports["api"], second.up().ports["api"]}
        assert len(used) == 2
    finally:
        second.down(delete_data=True)


def test_up_while_another_up_is_at_work_is_refused_and_told_who(simulated: Local) -> None:
    if not (child := os.fork()):
        try:
            simulated.up()
        finally:
            os._exit(0)
    time.sleep(1)
    began = time.monotonic()

    with pytest.raises(ArcosError, match="being worked on") as refused:
        simulated.up()

    assert refused.value.exit_code == 3
    assert f"process {child} of " in refused.value.why
    assert time.monotonic() - began < 1
    os.waitpid(child, 0)
    assert simulated.state.phase == "ready", "the first up is not disturbed"


def test_a_node_that_was_starting_when_up_was_killed_is_waited_for(
    simulated: Local, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worst moment: its process was made but has not said who it is; it does so as the next `up` looks around."""
    slow = tmp_path / "python"
    slow.write_text(f'#!/bin/sh\nkill -STOP $$\nexec {sys.executable} "$@"\n')
    slow.chmod(0o755)
    if not (child := os.fork()):
        sys.executable = str(slow)
        try:
            simulated.up()
        finally:
            os._exit(0)
    eventually(lambda: [pid for pid in processes.children(child) if stopped(pid)])
    (starting,) = processes.children(child)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    record = site_folder("simulated") / "run" / "node.json"
    sweep = node._sweep

    def go_on() -> None:
        os.kill(starting, signal.SIGCONT)
        eventually(record.exists)

    def while_it_claims(name: str) -> None:
        go_on()
        sweep(name)

    monkeypatch.setattr(node, "_sweep", while_it_claims)
    later = threading.Timer(1, go_on)
    later.start()
    state = simulated.up()
    later.join()

    assert state.phase == "ready"
    specification = str(site_folder("simulated") / "run" / "spec.json")
    running = [pid for pid in processes.pids() if specification in command_line(pid)]
    assert running == [state.pid], "there is one node, and its record"


def stopped(pid: int) -> bool:
    """Whether a process was stopped by a signal, proc_pid_stat(5)."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "T"


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")
    except OSError:
        return ""


def test_a_process_that_cannot_run_ends_the_start_with_its_last_words(
    simulated: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = prepare.write

    def breaking(*arguments: object, **named: object) -> Path:
        spec = written(*arguments, **named)  # type: ignore[arg-type]
        (site_folder("simulated") / "pki" / "etcd.crt").write_text("not a certificate")
        return spec

    monkeypatch.setattr(prepare, "write", breaking)

    with pytest.raises(ArcosError, match="did not come up") as failed:
        simulated.up()

    assert "etcd ends again and again" in failed.value.why
    assert "etcd said last" in failed.value.why
    assert not simulated.state.running, "nothing half-started stays"


NO_RIGHTS = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", "--no-new-privs")
START = """
from arcos.local import node
from arcos.progress import Progress
from tests.arcos.local.conftest import make_site
site = make_site("unprivileged")
print(node.start(site, Progress(), simulate=True).phase)
node.stop(site, Progress(), delete_data=True)
"""


def test_it_needs_no_rights_of_root(home: Path) -> None:
    if not shutil.which("setpriv"):
        pytest.skip("needs setpriv (util-linux), which takes all rights away")
    command = [*NO_RIGHTS, sys.executable, "-c", START]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.stdout == "ready\n", done.stderr


def test_a_real_node_without_root_is_refused_with_the_way_out(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    with pytest.raises(ArcosError, match="needs root") as refused:
        node.start(make_site("rootless"), Progress(quiet=True))

    assert "--simulate" in refused.value.fix
    assert not site_folder("rootless").exists(), "nothing half-made"


def test_nobody_outside_this_machine_reaches_it(simulated: Local) -> None:
    state = simulated.up()
    sockets = {file for one in state.processes for file in ports._open_files(Path(f"/proc/{one.pid}"))}

    tables = [
        line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
    ]
    listening = [fields[1] for fields in tables if fields[3] == ports._LISTEN and f"socket:[{fields[9]}]" in sockets]

    assert listening, "the control plane listens somewhere"
    assert [place for place in listening if not place.startswith("0100007F:")] == [], "127.0.0.1 as proc(5) writes it"
