"""Kubernetes objects as YAML text: the same bytes on every run, machine and locale, read the same by every parser.

Owns spelling only. `kubectl` reads YAML 1.1 in Go's dialect and others read 1.2, so a text that any of them could take
for a number, a date or a boolean is quoted. https://yaml.org/type/ and https://yaml.org/spec/1.2.2/#1032-tag-resolution
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import yaml

from arcos.render.order import Manifest

# The C emitter is ten times faster; both write the same.
_Base: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

#: What identifies an object comes first, the rest in alphabetical order.
_HEAD = ("apiVersion", "kind", "metadata")
#: A number to somebody (`1e3`, `0o17`, `1_000`, `12:30`, `.5`), or a letter that Go's YAML 1.1 takes for a boolean.
_DISPUTED = re.compile(r"[-+]?[.\d][\d_.:]*([eE][-+]?\d*)?|[-+]?0[xXoObB][\da-fA-F_]+|[yYnN]")


class _Dumper(_Base):  # type: ignore[misc] # chosen above
    """Literal blocks for texts of several lines, quotes for disputed ones, no anchors."""

    def ignore_aliases(self, _: object) -> bool:
        return True


def _text(dumper: Any, value: str) -> yaml.ScalarNode:  # noqa: ANN401 - either emitter
    style = "|" if "\n" in value else '"' if _DISPUTED.fullmatch(value) else None
    node: yaml.ScalarNode = dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)
    return node


_Dumper.add_representer(str, _text)


def object_text(manifest: Manifest) -> str:
    """One object as a YAML document without separator."""
    ordered = {key: manifest[key] for key in _HEAD if key in manifest}
    ordered |= {key: manifest[key] for key in sorted(manifest) if key not in ordered}
    text: str = yaml.dump(_sorted(ordered), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10**9)
    return text


def dump(manifests: Iterable[Manifest]) -> str:
    """Objects as one stream of YAML documents, in the order given."""
    return "".join(f"---\n{object_text(manifest)}" for manifest in manifests)


def _sorted(manifest: Manifest) -> Manifest:
    return {key: _deep(value) for key, value in manifest.items()}


def _deep(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return {key: _deep(value[key]) for key in sorted(value)}
    return [_deep(item) for item in value] if isinstance(value, list) else value
