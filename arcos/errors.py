"""The one exception a user sees.

Whoever finds a user's mistake, a missing program or a failing cluster raises :class:`ArcosError`; the command line
prints it as four short lines and leaves with its exit code. A traceback is for our own bugs only.
"""

from __future__ import annotations

#: The input is wrong: a site file, an option, a name. Nothing was changed.
USAGE = 2
#: The machine or the cluster lacks something, or an operation failed.
FAILED = 1
#: Somebody else holds the lock.
BUSY = 3


class ArcosError(Exception):
    """Something the user can act on.

    Args:
        what: What is wrong, one sentence without a full stop ("port 443 is in use").
        where: File, object or address it is about, or "".
        why: The cause as far as known, or "".
        fix: What to do next, best a command, or "".
        exit_code: ``FAILED``, ``USAGE`` or ``BUSY``.
    """

    def __init__(self, what: str, *, where: str = "", why: str = "", fix: str = "", exit_code: int = FAILED) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.why = why
        self.fix = fix
        self.exit_code = exit_code

    def lines(self) -> list[str]:
        """The error as plain lines, the first one starting with ``error:``."""
        named = (("where", self.where), ("why", self.why), ("fix", self.fix))
        return [f"error: {self.what}", *(f"  {name + ':':<6} {text}" for name, text in named if text)]

    def __str__(self) -> str:
        return "\n".join(self.lines())


class NotYetError(ArcosError):
    """What is asked for has not been made: nothing is wrong, and something else comes first."""
