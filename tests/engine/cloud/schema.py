"""Whether what a program asks for is what the real provider takes: names, types, and what must be there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.engine.cloud.values import UNKNOWN

_WORDS = {"string": str, "boolean": bool, "integer": int, "number": (int, float)}
#: Inputs that the engine itself adds.
_ENGINES_OWN = ("version", "pluginDownloadURL")


@dataclass(frozen=True, kw_only=True)
class Schema:
    """What an SDK says: of each type and function its `inputs`, those `required`, its `outputs`; and the settings."""

    version: str
    resources: Mapping[str, Mapping[str, Any]]
    functions: Mapping[str, Mapping[str, Any]]
    provider: list[str]

    @classmethod
    def read(cls, file: Path) -> Schema:
        """What `sdk.py` wrote."""
        return cls(**json.loads(file.read_text(encoding="utf-8")))

    def as_data(self) -> dict[str, Any]:
        """As it is written."""
        return asdict(self)

    def mistakes(self, token: str, asked: Mapping[str, Any]) -> list[tuple[str, str]]:
        """The properties that the real provider would refuse, and why."""
        one = self.resources.get(token) or self.functions[token]
        return list(_object("", one["inputs"], one["required"], asked))

    def config_mistakes(self, asked: Mapping[str, Any]) -> list[tuple[str, str]]:
        """The same for the provider's own settings."""
        names = [key for key in asked if key not in _ENGINES_OWN and not key.startswith("__")]
        return [(key, "is no setting of this provider") for key in names if key not in self.provider]


def _object(
    path: str, names: Mapping[str, Any], required: list[str], asked: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    for key, value in asked.items():
        inner = f"{path}.{key}" if path else key
        if key.startswith("__"):
            continue
        if key not in names:
            yield inner, "is not a property of this type"
        elif value is not None:
            yield from _value(inner, names[key], value)
    for key in required:
        if asked.get(key) is None:
            yield f"{path}.{key}" if path else key, "is required"


def _value(path: str, shape: Any, value: Any) -> Iterator[tuple[str, str]]:
    if value == UNKNOWN or shape == "any":
        return
    if isinstance(shape, str):
        wrong = isinstance(value, bool) and shape != "boolean"
        if wrong or not isinstance(value, _WORDS[shape]):  # type: ignore[arg-type]
            yield path, f"must be of type {shape}, not {value!r}"
    elif "list" in shape:
        if not isinstance(value, list):
            yield path, f"must be a list, not {value!r}"
            return
        for index, item in enumerate(value):
            yield from _value(f"{path}[{index}]", shape["list"], item)
    elif not isinstance(value, dict):
        yield path, f"must be a map, not {value!r}"
    elif "map" in shape:
        for key, item in value.items():
            yield from _value(f"{path}.{key}", shape["map"], item)
    else:
        yield from _object(path, shape["object"], shape.get("required", []), value)
