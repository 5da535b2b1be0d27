"""Whether data stays where the site says: volumes, buckets, backups and mirrors inside of its jurisdiction and region.

Looks at a site that is right field by field; each app's own settings say what lies elsewhere. What has to be outside
for a while is a deviation at that field, with a reason and an end. See docs/adr/0024.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from arcos.site.diagnostics import Finding
from arcos.site.document import Document, Path
from arcos.site.model import Apps, Site
from arcos.site.placement import texts
from components.locality import Located, Place, Placing, inside

#: What may follow the field in a deviation's path.
_BELOW = ("location", "jurisdiction", "region")


def locality_findings(document: Document, site: Site, at: Path) -> Iterator[Finding]:
    """One finding for each place that is outside, or that nobody says where it is."""
    if site.jurisdiction is None and site.region is None:
        return
    yield from _cluster(document, site, at)
    for name in Apps.model_fields:
        config = getattr(site.apps, name)
        for place in config.places() if isinstance(config, Placing) else ():
            path = ("apps", name, *place.path)
            told = place.near and place.location is None and isinstance(site.cluster, Located)
            if not told and not _excused(site, path):
                yield from _finding(document, site, place, (*at, *path))


def _cluster(document: Document, site: Site, at: Path) -> Iterator[Finding]:
    """The cluster itself, where a key of the cloud beside `arcos:site` says where it is."""
    place = site.cluster.located(texts(document, at)) if isinstance(site.cluster, Located) else None
    if place is None or any(one.path in ("jurisdiction", "region") for one in site.deviations):
        return
    mark, border = document.value((*at[:-1], *place.path)), ", ".join(filter(None, (site.jurisdiction, site.region)))
    accepted, hint = f"a region in {border}", "or a deviation at `jurisdiction`, with the reason"
    told = place.location
    if told is None:
        what = f"nobody knows where this region is, and {place.what} must stay in {border}"
        yield document.finding(mark, what, accepted, hint)
    elif site.jurisdiction and not inside(told.jurisdiction, site.jurisdiction):
        what = f"{told.jurisdiction} is outside of the site's jurisdiction {site.jurisdiction}: {place.what}"
        yield document.finding(mark, what, accepted, hint)
    elif site.region and told.region != site.region:
        what = f"{told.region} is not the site's region {site.region}: {place.what}"
        yield document.finding(mark, what, accepted, hint)


def _finding(document: Document, site: Site, place: Place, at: Path) -> Iterator[Finding]:
    border = ", ".join(filter(None, (site.jurisdiction, site.region)))
    here = {"jurisdiction": site.jurisdiction, "region": site.region}
    accepted = f"location: {{{', '.join(f'{key}: {value}' for key, value in here.items() if value)}}}"
    hint = "or a deviation at this field, with the reason"
    if place.location is None:
        what = f"nothing says where it keeps {place.what}, which must stay in {border}"
        yield document.finding(document.key(at), what, accepted, hint)
        return
    told = place.location
    if site.jurisdiction and not inside(told.jurisdiction, site.jurisdiction):
        what = f"{told.jurisdiction} is outside of the site's jurisdiction {site.jurisdiction}: {place.what}"
        yield document.finding(document.value((*at, "location", "jurisdiction")), what, accepted, hint)
    if site.region and told.region != site.region:
        what = f"{told.region or 'a region that is not told'} is not the site's region {site.region}: {place.what}"
        yield document.finding(document.value((*at, "location", "region")), what, accepted, hint)


def _excused(site: Site, path: tuple[str | int, ...]) -> bool:
    """Whether a deviation stands at the field, above it or at what it says."""
    names = list(_names(site, path))
    for deviation in site.deviations:
        parts = re.sub(r"\[(\w+)\]", r".\1", deviation.path).split(".")
        above = all(part in known for part, known in zip(parts, names, strict=False))
        if above and len(parts) > 2 and all(part in _BELOW for part in parts[len(names) :]):
            return True
    return False


def _names(site: Site, path: tuple[str | int, ...]) -> Iterator[set[str]]:
    """How each step of a path may be spelled: an entry of a list by its position or its name."""
    here: object = site
    for step in path:
        if isinstance(step, int) and isinstance(here, tuple):
            here = here[step]
            yield {str(step), str(getattr(here, "name", step))}
        else:
            here = getattr(here, str(step))
            yield {str(step)}
