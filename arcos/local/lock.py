"""One `up` or `down` of a site at a time; the second is refused at once and told who is at work.

The kernel gives the lock back when its holder ends, however it ends, so a dead holder never stands in the way. A node's
process that an `up` starts gets the open lock with it and closes it when it has said who it is: if `up` is killed in
between, the next one waits for that moment, and neither starts a second node nor sweeps away a starting one.
"""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from arcos.errors import BUSY, ArcosError
from arcos.local import processes as proc

#: Seconds that a node's process gets to say who it is after the `up` that started it was killed.
STARTING = 10


@contextmanager
def hold(path: Path, subject: str) -> Iterator[int]:
    """Hold the lock file `path` for work on `subject` ("site local").

    Yields the open file. A process that is given it holds the lock as well, until it closes it or ends.

    Raises:
        ArcosError: Somebody else holds it (exit code BUSY).
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="utf-8") as file:
        _take(file, path, subject)
        file.seek(0)
        file.truncate()
        since = datetime.now(UTC).isoformat(timespec="seconds")
        who = {"pid": os.getpid(), "ticks": proc.start_ticks(os.getpid()), "user": _user(), "since": since}
        json.dump(who | {"command": " ".join(sys.argv)}, file)
        file.flush()
        yield file.fileno()


def _take(file: TextIO, path: Path, subject: str) -> None:
    deadline = time.monotonic() + STARTING
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            who = file.read()
            if not _lives(who) and time.monotonic() < deadline:
                time.sleep(0.05)
                continue
            raise ArcosError(
                f"{subject} is being worked on",
                where=str(path),
                why=_holder(who),
                fix="wait until that has ended, then run the same command again",
                exit_code=BUSY,
            ) from None
        return


def _lives(text: str) -> bool:
    """Whether the process that took the lock is there; False when it has not written down yet who it is."""
    try:
        holder = json.loads(text)
        return bool(proc.start_ticks(holder["pid"]) == holder["ticks"])
    except (ValueError, KeyError, TypeError):
        return False


def _holder(text: str) -> str:
    try:
        holder = json.loads(text)
        return f"process {holder['pid']} of {holder['user']} since {holder['since']}: {holder['command']}"
    except (ValueError, KeyError, TypeError):
        return "another process holds it"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name
        return str(os.getuid())
