"""What the settings of a cluster kind cannot tell alone: whether they fit the release and the rest of the stack file.

A kind's settings say what does not fit (`misfits`); `./arcosctl check` shows it at its line. Pure, without Pulumi.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What stands around a cluster's settings.

    `kubernetes` is the release's minor, as in `1.37`; `provider` holds the plain texts beside `arcos:site` in the stack
    file, as in `{"aws:region": "ap-southeast-2"}`, and `encrypted` the keys whose values nobody can read there; `today`
    is the day that support windows are held against; `site` the site's name.
    """

    kubernetes: str
    today: date
    site: str = ""
    provider: Mapping[str, str] = field(default_factory=dict)
    encrypted: Collection[str] = ()


@dataclass(frozen=True, kw_only=True)
class Misfit:
    """One thing that does not fit, at `path` below `cluster`; with `beside`, at that key beside `arcos:site`."""

    what: str
    accepted: str
    path: tuple[str | int, ...] = ()
    beside: str = ""
    hint: str = ""


@runtime_checkable
class Placed(Protocol):
    """Settings that fit only some surroundings."""

    def misfits(self, around: Surroundings) -> Iterator[Misfit]:
        """What does not fit."""
        ...
