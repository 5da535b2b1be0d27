"""Everything comes back by itself: after the loss of every pod, and of PostgreSQL in the middle of a write."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import pytest

from tests.real.people import HubUser, address, make_accounts
from tests.real.site import RealSite

pytestmark = pytest.mark.real

T = TypeVar("T")
WRITER = """
psql="psql -h /run/postgresql -U arcos -At -v ON_ERROR_STOP=1 jupyterhub"
$psql -c 'CREATE TABLE IF NOT EXISTS written (number int)'
number=0
while $psql -c "INSERT INTO written VALUES ($number)" >/dev/null 2>&1; do
    echo "$number"
    number=$((number + 1))
done
"""


def _inside_database(*command: str) -> tuple[str, ...]:
    return ("exec", "-n", "database", "database-0", "--", *command)


def _eventually(attempt: Callable[[], T], patience: float = 90) -> T:
    """What an attempt comes to once it succeeds: connections to what was killed are found broken at their next use."""
    end = time.monotonic() + patience
    while True:
        try:
            return attempt()
        except (AssertionError, KeyError, StopIteration, ValueError):
            if time.monotonic() > end:
                raise
            time.sleep(2)


def _wait_until_ready(site: RealSite, patience: float = 300) -> None:
    end = time.monotonic() + patience
    while True:
        report = site.status()
        if report["summary"] == "ready":
            return
        assert time.monotonic() < end, f"not ready {patience:.0f} s after the fault: {report}"
        time.sleep(2)


def test_postgresql_killed_in_the_middle_of_writes_keeps_every_row_it_confirmed(site: RealSite) -> None:
    with site.start("kubectl", site.name, "--", *_inside_database("/bin/sh", "-c", WRITER)) as writer:
        time.sleep(5)
        # All of its processes at once, as a machine that loses power ends them.
        # The shell that does it goes with them.
        with site.start("kubectl", site.name, "--", *_inside_database("/bin/sh", "-c", "kill -9 -1")) as killer:
            killer.communicate(timeout=60)
        confirmed, _ = writer.communicate(timeout=60)
    # Whole lines: the last one has the writer's exit code, 137, in it.
    last = max(int(line) for line in confirmed.splitlines() if line.isdecimal())
    assert last > 5, f"the writer must have been at work: {confirmed[-300:]}"

    site.kubectl("rollout", "status", "statefulset/database", "-n", "database", "--timeout=120s")
    count = "psql -h /run/postgresql -U arcos -At jupyterhub -c 'SELECT count(DISTINCT number) FROM written'"
    end = time.monotonic() + 60
    while True:
        rows = site.arcosctl("kubectl", site.name, "--", *_inside_database("/bin/sh", "-c", f"{count} || true")).strip()
        if rows.isdecimal() or time.monotonic() > end:
            break
        time.sleep(1)
    assert int(rows) >= last + 1, "what was confirmed is there"
    _wait_until_ready(site)


def test_a_site_that_loses_the_pods_of_all_its_services_is_back_with_every_login_and_file(site: RealSite) -> None:
    _eventually(lambda: make_accounts(site, ["hedy"]))
    hedy = _eventually(lambda: HubUser(site, "hedy"))  # the hub may hold connections from before the fault above
    hedy.start()
    hedy.wait()
    pod = ("exec", "-n", "notebooks", "notebook-hedy", "--")
    site.kubectl(*pod, "/bin/sh", "-c", "echo kept > /home/jovyan/kept.txt")

    namespaces = site.kubectl("get", "namespaces", "-l", "app.kubernetes.io/part-of=arcos", "-o", "name").split()
    assert len(namespaces) > 5, namespaces
    for namespace in namespaces:
        site.kubectl("delete", "pods", "--all", "-n", namespace.removeprefix("namespace/"), "--wait=false")
    time.sleep(5)  # until the cluster itself has noticed

    _wait_until_ready(site)
    again = _eventually(lambda: HubUser(site, "hedy"))
    again.start()
    again.wait(patience=180)
    assert site.kubectl(*pod, "cat", "/home/jovyan/kept.txt").strip() == "kept"
    assert hedy.api("GET", "/users/hedy")[0] == 200, "the hub still knows the tokens it gave before"
    assert site.get(f"{address(site, 'auth')}/realms/arcos/.well-known/openid-configuration")[0] == 200
    again.stop()


def test_a_service_with_a_volume_that_a_bad_change_broke_is_mended_by_the_next_up(site: RealSite) -> None:
    bad = '[{"op": "replace", "path": "/spec/template/spec/containers/0/args", "value": ["--no-such-flag"]}]'
    site.kubectl("patch", "statefulset", "alertmanager", "-n", "monitoring", "--type=json", "-p", bad)
    restarts = "jsonpath={.status.containerStatuses[0].restartCount}"

    def broken() -> None:
        count = site.kubectl("get", "pod", "alertmanager-0", "-n", "monitoring", "-o", restarts).strip()
        assert int(count or 0) > 0

    _eventually(broken)
    site.arcosctl("up", site.name, "--take-over")

    ready = "jsonpath={.status.containerStatuses[0].ready}"
    assert site.kubectl("get", "pod", "alertmanager-0", "-n", "monitoring", "-o", ready).strip() == "true"
