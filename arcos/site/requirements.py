"""Whether the apps of a site can work together: what one needs of another, or of the cluster, has to be there.

Looks at a site that is right field by field; each app's own settings say what they need.
"""

from __future__ import annotations

from collections.abc import Iterator

from arcos.site.diagnostics import Finding
from arcos.site.document import Document, Path
from arcos.site.model import Apps, Site
from components.requirement import Requirement, Requiring


def requirement_findings(document: Document, site: Site, at: Path) -> Iterator[Finding]:
    """One finding for each thing that an app needs and that is not there, at the field that asks for it."""
    for name in Apps.model_fields:
        config = getattr(site.apps, name)
        for need in config.requires() if isinstance(config, Requiring) else ():
            if not _met(need, site):
                yield _finding(document, name, need, (*at, "apps", name))


def _met(need: Requirement, site: Site) -> bool:
    if need.app:
        return getattr(site.apps, need.app) is not None
    return need.capability is None or bool(getattr(site.cluster.capabilities, need.capability))


def _finding(document: Document, name: str, need: Requirement, at: Path) -> Finding:
    where = ".".join(map(str, (name, *need.path)))
    wanted = f"the app `{need.app}`" if need.app else f"the cluster's `{_camel(need.capability or '')}`"
    what = f"`{where}` needs {wanted}, which is not there: {need.why}"
    if need.app:
        accepted = f"`{need.app}: {{}}` beside `{name}:`"
    else:
        accepted = f"a cluster whose capabilities name a `{_camel(need.capability or '')}`"
    hint = f"or `{need.instead}` here" if need.instead else ""
    return document.finding(document.key((*at, *need.path)), what, accepted, hint)


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)
