"""The whole of `up` and `down` under faults: it converges on a plain retry and leaves nothing behind.

Faults of the node alone are in tests/arcos/local, those of applying in tests/arcos/apply.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.site import RealSite

pytestmark = pytest.mark.real


@pytest.fixture
def own(tmp_path: Path) -> Iterator[RealSite]:
    """A site that a test may break."""
    made = RealSite("faulty", tmp_path)
    yield made
    made.arcosctl("down", made.name, "--delete-data")


def machine() -> dict[str, str]:
    """What a site could leave behind on the host."""
    mounts = Path("/proc/self/mounts").read_text(encoding="utf-8")
    groups = sorted(str(path) for path in Path("/sys/fs/cgroup").rglob("arcos-faulty-*") if path.is_dir())
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
    label = 'jsonpath={range .items[*]}{.metadata.labels.app\\.kubernetes\\.io/name}{"\\n"}{end}'
    running_pods = own.kubectl("get", "pods", "-A", "--field-selector=status.phase=Running", "-o", label).split()
    assert Counter(running_pods) == {"coredns": 1, "ingress": 1, "welcome": 2}, "each as often as wanted, nothing twice"


def test_of_two_ups_at_once_one_works_and_one_is_refused_naming_the_holder(own: RealSite) -> None:
    with own.start("up", own.name) as first:
        time.sleep(3)

        began = time.monotonic()
        output = own.arcosctl("up", own.name, code=3)
        seconds = time.monotonic() - began

        first.communicate(timeout=600)
    assert str(first.pid) in output, f"the refusal must name the holder {first.pid}: {output}"
    assert seconds < 4, "refused at once, not after a wait (a second, and the start of Python)"
    assert first.returncode == 0, "the first must not be disturbed"


def test_a_port_in_use_is_one_clear_sentence_and_nothing_is_made(own: RealSite) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", own.https))
        taken.listen()

        output = own.arcosctl("up", own.name, code=1)

    assert f"{own.https}" in output
    assert "httpsPort" in output, "the error must name the field that moves the port"
    assert "Traceback" not in output
    assert processes_of(own) == [], "nothing half-started"
