"""Walking from one site to another, one differing field at a time, and watching which objects follow each field.

The walk begins at a stand-in of the first site: the same fields on a cluster of no particular kind that offers the same
capabilities. What a kind itself puts into its cluster is the difference between a site and its stand-in, which must
only add. Then each field that differs takes the other site's value. So every difference of two sites has a name:
a kind's own objects, a capability, a setting, or a word that stands in other words' place. What has none is a bug:
code that looks at a site's or a cloud's name.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from arcos.compare.objects import Difference, between, beyond_text
from arcos.render.evaluate import evaluate
from arcos.render.order import Manifest
from arcos.site.model import Apps, Site
from arcos.site.release import Release, load_release
from components.clusters.capabilities import Capabilities
from components.units import Port, Settings

#: Fields whose value stands in objects as a word, and decides nothing.
NAMES = ("name", "title", "domain", "contact", "registry")

Group = Literal["name", "capability", "setting"]
Render = Callable[[Site], list[Manifest]]


@dataclass(frozen=True, kw_only=True)
class Step:
    """Fields that differ, what they are at each site, and the objects that follow. Several where one alone is none."""

    group: Group
    fields: dict[str, tuple[Any, Any]]
    effect: Difference


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two sites. `own` are the objects that each one's cluster kind brings; `unexplained` has no name and no field."""

    sites: tuple[str, str]
    kinds: tuple[str, str]
    alike: int
    own: tuple[tuple[str, ...], tuple[str, ...]]
    steps: tuple[Step, ...]
    unexplained: dict[str, Difference]


class _Neutral(Settings):
    """A cluster of no particular kind: nothing is put in."""

    kind: Literal["existing"] = "existing"
    http_port: Port
    https_port: Port
    capabilities: Capabilities


def compare(first: Site, second: Site, release: Callable[[str], Release] = load_release) -> Comparison:
    """All that two sites differ in.

    Args:
        first: A site.
        second: Another one.
        release: Reads a release by its name.
    """

    @functools.cache
    def render(site: Site) -> list[Manifest]:
        return evaluate(site, release(site.release))

    start, end = neutral(first), neutral(second)
    whole = between(render(start), render(end))
    return Comparison(
        sites=(first.name, second.name),
        kinds=(first.cluster.kind, second.cluster.kind),
        alike=len(render(start)) - len(whole.only_first) - len(whole.changed),
        own=(own(first, render).only_second, own(second, render).only_second),
        steps=tuple(_walk(start, end, render)),
        unexplained=unexplained(first, second, render),
    )


def unexplained(first: Site, second: Site, render: Render) -> dict[str, Difference]:
    """What has no name and no field: a kind that changes what apps make, and words that decide something."""
    found = {}
    for site in (first, second):
        brought = own(site, render)
        if wrong := Difference(brought.only_first, (), brought.changed):
            found[f"{site.name}: its cluster kind {site.cluster.kind} changes what apps make"] = wrong
    start, end = neutral(first), neutral(second)
    names = _differing(start, end, NAMES)
    renamed = start.model_copy(update={name: other for name, (_, other) in names.items()})
    if wrong := beyond_text(render(start), render(renamed), dict(names.values())):
        found[f"{', '.join(names)}: something hangs on the word itself"] = wrong
    return found


def own(site: Site, render: Render) -> Difference:
    """What the site's cluster kind itself makes of what its apps make: only more, if all is well."""
    return between(render(neutral(site)), render(site))


def neutral(site: Site) -> Site:
    """The site on a cluster of no particular kind that offers the same."""
    cluster = site.cluster
    stand_in = _Neutral(
        http_port=getattr(cluster, "http_port", 80),
        https_port=getattr(cluster, "https_port", 443),
        capabilities=cluster.capabilities,
    )
    return site.model_copy(update={"cluster": stand_in})


def _walk(start: Site, end: Site, render: Render) -> Iterator[Step]:
    """Names in one step, then each field; a field that makes no site by itself goes together with the next."""
    here, before = start, render(start)
    pending: dict[str, tuple[Any, Any]] = {}
    for group, fields, changed in _changes(start, end):
        pending |= fields
        here = changed(here)
        try:
            after = render(here)
        except Exception:  # noqa: BLE001, S112 - whatever an impossible site runs into; the last one is possible
            continue
        yield Step(group=group, fields=pending, effect=between(before, after))
        before, pending = after, {}
    if pending:
        render(here)  # the second site itself: what it raises is the answer


Change = tuple[Group, dict[str, tuple[Any, Any]], Callable[[Site], Site]]


def _changes(start: Site, end: Site) -> Iterator[Change]:
    names = _differing(start, end, NAMES)
    if names:
        yield "name", names, lambda site: site.model_copy(update={name: getattr(end, name) for name in NAMES})
    yield from _cluster(start, end)
    for app in Apps.model_fields:
        yield from _app(app, getattr(start.apps, app), getattr(end.apps, app))
    others = [name for name in Site.model_fields if name not in (*NAMES, "cluster", "apps")]
    for name, values in _differing(start, end, others).items():
        yield "setting", {name: values}, _site_change(name, getattr(end, name))


def _cluster(start: Site, end: Site) -> Iterator[Change]:
    capable = _differing(start.cluster.capabilities, end.cluster.capabilities, list(Capabilities.model_fields))
    for name, values in capable.items():
        yield "capability", {name: values}, _capability_change(name, values[1])
    for name, values in _differing(start.cluster, end.cluster, ["http_port", "https_port"]).items():
        yield "setting", {f"cluster.{name}": values}, _cluster_change(name, values[1])


def _app(app: str, start: Any, end: Any) -> Iterator[Change]:  # noqa: ANN401 - each app has settings of its own
    if start is None and end is None:
        return
    if start is None or end is None:
        yield "setting", {f"apps.{app}": (start, end)}, _app_change(app, end)
        return
    config = start
    for name, values in _differing(start, end, list(type(end).model_fields)).items():
        config = config.model_copy(update={name: values[1]})
        yield "setting", {f"apps.{app}.{name}": values}, _app_change(app, config)


def _differing(start: object, end: object, names: list[str] | tuple[str, ...]) -> dict[str, tuple[Any, Any]]:
    pairs = {name: (getattr(start, name), getattr(end, name)) for name in names}
    return {name: (one, other) for name, (one, other) in pairs.items() if one != other}


def _site_change(name: str, value: object) -> Callable[[Site], Site]:
    return lambda site: site.model_copy(update={name: value})


def _cluster_change(name: str, value: object) -> Callable[[Site], Site]:
    return lambda site: site.model_copy(update={"cluster": site.cluster.model_copy(update={name: value})})


def _capability_change(name: str, value: object) -> Callable[[Site], Site]:
    def change(site: Site) -> Site:
        capable = site.cluster.capabilities.model_copy(update={name: value})
        return site.model_copy(update={"cluster": site.cluster.model_copy(update={"capabilities": capable})})

    return change


def _app_change(app: str, config: object) -> Callable[[Site], Site]:
    return lambda site: site.model_copy(update={"apps": site.apps.model_copy(update={app: config})})
