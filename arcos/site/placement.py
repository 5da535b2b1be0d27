"""Whether a site's cluster fits what stands around it: its release's Kubernetes, and the cloud's own keys of the file.

Looks at a site that is right field by field; each cluster kind says itself what does not fit (`misfits`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from arcos.site.diagnostics import Finding
from arcos.site.document import Document, Path
from arcos.site.model import Site
from arcos.site.release import Release
from arcos.site.rules import is_secret
from components.clusters.surroundings import Placed, Surroundings


def placement_findings(document: Document, site: Site, release: Release, today: date, at: Path) -> Iterator[Finding]:
    """One finding for each thing that does not fit, at its field or at its key beside `arcos:site`."""
    if not isinstance(site.cluster, Placed):
        return
    around = Surroundings(
        kubernetes=release.kubernetes,
        today=today,
        site=site.name,
        provider=texts(document, at),
        encrypted=_encrypted(document, at),
    )
    for one in site.cluster.misfits(around):
        path = (*at[:-1], one.beside) if one.beside else (*at, "cluster", *one.path)
        yield document.finding(document.value(path), one.what, one.accepted, one.hint)


def texts(document: Document, at: Path) -> dict[str, str]:
    """The plain texts beside `arcos:site`; a secret or a list is none."""
    return {key: value for key, value in _beside(document, at).items() if isinstance(value, str)}


def _encrypted(document: Document, at: Path) -> frozenset[str]:
    return frozenset(key for key, value in _beside(document, at).items() if is_secret(value))


def _beside(document: Document, at: Path) -> Mapping[str, object]:
    config = document.data.get(at[0]) if isinstance(document.data, dict) else None
    return config if isinstance(config, dict) else {}
