"""Who holds a lock: one process on one machine, and whether it still lives.

A process is named by its machine's boot, its process namespace, its id and its start time, so a recycled id or the
same id in another container is never mistaken for it (proc(5), ``/proc/<pid>/stat`` field 22).
"""

from __future__ import annotations

import datetime
import getpass
import json
import os
import socket
import sys
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Holder:
    """A process that holds, or held, a lock. ``boot``, ``space`` and ``start`` are "" where there is no /proc."""

    id: str
    user: str
    host: str
    pid: int
    command: str
    since: str
    boot: str
    space: str
    start: str

    def __str__(self) -> str:
        return f"{self.user}@{self.host}, process {self.pid} ({self.command}), since {self.since}"

    @classmethod
    def this_process(cls) -> Holder:
        """The process that asks."""
        now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])[:100]
        return cls(
            id=uuid.uuid4().hex, user=_user(), host=socket.gethostname(), pid=os.getpid(), command=command, since=now,
            boot=_boot(), space=_process_space(), start=_start(os.getpid()),
        )  # fmt: skip

    def to_json(self) -> str:
        """As kept in the lock."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Holder:
        """As read from the lock; an unreadable one becomes a holder of whom nothing is known."""
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError):
            return cls("", "somebody", "unknown", 0, "unknown", "unknown", "", "", "")

    def is_dead(self) -> bool:
        """Whether the process is certainly gone. False when it ran elsewhere: nothing is known then."""
        return self._is_here() and (not self.start or _start(self.pid) != self.start)

    def is_this_process(self) -> bool:
        """Whether it is the process that asks."""
        return self._is_here() and (self.pid, self.start) == (os.getpid(), _start(os.getpid()))

    def _is_here(self) -> bool:
        return bool(self.boot and self.space) and (self.boot, self.space) == (_boot(), _process_space())


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""


def _process_space() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


def _start(pid: int) -> str:
    """The process's start time in clock ticks since boot, "" when there is no such process or it is a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]
