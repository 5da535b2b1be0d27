"""How a release stands in its support window on a given day, and what `./arcosctl check` makes of it. See ADR 22.

A site outlives its release on purpose only: by a deviation at `release`, with a reason and an end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from enum import Enum

from arcos.site.diagnostics import Finding
from arcos.site.document import Document, Path
from arcos.site.model import Site
from arcos.site.release import Release

#: Days before the end in which everybody is told: time to plan, agree on and make an upgrade in a teaching term.
NOTICE = timedelta(days=90)


class Standing(Enum):
    """Where a day lies in a support window."""

    EARLY = "early"
    SUPPORTED = "supported"
    ENDING = "ending"
    ENDED = "ended"


def standing(release: Release, today: date) -> Standing:
    """Both ends of the window belong to it."""
    window = release.supported
    if today > window.until:
        return Standing.ENDED
    if today < window.first:
        return Standing.EARLY
    return Standing.ENDING if today > window.until - NOTICE else Standing.SUPPORTED


def support_findings(document: Document, site: Site, release: Release, today: date, at: Path) -> Iterator[Finding]:
    """A release whose support has ended, unless a deviation says why it stays."""
    excused = any(deviation.path == "release" for deviation in site.deviations)
    if standing(release, today) is Standing.ENDED and not excused:
        what = f"release {release.name} has not been supported since {release.supported.until}"
        hint = "until the upgrade is made: deviations: [{path: release, reason: ..., expires: ...}]"
        yield document.finding(document.value((*at, "release")), what, "a release that is supported", hint)


def notices(sites: Iterable[tuple[Site, Release]], today: date) -> list[str]:
    """One sentence for each release whose support ends soon, with the sites that run it."""
    ending: dict[str, tuple[Release, list[str]]] = {}
    for site, release in sites:
        if standing(release, today) is Standing.ENDING:
            ending.setdefault(release.name, (release, []))[1].append(site.name)
    return [
        f"release {name} of {', '.join(sorted(names))} is supported until {release.supported.until}: plan an upgrade"
        for name, (release, names) in sorted(ending.items())
    ]
