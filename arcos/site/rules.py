"""What one field alone cannot tell: names used twice, deviations, releases, and the rest of a Pulumi stack file.

Each rule looks at the plain data, whatever else is wrong with it, so that one run finds everything. What two fields
of one model mean together (`min` and `max`) stands in the model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import TypeAdapter, ValidationError

from arcos.site.diagnostics import Finding
from arcos.site.document import Document, Path
from arcos.site.model import Site
from arcos.site.shape import chosen, entries, fields, models
from arcos.site.words import meant
from components.units import Day

#: Where the platform's part stands in a stack file.
AT: Path = ("config", "arcos:site")
#: What Pulumi itself keeps in a stack file (https://www.pulumi.com/docs/iac/concepts/config/).
STACK_KEYS = ("config", "encryptedkey", "encryptionsalt", "environment", "secretsprovider")

_DAY: TypeAdapter[date] = TypeAdapter(Day)


@dataclass(frozen=True)
class World:
    """What the rules know beside the file.

    Attributes:
        today: The day that deviations are held against.
        releases: Names of the releases there are.
    """

    today: date
    releases: Sequence[str]


def stack_findings(document: Document) -> Iterator[Finding]:
    """What is wrong around the platform's part: keys that Pulumi would pass over, and a missing `arcos:site`."""
    data = document.data
    if document.is_broken(()):
        return
    if not isinstance(data, dict):
        what = "the file is empty" if data is None else "the file is no mapping"
        yield document.finding(document.value(()), what, "a mapping with config:, and arcos:site: in it")
        return
    for key in data:
        if key not in STACK_KEYS:
            hint = meant(key, list(STACK_KEYS))
            yield document.finding(document.key((key,)), f"unknown key `{key}`", ", ".join(STACK_KEYS), hint)
    config = data.get("config")
    if not isinstance(config, dict):
        if not document.is_broken(("config",)):
            what = "`config` is missing" if config is None else "`config` is no mapping"
            yield document.finding(document.key(("config",)), what, "config: with arcos:site: in it")
        return
    yield from _config_findings(document, config)


def _config_findings(document: Document, config: dict[str, Any]) -> Iterator[Finding]:
    for key, value in config.items():
        mark = document.key(("config", key))
        if ":" not in key:
            what, accepted = f"config key `{key}` has no namespace", "<namespace>:<name>, as in aws:region"
            hint = "did you mean `arcos:site`?" if meant(key, ["site"]) else ""
            yield document.finding(mark, what, accepted, hint)
        elif key.startswith("arcos:") and key != AT[-1] and not is_secret(value):
            hint = f"everything of a site stands in arcos:site; a secret: pulumi config set --secret {key}"
            yield document.finding(mark, f"unknown key `{key}`", "arcos:site, and secrets (secure: ...)", hint)
    if AT[-1] not in config:
        mark = document.key(("config",))
        yield document.finding(mark, "`arcos:site` is missing", "arcos:site: with the site below it")


def is_secret(value: object) -> bool:
    """Whether a value of a stack file is one that Pulumi has encrypted."""
    return isinstance(value, dict) and list(value) == ["secure"]


def site_findings(document: Document, data: object, world: World) -> Iterator[Finding]:
    """What is wrong in the platform's part beyond single fields."""
    if isinstance(data, dict):
        yield from _repeated_names(document, data, AT)
        yield from _release(document, data, world)
        deviations = data.get("deviations")
        for index, deviation in enumerate(deviations if isinstance(deviations, list) else []):
            if isinstance(deviation, dict):
                yield from _deviation(document, data, deviation, (*AT, "deviations", index), world)


def _repeated_names(document: Document, data: object, path: Path) -> Iterator[Finding]:
    """Entries of one list that have the same name: two node pools, two federations."""
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield from _repeated_names(document, value, (*path, key))
    seen: dict[str, int] = {}
    for index, entry in enumerate(data if isinstance(data, list) else []):
        name = entry.get("name") if isinstance(entry, dict) else None
        if isinstance(name, str) and seen.setdefault(name, index) != index:
            line = document.value((*path, seen[name], "name"))[0]
            mark = document.value((*path, index, "name"))
            what, hint = f"the name `{name}` is used twice", f"line {line} has it already"
            yield document.finding(mark, what, "every name once", hint)


def _release(document: Document, data: dict[str, Any], world: World) -> Iterator[Finding]:
    name = data.get("release")
    if isinstance(name, str) and name not in world.releases:
        hint = meant(name, list(world.releases))
        mark = document.value((*AT, "release"))
        yield document.finding(mark, f"there is no release `{name}`", ", ".join(world.releases) or "none yet", hint)


def _deviation(
    document: Document, data: dict[str, Any], deviation: dict[str, Any], at: Path, world: World
) -> Iterator[Finding]:
    path = deviation.get("path")
    if isinstance(path, str) and path:
        yield from _deviation_path(document, data, path, (*at, "path"))
    try:
        expires = _DAY.validate_python(deviation.get("expires"))
    except ValidationError:
        return
    if expires < world.today:
        what = f"the deviation expired on {expires}"
        hint = "follow the standard again, or agree on a new date"
        yield document.finding(document.value((*at, "expires")), what, f"a day from {world.today} on", hint)


def _deviation_path(document: Document, data: object, path: str, at: Path) -> Iterator[Finding]:
    """The path of a deviation leads to a key of the model, through lists by the entry's name or position."""
    annotations: tuple[Any, ...] = (Site,)
    done = ""
    for part in re.sub(r"\[(\w+)\]", r".\1", path).split("."):
        candidates = models(annotations)
        if candidates:
            known = fields(chosen(candidates, data))
            if part not in known:
                hint = meant(part, list(known))
                what = f"the path `{path}` leads nowhere: there is no `{part}` in {f'`{done}`' if done else 'a site'}"
                yield document.finding(document.value(at), what, ", ".join(sorted(known)) or "nothing below it", hint)
                return
            annotations = tuple(info.annotation for info in known[part])
            data = data.get(part) if isinstance(data, dict) else None
        elif entries(annotations):
            annotations = entries(annotations)
            data = _entry(data, part)
        else:
            what = f"the path `{path}` leads nowhere: `{done}` has nothing below it"
            yield document.finding(document.value(at), what, f"`{done}`")
            return
        done = f"{done}.{part}".lstrip(".")


def _entry(data: object, part: str) -> object:
    entries_ = data if isinstance(data, list) else []
    by_name = {entry.get("name"): entry for entry in entries_ if isinstance(entry, dict)}
    by_place = entries_[int(part)] if part.isdecimal() and len(part) < 6 and int(part) < len(entries_) else None
    return by_name.get(part, by_place)
