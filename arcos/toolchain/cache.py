"""Folders in the cache that are made once: whole or not at all, by one maker at a time, whoever dies when.

The maker writes into a folder beside the final one, which then takes its place by a rename. A lock (flock(2)) keeps a
second maker waiting; the system lets go of it when its holder dies, and the next one clears the remains away.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from arcos.errors import ArcosError


def made_once(folder: Path, make: Callable[[Path], object]) -> Path:
    """Return `folder`; where it is missing, let `make` fill an empty folder that then becomes it.

    Raises:
        ArcosError: The cache cannot be written; and whatever `make` raises, with nothing left behind.
    """
    if folder.is_dir():
        return folder
    with _usable(folder), locked(folder):
        if folder.is_dir():  # the one we waited for made it
            return folder
        for remains in folder.parent.glob(f".{folder.name}.*"):
            shutil.rmtree(remains, ignore_errors=True)
        making = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            make(making)
            making.chmod(0o755)
            making.rename(folder)
        finally:
            shutil.rmtree(making, ignore_errors=True)
    return folder


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Be the only one that works on `folder`, in this process and all others of the machine."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(folder.parent / f"{folder.name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


@contextmanager
def _usable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ArcosError(
            "the cache cannot be written",
            where=str(error.filename or folder.parent),
            why=error.strerror or str(error),
            fix="free space there or make it writable, or move it: ARCOS_HOME=/elsewhere",
        ) from error
