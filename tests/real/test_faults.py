"""A local site under faults, with real processes: it converges on a plain retry and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.site import RealSite

pytestmark = pytest.mark.real


@pytest.fixture
def own(tmp_path: Path) -> Iterator[RealSite]:
    """A site that a test may break."""
    made = RealSite("broken", tmp_path)
    yield made
    made.arcosctl("down", made.name, "--delete-data")


def machine() -> dict[str, str]:
    """What a site could leave behind on the host."""
    mounts = Path("/proc/self/mounts").read_text(encoding="utf-8")
    groups = sorted(str(path) for path in Path("/sys/fs/cgroup").rglob("*arcos*") if path.is_dir())
    links = sorted(path.name for path in Path("/sys/class/net").iterdir())
    rules = subprocess.run(["nft", "list", "ruleset"], capture_output=True, text=True, check=True).stdout
    return {"mounts": mounts, "cgroups": "\n".join(groups), "links": "\n".join(links), "firewall": rules}


def processes_of(site: RealSite) -> list[str]:
    """Command lines on this machine that belong to the site: they name its home or live in its namespaces."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            environment = (entry / "environ").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(site.base) in command or str(site.base) in environment:
            found.append(command)
    return found


def test_down_leaves_nothing_behind_and_keeps_the_data(own: RealSite) -> None:
    before = machine()
    own.arcosctl("up", own.name)
    certificate = own.kubectl("get", "secret", "ingress-tls", "-n", "ingress", "-o", "jsonpath={.metadata.uid}")

    own.arcosctl("down", own.name)

    assert machine() == before, "no mount, cgroup, interface or firewall rule may stay on the host"
    assert processes_of(own) == [], "no process may stay"
    own.arcosctl("up", own.name)
    again = own.kubectl("get", "secret", "ingress-tls", "-n", "ingress", "-o", "jsonpath={.metadata.uid}")
    assert again == certificate, "a stopped site keeps its data"


def test_up_killed_at_many_points_converges(own: RealSite) -> None:
    for seconds in (0.3, 1, 2, 4, 6, 9, 12, 16):
        running = own.start("up", own.name)
        time.sleep(seconds)
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate()

    own.arcosctl("up", own.name)

    assert own.status()["summary"] == "ready"
    pods = own.kubectl("get", "pods", "-A", "--field-selector=status.phase=Running", "-o", "name").split()
    assert len(pods) == len(set(pods)) == 3, f"CoreDNS, ingress and welcome run once each: {pods}"


@pytest.mark.parametrize("victim", ["supervisor", "slirp4netns", "etcd", "kubelet", "containerd", "kube-apiserver"])
def test_the_site_recovers_from_a_killed_process(own: RealSite, victim: str) -> None:
    own.arcosctl("up", own.name)
    before = machine()
    killed = pids_named(victim, own)
    assert killed, f"there must be a {victim} to kill"

    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    time.sleep(2)
    own.arcosctl("up", own.name)

    assert own.status()["summary"] == "ready"
    assert own.get(own.address)[0] == 200, f"the site must be back after {victim} died"
    assert machine()["mounts"] == before["mounts"]


def pids_named(name: str, site: RealSite) -> list[int]:
    """Processes whose program or module has the name and whose environment or arguments name the site's home."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            environment = (entry / "environ").read_bytes().decode(errors="replace")
        except OSError:
            continue
        programs = {Path(words[0]).name, *(word.rpartition(".")[2] for word in words[1:4])}
        if name in programs and (str(site.base) in environment or str(site.base) in " ".join(words)):
            found.append(int(entry.name))
    return found


def test_of_two_ups_at_once_one_works_and_one_is_refused_naming_the_holder(own: RealSite) -> None:
    first = own.start("up", own.name)
    time.sleep(3)

    began = time.monotonic()
    output = own.arcosctl("up", own.name, code=3)
    seconds = time.monotonic() - began

    assert str(first.pid) in output, f"the refusal must name the holder {first.pid}: {output}"
    assert seconds < 4, "refused at once, not after a wait (a second, and the start of Python)"
    assert first.wait(timeout=600) == 0, "the first must not be disturbed"
    first.communicate()


def test_a_port_in_use_is_one_clear_sentence_and_nothing_is_made(own: RealSite) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", own.https))
        taken.listen()

        output = own.arcosctl("up", own.name, code=1)

    assert f"{own.https}" in output
    assert "httpsPort" in output, "the error must name the field that moves the port"
    assert "Traceback" not in output
    assert processes_of(own) == [], "nothing half-started"


def test_two_sites_run_side_by_side(own: RealSite, site: RealSite) -> None:
    own.arcosctl("up", own.name)

    assert own.get(own.address)[0] == 200
    assert site.get(site.address)[0] == 200, "the first site must not notice the second"
    own.arcosctl("down", own.name)
    assert site.get(site.address)[0] == 200, "nor that it went"
