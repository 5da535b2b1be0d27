"""What a server may take and no more, how long it may run, and when one that nobody uses is stopped; files stay."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.real.people import HubUser, make_accounts
from tests.real.site import FULL, RealSite, full_with

pytestmark = [pytest.mark.real, pytest.mark.long]

#: The culler looks once a minute; a server that ended by itself is noticed within half a minute.
IDLE, LONGEST, LOOK = 60, 90, 60
FORGETFUL, BUSY, HUNGRY = "alan", "emmy", "ruth"
#: Takes more memory than its server has; and both of two cores for five seconds, then says how many it got.
MUCH_MEMORY = "print(len(b'x' * (700 * 2**20)))"
MUCH_CPU = """
import os, time
until = time.monotonic() + 5
for _ in range(2):
    if os.fork() == 0:
        while time.monotonic() < until:
            pass
        os._exit(0)
os.wait(), os.wait()
used = os.times()
print((used.children_user + used.children_system) / 5)
"""
_SMALL = {"image": "notebook-minimal", "memory": "512Mi", "memoryRequest": "128Mi", "cpuRequest": "50m"}


@pytest.fixture(scope="module")
def hub(site: RealSite) -> Iterator[RealSite]:
    """The site with an idle time of a minute, a profile that ends after a minute and a half, and one of half a core."""
    profiles = [
        {"name": "minimal", **_SMALL},
        {"name": "brief", "longest": f"{LONGEST}s", **_SMALL},
        {"name": "half", "cpu": "500m", **_SMALL},
    ]
    site.write(full_with(jupyterhub={"idle": f"{IDLE}s", "profiles": profiles}))
    make_accounts(site, [FORGETFUL, BUSY, HUNGRY])
    try:
        site.arcosctl("up", site.name)
        yield site
    finally:
        site.write(FULL)
        site.arcosctl("up", site.name)


def _write(site: RealSite, person: str, text: str) -> None:
    site.kubectl("exec", "-n", "notebooks", f"notebook-{person}", "--", "sh", "-c", f"echo {text} > thesis")


def _read(site: RealSite, person: str) -> str:
    return site.kubectl("exec", "-n", "notebooks", f"notebook-{person}", "--", "cat", "thesis").strip()


def _gone(person: HubUser, patience: float) -> float:
    """Seconds until the hub knows of no server."""
    started = time.monotonic()
    while person.exists():
        assert time.monotonic() - started < patience, f"{person.name}'s server is still there after {patience:.0f} s"
        time.sleep(1)
    return time.monotonic() - started


def _pods(site: RealSite, person: str) -> str:
    return site.kubectl("get", "pods", "-n", "notebooks", "-l", f"hub.jupyter.org/username={person}", "-o", "name")


def test_a_server_that_nobody_uses_is_stopped_and_its_files_stay(hub: RealSite) -> None:
    alan = HubUser(hub, FORGETFUL)
    alan.start()
    alan.wait()
    _write(hub, FORGETFUL, "draft")
    took = _gone(alan, IDLE + 3 * LOOK)
    assert took > IDLE / 2, "not before its time"
    assert not _pods(hub, FORGETFUL)
    alan.start()
    alan.wait()
    assert _read(hub, FORGETFUL) == "draft"
    alan.stop()


def test_a_server_ends_when_its_time_is_over_though_it_is_used_and_its_files_stay(hub: RealSite) -> None:
    emmy = HubUser(hub, BUSY)
    emmy.start(profile="brief")
    emmy.wait()
    _write(hub, BUSY, "draft")
    command = ("get", "pod", f"notebook-{BUSY}", "-n", "notebooks", "-o", "jsonpath={.spec.activeDeadlineSeconds}")
    assert hub.kubectl(*command) == str(LONGEST)
    started = time.monotonic()
    while emmy.exists():
        # As the server of somebody who works does.
        now = {"last_activity": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        emmy.api("POST", f"/users/{BUSY}/activity", now | {"servers": {"": now}})
        assert time.monotonic() - started < LONGEST + LOOK, "it runs on"
        time.sleep(2)
    emmy.start(profile="brief")
    emmy.wait()
    assert _read(hub, BUSY) == "draft", "and a new one starts at once, with the files"
    emmy.stop()


def _python(site: RealSite, person: str, code: str) -> tuple[int, str]:
    """Run Python in somebody's server: exit code and output."""
    command = ("exec", "-n", "notebooks", f"notebook-{person}", "--", "/opt/venv/bin/python3", "-c", code)
    running = site.start("kubectl", site.name, "--", *command)
    said, _ = running.communicate(timeout=120)
    return running.returncode, said.strip()


@pytest.fixture
def hungry(hub: RealSite) -> Iterator[HubUser]:
    """Somebody with half a core and 512 MiB."""
    ruth = HubUser(hub, HUNGRY)
    ruth.start(profile="half")
    ruth.wait()
    yield ruth
    ruth.stop()
    _gone(ruth, LOOK)


def test_a_server_gets_the_cores_of_its_profile_and_no_more(hub: RealSite, hungry: HubUser) -> None:
    code, said = _python(hub, HUNGRY, MUCH_CPU)
    assert code == 0, said
    assert float(said) < 0.65, "two processes that would take two cores got half a one"


def test_who_takes_more_memory_than_there_is_loses_what_runs_and_no_file(hub: RealSite, hungry: HubUser) -> None:
    _write(hub, HUNGRY, "draft")
    code, said = _python(hub, HUNGRY, MUCH_MEMORY)
    assert code != 0, f"it got all of it: {said}"
    end = time.monotonic() + LOOK
    pod = ("get", "pod", f"notebook-{HUNGRY}", "-n", "notebooks", "-o", "jsonpath={.status.containerStatuses[0].ready}")
    while hub.kubectl(*pod) != "true":
        assert time.monotonic() < end, "the server is there again by itself"
        time.sleep(1)
    assert _read(hub, HUNGRY) == "draft"
    assert hungry.ready()
