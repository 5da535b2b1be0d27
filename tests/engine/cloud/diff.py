"""What differs between what a resource is and what is asked for, and whether that takes a new one.

Pure. Compared leaf by leaf, a list as a whole; what the cloud chose itself and nobody asked for is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.engine.cloud.rules import Rule

_NOTHING = object()


@dataclass(frozen=True)
class Change:
    """A leaf that differs: its path, `add`, `delete` or `update`, and whether that makes a new resource."""

    path: str
    kind: str
    replaces: bool

    @property
    def top(self) -> str:
        """The property at the top."""
        return self.path.partition(".")[0]


def changes(
    rule: Rule, now: Mapping[str, Any], before: Mapping[str, Any], asked: Mapping[str, Any], ignored: Sequence[str] = ()
) -> list[Change]:
    """From what is (`now`, of which `before` was asked for) to what is `asked` for."""
    return [
        Change(path, kind, any(_within(path, one) or _within(one, path) for one in rule.replace))
        for path, kind in _differences("", dict(now), dict(before), dict(asked))
        if not any(_within(path, one) for one in ignored)
    ]


def deletes_first(rule: Rule, now: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    """Whether the old one must go before the new one comes: both have the same explicit name."""
    return bool(rule.named and rule.named in asked and asked[rule.named] == now.get(rule.named))


def _differences(path: str, now: Any, before: Any, asked: Any) -> Iterator[tuple[str, str]]:
    if isinstance(now, dict) and isinstance(asked, dict):
        known = before if isinstance(before, dict) else {}
        for key in sorted(known.keys() | asked.keys()):
            inner = f"{path}.{key}" if path else key
            parts = (side.get(key, _NOTHING) for side in (now, known, asked))
            yield from _differences(inner, *parts)
    elif asked is _NOTHING:
        if now is not _NOTHING:
            yield path, "delete"
    elif now is _NOTHING:
        yield path, "add"
    elif now != asked:
        yield path, "update"


def _within(path: str, outer: str) -> bool:
    return path == outer or path.startswith(f"{outer}.")
