"""Two sets of rendered objects against each other: which are on one side only, and at which fields the others differ.

Pure. The digest at the end of a Job's name and in the annotation `arcos.dev/config` follows from what the object holds,
which is compared itself, so both are left out.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from arcos.render.order import Manifest

_DIGEST = re.compile(r"-[0-9a-f]{8}$")
_CONFIG = "arcos.dev/config"

Same = Callable[[Any, Any], bool]


@dataclass(frozen=True)
class Difference:
    """Objects as `Kind namespace/name`; `changed` has the paths of the fields that differ."""

    only_first: tuple[str, ...] = ()
    only_second: tuple[str, ...] = ()
    changed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.only_first or self.only_second or self.changed)

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        changed = {name: list(paths) for name, paths in self.changed.items()}
        return {"onlyFirst": list(self.only_first), "onlySecond": list(self.only_second), "changed": changed}


def named(manifests: Iterable[Manifest]) -> dict[str, Manifest]:
    """Each object by its name, without digests."""
    found: dict[str, Manifest] = {}
    for manifest in manifests:
        meta = manifest["metadata"]
        name = _DIGEST.sub("", meta["name"]) if manifest["kind"] == "Job" else meta["name"]
        found[f"{manifest['kind']} {meta.get('namespace', '')}/{name}".replace(" /", " ")] = manifest
    return found


def between(first: Iterable[Manifest], second: Iterable[Manifest]) -> Difference:
    """Everything that differs."""
    return _difference(first, second, lambda before, after: before == after)


def beyond_text(first: Iterable[Manifest], second: Iterable[Manifest], words: Mapping[str, str]) -> Difference:
    """What differs beyond some words of the first that stand as other words in the second: a name, a domain."""
    spelled: dict[str, set[str]] = {}
    for form in _FORMS:
        for old, new in words.items():
            spelled.setdefault(form(old), set()).update((form(new), new))
    spellings = re.compile("|".join(map(re.escape, sorted(spelled, key=len, reverse=True))) or r"(?!)")

    def same(before: Any, after: Any) -> bool:  # noqa: ANN401 - a field's value
        if before == after:
            return True
        if not (isinstance(before, str) and isinstance(after, str)):
            return False
        # A word may stand there by chance as well (`local` in `svc.cluster.local`), so each may also stay.
        pattern, end = "", 0
        for hit in spellings.finditer(before):
            options = "|".join(re.escape(one) for one in sorted({hit[0], *spelled[hit[0]]}, key=len, reverse=True))
            pattern, end = f"{pattern}{re.escape(before[end : hit.start()])}(?:{options})", hit.end()
        return re.fullmatch(pattern + re.escape(before[end:]), after, flags=re.DOTALL) is not None

    return _difference(first, second, same)


def _difference(first: Iterable[Manifest], second: Iterable[Manifest], same: Same) -> Difference:
    before, after = named(first), named(second)
    paths = {
        name: tuple(dict.fromkeys(_paths(before[name], after[name], same, name=name))) for name in before & after.keys()
    }
    return Difference(
        tuple(sorted(before.keys() - after.keys())),
        tuple(sorted(after.keys() - before.keys())),
        {name: found for name, found in sorted(paths.items()) if found},
    )


def _paths(before: Any, after: Any, same: Same, path: str = "", *, name: str = "") -> Iterator[str]:  # noqa: ANN401
    """The deepest fields that differ."""
    if path.endswith(f"annotations.{_CONFIG}") or (name.startswith("Job ") and path == "metadata.name"):
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            at = f"{path}.{key}".lstrip(".")
            if key in before and key in after:
                yield from _paths(before[key], after[key], same, at, name=name)
            else:
                yield at
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _paths(one, other, same, f"{path}[{number}]", name=name)
    elif not same(before, after):
        yield path


#: How a word may be spelled inside of a file: as it is, in JSON, in HTML, in a regular expression.
_FORMS = (str, lambda word: json.dumps(word)[1:-1], html.escape, re.escape)
