"""A real node whose processes are killed: it mends itself or is gone whole, and `down` leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from arcos.local import processes as proc
from arcos.local.state import numbers_outside, site_folder
from tests.arcos.local import manifests as make
from tests.arcos.local.conftest import Local, eventually
from tests.arcos.local.test_node_real import fetch

pytestmark = pytest.mark.real


def traces(local: Local) -> dict[str, object]:
    """What a node could leave on the machine."""
    folder = str(site_folder(local.site.name))
    rules = subprocess.run(["nft", "list", "ruleset"], capture_output=True, text=True, check=True).stdout
    places = ("/var/lib/kubelet", "/var/lib/containerd", "/var/lib/cni", "/opt/cni", "/opt/containerd", "/etc/cni")
    made = [*places, "/run/containerd", "/var/log/pods", "/var/log/containers", "/run/arcos"]
    settings = ("vm/overcommit_memory", "kernel/panic", "net/ipv4/ip_forward", "net/netfilter/nf_conntrack_max")
    return {
        "mounts": sorted(Path("/proc/self/mounts").read_text().splitlines()),
        "links": sorted(path.name for path in Path("/sys/class/net").iterdir()),
        "rules": rules,
        "cgroups": sorted(str(p) for p in Path("/sys/fs/cgroup").glob(f"**/arcos-{local.site.name}*")),
        "folders": [place for place in made if Path(place).exists()],
        "sysctls": {name: _read(Path("/proc/sys") / name) for name in settings},
        "processes": [pid for pid in proc.pids() if folder in _read(Path(f"/proc/{pid}/environ"))],
    }


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError:
        return ""


def outer(local: Local, name: str) -> int:
    """The number of a process that is not the supervisor's child."""
    holder = local.state.pid
    unshare = next(pid for pid in proc.children(holder) if "unshare" in _read(Path(f"/proc/{pid}/cmdline")))
    inside = {"holder": holder, "unshare": unshare, "supervisor": numbers_outside(holder)[1]}
    if name in inside:
        return inside[name]
    if name == "slirp4netns":
        return next(pid for pid in proc.children(holder) if pid != unshare)
    shims = [
        pid for pid in numbers_outside(holder).values() if "containerd-shim" in _read(Path(f"/proc/{pid}/cmdline"))
    ]
    return shims[0]


def run_pod(local: Local) -> None:
    image, _ = local.image or ("", Path())
    local.kubectl(
        "apply", "-f", "-", stdin=make.everything(make.pod("web", image, "serve", "/x"), make.service("web", 30080))
    )


def serves(local: Local) -> bool:
    return fetch(f"http://127.0.0.1:{local.state.ports['http']}/") == "nothing yet"


@pytest.mark.parametrize("victim", ["holder", "unshare", "supervisor"])
def test_what_holds_the_node_is_killed_and_all_of_it_is_gone_but_its_data(other: Local, victim: str) -> None:
    before = traces(other)
    other.up()
    run_pod(other)
    eventually(lambda: serves(other))

    os.kill(outer(other, victim), signal.SIGKILL)

    eventually(lambda: not other.state.running, 10)
    eventually(lambda: traces(other)["processes"] == [], 10)
    other.down()
    assert traces(other) == before
    other.up()
    assert eventually(lambda: serves(other)), "`up` brings everything back"


def test_processes_of_a_running_node_are_killed_and_it_mends_itself(other: Local) -> None:
    before = traces(other)
    other.up()
    run_pod(other)
    eventually(lambda: serves(other))

    for victim in ("slirp4netns", "shim", "kubelet", "containerd", "kube-proxy", "kube-apiserver", "etcd"):
        inner = victim in {one.name for one in other.state.processes}
        killed = other.process(victim) if inner else outer(other, victim)
        os.kill(killed, signal.SIGKILL)
        eventually(lambda pid=killed: proc.start_ticks(pid) is None, 5)
        eventually(lambda: other.state.phase == "ready" and not other.state.problems)
        eventually(lambda: serves(other))
        eventually(lambda: other.kubectl("get", "--raw", "/readyz") == "ok")
    assert {one.name: one.restarts for one in other.state.processes}["kubelet"] == 1

    other.down()
    assert traces(other) == before


def test_up_killed_at_any_point_converges_on_the_next(other: Local) -> None:
    before = traces(other)
    for seconds in (0.05, 0.2, 0.4, 0.8, 1.5, 3, 5):
        if not (child := os.fork()):
            try:
                other.up()
            finally:
                os._exit(0)
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)

    other.up()

    run_pod(other)
    assert eventually(lambda: serves(other))
    other.down()
    assert traces(other) == before


def test_down_right_after_up_was_killed_leaves_nothing(other: Local) -> None:
    before = traces(other)
    for seconds in (0.4, 0.8, 1.6, 3):
        if not (child := os.fork()):
            try:
                other.up()
            finally:
                os._exit(0)
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        other.down()
        assert traces(other) == before
