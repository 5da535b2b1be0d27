"""Notebook servers at once, and the hub's API under load: on a running local site, as people would, over TLS.

The accounts are made and signed in before the clock starts.
"""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from processes import SITE, cpu_seconds

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from arcos.site.loader import load_site  # noqa: E402
from tests.real.people import HubUser, make_accounts  # noqa: E402

Row = tuple[str, str, str]
#: Servers at once; requests a second, and for how many seconds.
SERVERS, RATE, SECONDS = 20, 50, 30
_THREADS = 10


class Running:
    """The site that is measured: `local`, or the one that ARCOS_BENCHMARK_SITE names."""

    def __init__(self) -> None:
        self.name = SITE
        site = load_site(self.name)
        self.domain, self.https = site.domain, getattr(site.cluster, "https_port", 443)

    def kubectl(self, *arguments: str) -> str:
        """What kubectl says of the site's cluster."""
        command = [str(ROOT / "arcosctl"), "kubectl", self.name, "--", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _names_of_this_machine() -> None:
    """`*.localhost` is this machine (RFC 6761), whatever its resolver says."""
    real = socket.getaddrinfo

    def resolve(host: Any, *args: Any, **kwargs: Any) -> Any:
        return real("127.0.0.1" if str(host).endswith(".localhost") else host, *args, **kwargs)

    socket.getaddrinfo = resolve


def _people(site: Running) -> list[HubUser]:
    names = [f"bench-{number:02}" for number in range(SERVERS)]
    make_accounts(site, names)
    return [HubUser(site, name) for name in names]


def servers() -> Iterator[Row]:
    """All asked for at the same moment; the clock stops when the last one is ready."""
    _names_of_this_machine()
    site = Running()
    people = _people(site)
    _stop(people)  # what an earlier run that was cut short has left
    before = cpu_seconds()
    began, load = time.perf_counter(), os.getloadavg()[0]
    with ThreadPoolExecutor(SERVERS) as pool:
        list(pool.map(lambda person: person.start(), people))
    asked = time.perf_counter() - began
    waiting, ready = list(people), []
    while waiting and time.perf_counter() - began < 600:
        for person in [one for one in waiting if one.ready()]:
            waiting.remove(person)
            ready.append(time.perf_counter() - began)
        time.sleep(2)  # asking is work too, for the hub and for this process
    spent = cpu_seconds() - before
    failed = f", {len(waiting)} never came" if waiting else ""
    yield f"{SERVERS} servers asked for (load before: {load:.1f})", f"{asked:.1f} s", ""
    yield "the first, the middle, the last ready", _spread(ready) + failed, "60 s"
    yield "CPU time of all processes meanwhile", f"{sum(spent.values())} s", ""
    for name, seconds in spent.most_common(8):
        yield f"of it {name}", f"{seconds} s", ""
    _stop(people)


def _stop(people: list[HubUser]) -> None:
    """End their servers, and wait until they are gone."""
    running = [person for person in people if person.ready()]
    for person in running:
        person.stop()
    end = time.perf_counter() + 120
    while running and time.perf_counter() < end:
        running = [person for person in running if person.exists()]
        time.sleep(0.5)


def _spread(ready: list[float]) -> str:
    return f"{ready[0]:.0f} s, {statistics.median(ready):.0f} s, {ready[-1]:.0f} s" if ready else "none"


def api() -> Iterator[Row]:
    """One person's own record, asked for again and again over kept connections."""
    _names_of_this_machine()
    site = Running()
    make_accounts(site, ["bench-00"])
    person = HubUser(site, "bench-00")
    taken: list[float] = []
    failed: list[str] = []
    start = time.perf_counter() + 0.5
    threads = [
        threading.Thread(target=_ask, args=(site, person, start + number / RATE, taken, failed))
        for number in range(_THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken.sort()
    slowest = f"{taken[len(taken) // 2] * 1000:.0f} ms, {taken[int(len(taken) * 0.99)] * 1000:.0f} ms" if taken else "-"
    rate = len(taken) / (time.perf_counter() - start)
    yield f"hub's API at {RATE} requests/s for {SECONDS} s: errors", f"{len(failed)} of {RATE * SECONDS}", "0"
    yield "reached; median and 99 % of answers", f"{rate:.0f}/s; {slowest}", ""
    if failed:
        yield "first error", failed[0].replace("|", "/"), ""


def _ask(site: Running, person: HubUser, start: float, taken: list[float], failed: list[str]) -> None:
    """This thread's share: one request each `_THREADS / RATE` seconds, whether the last one was quick or not."""
    host = f"hub.{site.domain}"
    context = ssl._create_unverified_context()
    connection = http.client.HTTPSConnection(host, site.https, timeout=30, context=context)
    headers = {"Authorization": f"Bearer {person.token}", "Host": f"{host}:{site.https}"}
    for turn in range(RATE * SECONDS // _THREADS):
        time.sleep(max(0.0, start + turn * _THREADS / RATE - time.perf_counter()))
        began = time.perf_counter()
        try:
            connection.request("GET", f"/hub/api/users/{person.name}", headers=headers)
            answer = connection.getresponse()
            answer.read()
        except OSError as error:
            failed.append(repr(error))
            connection.close()
            continue
        if answer.status != 200:
            failed.append(f"status {answer.status}")
        taken.append(time.perf_counter() - began)
    connection.close()
