"""Keeps a local site's processes running: starts them in order, restarts those that die, ends them in order.

`python -m arcos.local.supervisor SPEC.json` is the first process of a real node's namespaces, or, for a simulated
site, a process of its own. What is to run stands in the specification (`arcos.local.plan`); how it goes is written to
the state file whenever it changes. It stays in memory as long as the site runs, so it imports little.
"""

# pathlib would stay in memory for as long as the site runs.
# ruff: noqa: PTH123, PTH202

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any

from arcos.local import processes as proc

#: Seconds. How often a process is looked at that is not ready yet, and how often all is well.
TICK, IDLE = 0.1, 5.0
#: Seconds before a process that died is started again: doubled each time, forgotten after a while of running.
FIRST_PAUSE, LONGEST_PAUSE, FORGET = 0.5, 30.0, 60.0
#: Seconds that containers, and each of our own programs, get to end by themselves.
POD_GRACE, GRACE = 10.0, 15.0
#: Bytes of one log file; the one before it is kept too.
LOG_LIMIT = 16 * 2**20


class Process:
    """One program of the specification, and how it stands."""

    def __init__(self, spec: dict[str, Any], log: str) -> None:
        self.name: str = spec["name"]
        self.argv: list[str] = spec["argv"]
        self.after: list[str] = spec["after"]
        self.probe: str = spec["ready"]
        self.log = log
        self.pid = 0
        self.ready = False
        self.restarts = 0
        self.failures = 0
        self.since = 0.0
        self.ended = ""
        self.not_before = 0.0

    def died(self, how: str, now: float) -> None:
        """Note its end and when to start it again."""
        self.failures = 0 if now - self.since > FORGET else self.failures + 1
        self.not_before = now + min(FIRST_PAUSE * 2**self.failures, LONGEST_PAUSE)
        self.pid, self.ready, self.ended = 0, False, how
        self.restarts += 1

    def report(self) -> dict[str, Any]:
        """For the state file."""
        return {"pid": self.pid, "ready": self.ready, "restarts": self.restarts, "ended": self.ended}


def waves(after: dict[str, list[str]]) -> Iterator[list[str]]:
    """The order to end processes in: first those that no other one needs, and so on."""
    left = dict(after)
    while left:
        needed = {name for names in left.values() for name in names}
        wave = [name for name in left if name not in needed] or list(left)
        yield wave
        for name in wave:
            del left[name]


def answers(probe: str) -> bool:
    """Whether what `probe` names is there: `tcp:PORT`, `unix:PATH`, `https:PORT/PATH`; "" always is."""
    kind, _, rest = probe.partition(":")
    try:
        if kind == "tcp":
            socket.create_connection(("127.0.0.1", int(rest)), 1).close()
        elif kind == "unix":
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(rest)
        elif kind == "https":
            return _says_ok(*rest.split("/", 1))
    except OSError:
        return False
    return True


def _says_ok(port: str, path: str) -> bool:
    """Ask our own API server for its health, in a child: the TLS library need not stay in memory."""
    if not (child := os.fork()):
        status = 1
        try:
            import ssl

            context = ssl._create_unverified_context()  # noqa: S323  (its health is no secret, and it is our child)
            with socket.create_connection(("127.0.0.1", int(port)), 2) as plain, context.wrap_socket(plain) as secure:
                secure.settimeout(2)
                secure.sendall(f"GET /{path} HTTP/1.0\r\n\r\n".encode())
                status = 0 if b" 200 " in secure.recv(64) else 1
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1] == 0


class Supervisor:
    """All processes of one site."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.spec = spec
        self.processes = [Process(one, f"{spec['folder']}/logs/{one['name']}.log") for one in spec["processes"]]
        self.by_name = {process.name: process for process in self.processes}
        self.phase = "starting"
        self._written: dict[str, Any] = {}

    def run(self) -> None:
        """Until SIGTERM."""
        rotated = time.monotonic()
        while True:
            self._start_due()
            self._probe()
            self._write()
            busy = any(not process.ready for process in self.processes)
            number = proc.wait(TICK if busy else IDLE)
            self._reap()
            if number in (signal.SIGTERM, signal.SIGINT):
                return
            if time.monotonic() - rotated > IDLE:
                rotated = time.monotonic()
                self._rotate()

    def _start_due(self) -> None:
        now = time.monotonic()
        for process in self.processes:
            waits = process.pid or now < process.not_before
            if waits or not all(self.by_name[name].ready for name in process.after):
                continue
            process.pid = proc.spawn(process.argv, process.log, self.spec["environment"])
            process.since = now

    def _probe(self) -> None:
        for process in self.processes:
            if process.pid and not process.ready:
                process.ready = answers(process.probe)
        if all(process.ready for process in self.processes):
            self.phase = "ready"

    def _reap(self) -> None:
        now = time.monotonic()
        for pid, how in proc.reap():
            for process in self.processes:
                if process.pid == pid:
                    process.died(how, now)

    def _write(self) -> None:
        content = {"phase": self.phase, "problem": "", "processes": {p.name: p.report() for p in self.processes}}
        if content != self._written and proc.report(f"{self.spec['folder']}/run/processes.json", content):
            self._written = content

    def _rotate(self) -> None:
        for process in self.processes:
            try:
                if os.path.getsize(process.log) > LOG_LIMIT:
                    _keep_one_old(process.log)
            except OSError:
                continue

    def stop(self) -> None:
        """End everything: first what drives containers, then the containers, then what the rest stood on."""
        self.phase = "stopping"
        self._write()
        for number, wave in enumerate(waves({p.name: p.after for p in self.processes})):
            self._end({self.by_name[name].pid for name in wave} - {0}, GRACE)
            if number == 0 and self.spec["cgroup"]:
                self._end(proc.in_cgroup(self.spec["cgroup"]), POD_GRACE)
        self._write()

    def _end(self, pids: Iterable[int], grace: float) -> None:
        left = {pid: proc.start_ticks(pid) for pid in pids}
        for pid in left:
            proc.send(pid, signal.SIGTERM)
        deadline = time.monotonic() + grace
        while left := {pid: ticks for pid, ticks in left.items() if ticks and proc.start_ticks(pid) == ticks}:
            if time.monotonic() > deadline:
                for pid in left:
                    proc.send(pid, signal.SIGKILL)
            proc.wait(TICK)
            self._reap()


def _keep_one_old(log: str) -> None:
    """The program keeps the file open for appending: copy what is there, then empty it."""
    with open(log, "rb") as source, open(f"{log}.old", "wb") as target:
        while part := source.read(2**20):
            target.write(part)
    os.truncate(log, 0)


def wait_for_address(address: str, seconds: float = 30) -> bool:
    """Until the network outside has been connected: the address can be used then."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            try:
                probe.bind((address, 0))
            except OSError:
                time.sleep(0.02)
            else:
                return True
    return False


def main(argv: list[str]) -> None:
    """Run what the specification file named by the last argument says.

    The argument before it, of a simulated node only, is the open lock of the `up` that starts us.
    """
    with open(argv[-1], encoding="utf-8") as file:
        spec: dict[str, Any] = json.load(file)
    if spec["simulate"]:
        let_go = proc.detach(f"{spec['folder']}/logs/supervisor.log")
        held = proc.claim(spec["folder"], spec["record"], int(argv[-2]))
        let_go()
    signal.pthread_sigmask(signal.SIG_BLOCK, proc.WAITED)
    if not spec["simulate"]:
        spec["folder"] = _enter_view(spec)
    supervisor = Supervisor(spec)
    supervisor.run()
    supervisor.stop()
    if spec["simulate"]:
        proc.release(spec["folder"], held)


def _enter_view(spec: dict[str, Any]) -> str:
    """Make the node's private view; returns the site's folder by a name that holds whatever gets hidden."""
    from arcos.local import mounts

    folder = f"/proc/self/fd/{os.open(spec['folder'], os.O_PATH | os.O_DIRECTORY)}"
    try:
        mounts.make_private_view(folder, spec["programs"], spec["hostname"], spec["dns"])
    except OSError as error:
        proc.fail(folder, f"the node's mounts could not be made: {error}")
    if not wait_for_address(spec["address"]):
        proc.fail(folder, f"the node's network did not come up: no address {spec['address']}")
    return folder


if __name__ == "__main__":
    main(sys.argv)
