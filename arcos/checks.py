"""One thing looked at before somebody acts: how it stands, and what mends it. What is looked at stands elsewhere.

`./arcosctl doctor` (this machine) and `./arcosctl preflight` (a site's cloud and cluster) both answer with these.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing looked at: how it stands, and the command that mends it ("" where nothing is to do)."""

    name: str
    level: Level
    detail: str
    fix: str = ""

    def as_dict(self) -> dict[str, str]:
        """For ``--json``."""
        return {key: str(value) for key, value in asdict(self).items()}


def ok(name: str, detail: str, fix: str = "") -> Check:
    """All is well; `fix` may say what could be had besides."""
    return Check(name=name, level=Level.OK, detail=detail, fix=fix)


def warn(name: str, detail: str, fix: str) -> Check:
    """It may go wrong, or nobody can tell."""
    return Check(name=name, level=Level.WARN, detail=detail, fix=fix)


def fail(name: str, detail: str, fix: str) -> Check:
    """It cannot work."""
    return Check(name=name, level=Level.FAIL, detail=detail, fix=fix)
