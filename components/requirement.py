"""What an app cannot do without: another app of the site, or something the cluster offers.

Each app's settings tell it (`requires`), so that `./arcosctl check` refuses a site that could not work and names the
field. Pure, without Pulumi.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

Capability = Literal[
    "default_storage_class", "rwx_storage_class", "gpu", "load_balancer", "hosted_zone", "object_storage"
]


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """Either `app` or `capability` must be there.

    `path` is the field below the app that asks for it, or () for the app itself; `why` completes "needs X: ...";
    `instead` is another value of the field that does without, or "".
    """

    why: str
    app: str = ""
    capability: Capability | None = None
    path: tuple[str | int, ...] = ()
    instead: str = ""


@dataclass(frozen=True, kw_only=True)
class GroupUse:
    """A group of people that an app names at `path` below its own key; somebody has to define it."""

    group: str
    path: tuple[str | int, ...]


@runtime_checkable
class Requiring(Protocol):
    """Settings of an app that needs something."""

    def requires(self) -> Iterator[Requirement]:
        """What it needs, given these settings."""
        ...


@runtime_checkable
class NamingGroups(Protocol):
    """Settings of an app that name groups of people."""

    def groups_used(self) -> Iterator[GroupUse]:
        """Each group where it is named."""
        ...
