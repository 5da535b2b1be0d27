"""The one process of this machine that a real local node hangs on.

It makes the namespaces (util-linux's `unshare`), with the supervisor as their first process, connects their network,
publishes the ports, and when all has ended takes the control groups away. If it is killed, the kernel ends the node:
`unshare` dies with its parent, the supervisor with `unshare`, and with the supervisor every process and mount of the
namespaces; slirp4netns ends when the pipe to it closes. Stays in memory as long as the site runs, so it imports little.
"""

# pathlib would stay in memory for as long as the site runs.
# ruff: noqa: PTH108, PTH110, PTH123

from __future__ import annotations

import json
import os
import signal
import sys
import time
from typing import Any

from arcos.local import cgroups, network
from arcos.local import processes as proc

#: Seconds the supervisor gets for an orderly end.
GRACE = 55
#: Seconds between two tries to connect the network again, or to publish a port that somebody else took.
PAUSE = 1.0
UNSHARE = ["--mount", "--pid", "--net", "--uts", "--ipc", "--fork", "--kill-child", "--propagation=private"]


class Holder:
    """A node's namespaces and its network connection."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.spec = spec
        self.folder: str = spec["folder"]
        self.namespaces = 0
        self.slirp = 0
        self.waiting: dict[int, int] = {}
        self.not_before = 0.0
        self._pipe = os.pipe()

    def run(self) -> None:
        """Until the node has ended, by SIGTERM or by itself."""
        self._start()
        ending = 0.0
        while self.namespaces:
            if not ending:
                self._connect()
            number = proc.wait(PAUSE if self.slirp and not self.waiting else 0.05)
            self._reap()
            if number in (signal.SIGTERM, signal.SIGINT) and not ending:
                ending = time.monotonic()
                self._end_supervisor(signal.SIGTERM)
            if ending and time.monotonic() - ending > GRACE:
                self._end_supervisor(signal.SIGKILL)

    def _start(self) -> None:
        try:
            cgroups.make(self.spec["cgroup"])
        except OSError as error:
            proc.fail(self.folder, f"control groups cannot be made here: {error}")
        supervisor = [*self.spec["python"], "-m", "arcos.local.supervisor", f"{self.folder}/run/spec.json"]
        environment = {**self.spec["environment"], "PYTHONPATH": self.spec["root"]}
        argv = [self.spec["unshare"], *UNSHARE, "--", *supervisor]
        # The first process of a namespace loses a signal that it neither handles yet nor holds back.
        self.namespaces = proc.spawn(argv, f"{self.folder}/logs/supervisor.log", environment, blocked=proc.WAITED)

    def _connect(self) -> None:
        """Run slirp4netns whenever it is not there, and publish what is not published."""
        now = time.monotonic()
        if not self.slirp and now >= self.not_before and (first := proc.children(self.namespaces)):
            if os.path.exists(path := f"{self.folder}/run/{network.SOCKET}"):
                os.unlink(path)
            os.chdir(f"{self.folder}/run")  # so that the socket's name is short
            argv = network.command(self.spec["slirp4netns"], first[0], self._pipe[0], network.SOCKET)
            self.slirp = proc.spawn(
                argv, f"{self.folder}/logs/slirp4netns.log", self.spec["environment"], {self._pipe[0]}
            )
            self.not_before = now + PAUSE
            self.waiting = {int(port): target for port, target in self.spec["forwards"].items()}
        if self.slirp:
            self._publish()

    def _publish(self) -> None:
        for port, target in list(self.waiting.items()):
            try:
                problem = network.add_forward(f"{self.folder}/run", port, target)
            except (OSError, ValueError):
                return
            if problem:
                proc.say(f"port {port} cannot be published: {problem}")
                proc.report(f"{self.folder}/run/network.json", {"problem": f"port {port}: {problem}"})
                time.sleep(PAUSE)
            else:
                del self.waiting[port]
        if not self.waiting:
            proc.report(f"{self.folder}/run/network.json", {"problem": "", "published": True})

    def _reap(self) -> None:
        for pid, how in proc.reap():
            if pid == self.namespaces:
                proc.say(f"the node has ended: {how}")
                self.namespaces = 0
            elif pid == self.slirp:
                proc.say(f"slirp4netns has ended: {how}")
                self.slirp = 0

    def _end_supervisor(self, number: int) -> None:
        for pid in proc.children(self.namespaces):
            proc.send(pid, number)

    def clean(self) -> None:
        """Nothing of the node is left but what it keeps on disk."""
        if self.slirp:
            proc.send(self.slirp, signal.SIGTERM)
        deadline = time.monotonic() + 5
        while self.slirp and time.monotonic() < deadline:
            proc.wait(0.1)
            self._reap()
        while cgroups.remove(self.spec["cgroup"]) and time.monotonic() < deadline:
            time.sleep(0.05)
        for name in (network.SOCKET, "network.json"):
            if os.path.exists(f"{self.folder}/run/{name}"):
                os.unlink(f"{self.folder}/run/{name}")


def main(argv: list[str]) -> None:
    """Hold the node of a specification file; the arguments are the open lock of who starts us, and that file."""
    with open(argv[-1], encoding="utf-8") as file:
        spec: dict[str, Any] = json.load(file)
    let_go = proc.detach(f"{spec['folder']}/logs/holder.log")
    held = proc.claim(spec["folder"], spec["record"], int(argv[-2]))
    let_go()
    signal.pthread_sigmask(signal.SIG_BLOCK, proc.WAITED)
    holder = Holder(spec)
    try:
        holder.run()
    finally:
        holder.clean()
        proc.release(spec["folder"], held)


if __name__ == "__main__":
    main(sys.argv)
