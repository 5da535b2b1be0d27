"""`apply` killed, doubled and cut off from its cluster: the next run always converges, and the record never lies."""

from __future__ import annotations

import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from arcos.apply.kubectl import find
from arcos.apply.manifest import identify
from arcos.errors import BUSY, ArcosError

pytestmark = pytest.mark.api

KILLER = """#!/bin/sh
# kubectl that kills its caller before its nth call is carried out, or after it.
n=$(($(cat {count} 2>/dev/null || echo 0) + 1)); echo $n >{count}; echo "$n $*" >>{count}.log
[ $n = "{kill}" ] && [ {when} = before ] && kill -9 $PPID && exit 1
{kubectl} "$@"; code=$?
[ $n = "{kill}" ] && [ {when} = after ] && kill -9 $PPID
exit $code
"""


@pytest.fixture
def killer(tmp_path):
    """A kubectl that kills whoever runs it, at the nth call; n = 0 never does and only counts."""

    def make(kill, when):
        count = tmp_path / f"count-{kill}-{when}"
        count.unlink(missing_ok=True)
        shim = tmp_path / f"kubectl-{kill}-{when}"
        shim.write_text(KILLER.format(count=count, kubectl=find(), kill=kill, when=when))
        shim.chmod(0o755)
        return shim, count

    return make


def states(cluster):
    """Two states of one site; going from one to the other creates, changes, keeps and prunes."""
    space = cluster.make("Namespace", cluster.site)
    stays = [space, cluster.make("ConfigMap", "stays", data={"text": "same"}), cluster.deployment("stays")]
    first = [*stays, *(cluster.make("ConfigMap", f"first-{n}") for n in range(8)), cluster.deployment("first"),
             cluster.make("ConfigMap", "changes", data={"text": "first"})]  # fmt: skip
    second = [*stays, *(cluster.make("ConfigMap", f"second-{n}") for n in range(8)), cluster.deployment("second"),
              cluster.make("ConfigMap", "changes", data={"text": "second"})]  # fmt: skip
    return first, second


class Check:
    """The promises, after a kill and after the run that follows it."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.uids = {}

    def after_a_kill(self, where):
        unknown = set(self.cluster.ours()) - self.cluster.recorded()
        assert not unknown, f"{where}: made, but not in the record, so they would never be pruned: {unknown}"

    def converged(self, wanted, where):
        there = self.cluster.ours()
        ids = {identify(one) for one in wanted}
        assert set(there) == ids, f"{where}: exactly what is wanted is there"
        assert self.cluster.recorded() == ids, f"{where}: the record is exact"
        text = {"text": wanted[-1]["data"]["text"]}
        assert there[identify(wanted[-1])]["data"] == text, f"{where}: changes are made"
        stayed = {this: one["metadata"]["uid"] for this, one in there.items() if this.name == "stays"}
        assert self.uids in ({}, stayed), f"{where}: what stays was never made anew"
        self.uids = stayed
        lease = self.cluster.get("lease", f"arcos-up-{self.cluster.site}", "kube-system")
        assert lease is None, f"{where}: the lock is free"


def finish(process, expected=0):
    output, _ = process.communicate(timeout=120)
    assert process.returncode == expected, output
    return output


def test_killed_before_and_after_each_of_its_calls_it_converges_in_the_next_run(cluster, killer):
    states_ = states(cluster)
    check = Check(cluster)
    finish(cluster.worker(states_[0]))
    check.converged(states_[0], "at first")
    shim, count = killer(0, "never")
    finish(cluster.worker(states_[1], shim=shim))
    calls = int(count.read_text())
    assert calls >= 9, "a run that changes and prunes has that many steps to die between"
    moments = [(n, "before") for n in range(2, calls + 1)] + [(n, "after") for n in range(1, calls + 1, 2)]
    for turn, (n, when) in enumerate(moments):
        wanted = states_[turn % 2]
        shim, _ = killer(n, when)
        finish(cluster.worker(wanted, shim=shim), expected=-signal.SIGKILL)
        check.after_a_kill(f"{when} call {n}")
        finish(cluster.worker(wanted))
        check.converged(wanted, f"{when} call {n}")


#: With those between the calls above, about thirty moments.
MOMENTS = 12


def test_killed_at_moments_spread_over_the_run_it_converges_in_the_next_run(cluster):
    states_ = states(cluster)
    check = Check(cluster)
    finish(cluster.worker(states_[0]))
    start = time.monotonic()
    finish(cluster.worker(states_[1]))
    whole = time.monotonic() - start
    killed = 0
    for moment in range(MOMENTS):
        wanted = states_[moment % 2]
        process = cluster.worker(wanted)
        time.sleep(whole * (0.12 + 0.88 * moment / MOMENTS))  # Python needs the first tenth to start
        process.send_signal(signal.SIGKILL)
        process.communicate()
        killed += process.returncode == -signal.SIGKILL
        check.after_a_kill(f"moment {moment}")
        finish(cluster.worker(wanted))
        check.converged(wanted, f"moment {moment}")
    assert killed >= MOMENTS / 2, "most of the kills must have hit a running process, or nothing was tested"


SLOW = """#!/bin/sh
case "$*" in *--server-side*) echo started >{mark}; sleep 8;; esac
exec {kubectl} "$@"
"""


@pytest.fixture
def slow(cluster, tmp_path):
    """A worker that stays in its apply step for 8 s; returns once it is there."""

    def start(manifests, *options):
        mark, shim = tmp_path / "mark", tmp_path / "slow-kubectl"
        shim.write_text(SLOW.format(mark=mark, kubectl=find()))
        shim.chmod(0o755)
        process = cluster.worker(manifests, *options, shim=shim)
        started.append(process)
        while not mark.exists():
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.05)
        return process

    started = []
    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_second_run_at_the_same_time_is_refused_within_a_second_naming_the_holder(cluster, slow):
    wanted = states(cluster)[0]
    first = slow(wanted)
    start = time.monotonic()
    with pytest.raises(ArcosError) as caught:
        cluster.apply(wanted)
    taken = time.monotonic() - start
    assert caught.value.exit_code == BUSY
    assert f"process {first.pid}" in caught.value.why
    assert f"@{socket.gethostname()}" in caught.value.why
    assert "worker.py" in caught.value.why
    assert taken < 3, "refused at once (a second on an idle machine)"
    finish(first)
    Check(cluster).converged(wanted, "the first run is not disturbed")


def test_a_holder_that_was_killed_on_this_machine_is_noticed_at_once(cluster, slow):
    wanted = states(cluster)[0]
    first = slow(wanted)
    first.kill()
    first.communicate()
    start = time.monotonic()
    output = finish(cluster.worker(wanted))
    assert "taking over the lock" in output
    assert f"process {first.pid}" in output
    assert time.monotonic() - start < 20, "not after the lease's minute"
    Check(cluster).converged(wanted, "after taking over")


def test_ctrl_c_gives_the_lock_back(cluster, slow):
    first = slow(states(cluster)[0])
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=30)
    assert cluster.get("lease", f"arcos-up-{cluster.site}", "kube-system") is None


def test_a_control_plane_that_restarts_under_a_running_apply_is_waited_for(cluster):
    """The API server is killed twice, at different moments, while runs go on one after the other."""
    states_ = states(cluster)
    cluster.apply(states_[0])
    done, errors = [], []

    def work():
        for turn in range(6):
            try:
                done.append(cluster.apply(states_[turn % 2]))
            except ArcosError as error:  # only the first call of a run is not repeated
                errors.append(error)

    worker = threading.Thread(target=work)
    worker.start()
    for _ in range(2):
        time.sleep(1.7)
        cluster.plane.kill_api_server()
    worker.join()
    assert done, "runs went on"
    other = [error for error in errors if "does not answer" not in str(error)]
    assert not other, f"what failed says so in one sentence: {other[0]}"
    cluster.kubectl.patient(90).run("get", "--raw", "/readyz")
    cluster.apply(states_[1])
    Check(cluster).converged(states_[1], "after the restarts")


def test_kubectl_ends_with_a_killed_run_so_that_no_orphan_changes_the_cluster(cluster, slow, tmp_path):
    first = slow(states(cluster)[0])
    everyone = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    children = [pid for pid in everyone if parent(pid) == first.pid]
    assert children, "it is waiting for its kubectl"
    first.kill()
    first.communicate()
    time.sleep(0.3)
    assert not [pid for pid in children if parent(pid) is not None]


def parent(pid):
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[1])
