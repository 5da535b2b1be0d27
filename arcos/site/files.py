"""A file in the checkout as text, or the one reason why it cannot be read.

Only what reading itself needs: size, kind of file, links, encoding. YAML is `document`.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from arcos.paths import ROOT
from arcos.site.diagnostics import Finding

#: Bytes; a site file has about a thousand.
MAX_SIZE = 1024 * 1024


def shown(path: Path) -> str:
    """The path as messages name it: from the checkout where it is inside, else whole."""
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 (resolve() would follow the link that is to be named)
    return str(absolute.relative_to(ROOT)) if absolute.is_relative_to(ROOT) else str(absolute)


def listing(folder: Path) -> tuple[str, ...]:
    """The names in a folder, sorted; none where it cannot be read."""
    try:
        return tuple(sorted(entry.name for entry in folder.iterdir()))
    except OSError:
        return ()


def unreadable(folder: Path) -> Finding | None:
    """Why a folder cannot be listed."""
    try:
        os.scandir(folder).close()
    except OSError as error:
        return _whole(
            folder, f"cannot be read: {error.strerror}", "a folder that you may read", f"ls -ld {shown(folder)}"
        )
    return None


def read_text(path: Path, inside: Path) -> tuple[str, Finding | None]:
    """The text of a regular file of at most :data:`MAX_SIZE` bytes in UTF-8, or what is wrong with it.

    Args:
        path: The file.
        inside: The folder it has to lie in, links followed: a link out of the checkout is another machine's site.
    """
    try:
        outside = not Path(os.path.realpath(path, strict=True)).is_relative_to(os.path.realpath(inside))
        if outside:
            return "", _whole(
                path, f"is a symbolic link out of {shown(inside)}/", "a file", f"copy the file into {shown(inside)}/"
            )
        # Without O_NONBLOCK, opening a named pipe waits for a writer for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return "", _whole(path, "is not a regular file", "a file with text")
            data = file.read(MAX_SIZE + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return "", _whole(path, f"cannot be read: {reason}", "a file that you may read", f"ls -l {shown(path)}")
    if len(data) > MAX_SIZE:
        return "", _whole(path, "is larger than 1 MiB", "at most 1 MiB; a site needs about a thousand bytes")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or data[:4].count(0) == 2:
        hint = f"iconv -f UTF-16 -t UTF-8 {shown(path)}"
        return "", _whole(path, "is UTF-16", "UTF-8 without a byte order mark", hint)
    try:
        return data.decode(), None
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        line = before.count("\n") + 1
        column = len(before) - before.rfind("\n")
        source = data.decode(errors="replace").split("\n")[line - 1].removesuffix("\r")
        what = f"byte 0x{data[error.start]:02x} is not UTF-8"
        return "", Finding(shown(path), line, column, source, what, "text in UTF-8", "save the file as UTF-8")


def _whole(path: Path, what: str, accepted: str = "", hint: str = "") -> Finding:
    return Finding(shown(path), 1, 1, "", what, accepted, hint)
