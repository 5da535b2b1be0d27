"""One `up` or `down` of a site at a time; the second is refused at once and told who is at work.

The kernel gives the lock back when its holder ends, however it ends, so a dead holder never stands in the way.
"""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from arcos.errors import BUSY, ArcosError


@contextmanager
def hold(path: Path, subject: str) -> Iterator[None]:
    """Hold the lock file `path` for work on `subject` ("site local").

    Raises:
        ArcosError: Somebody else holds it (exit code BUSY).
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ArcosError(
                f"{subject} is being worked on",
                where=str(path),
                why=_holder(file.read()),
                fix="wait until that has ended, then run the same command again",
                exit_code=BUSY,
            ) from None
        file.seek(0)
        file.truncate()
        since = datetime.now(UTC).isoformat(timespec="seconds")
        json.dump({"pid": os.getpid(), "user": _user(), "command": " ".join(sys.argv), "since": since}, file)
        file.flush()
        yield


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
