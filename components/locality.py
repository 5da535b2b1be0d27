"""Where data lies: under whose law, and in which region. The contract between what keeps data and the site's border.

Each app's settings tell which of its data lies elsewhere (`places`), so that `./arcosctl check` refuses what is outside
of the site's `jurisdiction`. Pure, without Pulumi. Codes: ISO 3166, https://www.iso.org/obp/ui/#search/code/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Protocol, runtime_checkable

from pydantic import StringConstraints

from components.units import Settings

#: A country or a part of one; EU is reserved there for the European Union.
Jurisdiction = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")]
Region = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][-a-z0-9]{0,62}$")]

#: https://european-union.europa.eu/principles-countries-history/eu-countries_en
_EU = frozenset(
    ["AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU",
     "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"]
)  # fmt: skip


class Location(Settings):
    """Where something outside of the cluster keeps what it is given."""

    jurisdiction: Jurisdiction
    """Whose law holds there: a country as in `AU`, a part of one as in `AU-QLD`, or `EU`."""

    region: Region | None = None
    """Which region, in the words of the site's own `region`. Default: not told."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Data of an app that lies outside of the cluster: `what` it is, the field at `path` that says where, and where.

    `near` lies where the cluster does, so nothing need be said where that itself says it.
    """

    what: str
    path: tuple[str | int, ...]
    location: Location | None
    near: bool = False


@runtime_checkable
class Placing(Protocol):
    """Settings of an app that keeps data outside of the cluster."""

    def places(self) -> Iterator[Place]:
        """Each place."""
        ...


@runtime_checkable
class Located(Protocol):
    """Settings of a cluster whose place stands beside the site in its stack file."""

    def located(self, beside: Mapping[str, str]) -> Place | None:
        """Where its data lies, at the key that says so; None where no key does. `beside` are the file's plain texts."""
        ...


def inside(place: str, border: str) -> bool:
    """Whether a jurisdiction is another one, or a part of it: `AU-QLD` is in `AU`, `DE` is in `EU`."""
    return place == border or place.startswith(f"{border}-") or (border == "EU" and place[:2] in _EU)
