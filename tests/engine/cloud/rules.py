"""What a cloud knows of each resource type and function, read from `aws.yaml`, `aws-storage.yaml` or `openstack.yaml`.

The tables say what the real provider does; `test_cloud_tables.py` holds their names against the real SDK.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One resource type. Paths go into objects with dots; lists on the way are taken item by item.

    `id` and the values of `computed` are templates, see :func:`fill`. A change at one of `replace` makes a new one;
    where that has the same explicit `named` property, the old one must go first. No two may share all of `unique`; a
    `?` marks one that may be missing. `refs` are paths whose values must be ids (or, after a `#`, another property) of
    something that exists, which cannot be deleted before; but what `goes_with` one goes when that does. Making one
    whose id is there changes it where the cloud does `upsert`, else it is refused. `everywhere`: what is said where
    another account has all of `unique`; "" where that is no matter. `grows`: outputs that count changes.
    `in_place`: whether anything else can change without a new one.
    `imports`: by what `pulumi import` takes one in, where that is not its id.
    `secret` outputs are marked so.
    """

    id: str = "{uuid}"
    replace: tuple[str, ...] = ()
    in_place: bool = True
    named: str = ""
    unique: tuple[str, ...] = ()
    taken: str = "Conflict: {type} with the same {unique} already exists"
    everywhere: str = ""
    computed: Mapping[str, Any] = field(default_factory=dict)
    refs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    in_use: str = "Conflict: {id} is in use by {user}"
    goes_with: tuple[str, ...] = ()
    upsert: bool = False
    grows: tuple[str, ...] = ()
    secret: tuple[str, ...] = ()
    imports: str = ""


@dataclass(frozen=True, kw_only=True)
class Function:
    """One function of the provider: a fixed `answer` (a template), one of `known` by its arguments, or a resource.

    `finds` is the type of what is looked up by the given arguments; `lists` fills that property with all ids found,
    without it exactly one must be.
    """

    answer: Mapping[str, Any] = field(default_factory=dict)
    known: tuple[Mapping[str, Any], ...] = ()
    finds: str = ""
    lists: str = ""
    missing: str = "NotFound: nothing matches"


@dataclass(frozen=True, kw_only=True)
class Table:
    """One cloud: `facts` stand in templates; a change of one of `replace_provider` replaces all its resources."""

    resources: Mapping[str, Rule]
    functions: Mapping[str, Function]
    facts: Mapping[str, str]
    replace_provider: tuple[str, ...]


@cache
def table(package: str) -> Table:
    """The table of `aws` or `openstack`."""
    data, *more = [
        yaml.safe_load(file.read_text(encoding="utf-8"))
        for file in (_FOLDER / f"{package}.yaml", *sorted(_FOLDER.glob(f"{package}-*.yaml")))
    ]
    for part in ("resources", "functions"):
        data[part] = {name: one for some in (data, *more) for name, one in some[part].items()}
    common = data.get("every_resource", {})
    return Table(
        resources={f"{package}:{token}": _rule(package, common, rule) for token, rule in data["resources"].items()},
        functions={f"{package}:{token}": _function(package, rule) for token, rule in data["functions"].items()},
        facts=data["facts"],
        replace_provider=tuple(data.get("replace_provider", ())),
    )


def fill(template: Any, known: Mapping[str, Any], seed: str) -> Any:
    """A template with its `{words}` replaced from `known`; alone in a text, one keeps its type.

    `{uuid}`, `{hex}` (32 digits), `{hex17}` and `{octet}` are made from `seed`, the same each time.
    """
    if isinstance(template, Mapping):
        return {key: fill(value, known, f"{seed}/{key}") for key, value in template.items()}
    if isinstance(template, list):
        return [fill(value, known, f"{seed}/{index}") for index, value in enumerate(template)]
    if not isinstance(template, str):
        return template
    digest = hashlib.sha256(seed.encode()).hexdigest()
    made = {"uuid": str(uuid.UUID(digest[:32])), "hex": digest[:32], "hex17": digest[:17], "octet": int(digest[:2], 16)}
    words = {**made, **known}
    if whole := re.fullmatch(r"{(\w+)}", template):
        return words.get(whole[1])
    return re.sub(r"{(\w+)}", lambda word: str(words.get(word[1], "")), template)


def values(properties: Any, path: str) -> list[Any]:
    """What stands at a path; lists are taken item by item."""
    if isinstance(properties, list):
        return [found for item in properties for found in values(item, path)]
    head, _, rest = path.partition(".")
    value = properties.get(head) if isinstance(properties, dict) else None
    if value is None:
        return []
    if rest:
        return values(value, rest)
    return list(value) if isinstance(value, list) else [value]


def _rule(package: str, common: Mapping[str, Any], rule: Mapping[str, Any] | None) -> Rule:
    merged = {**common, **(rule or {})}
    merged["replace"] = [*common.get("replace", ()), *(rule or {}).get("replace", ())]
    merged["computed"] = {**common.get("computed", {}), **(rule or {}).get("computed", {})}
    refs = merged.get("refs", {}).items()
    merged["refs"] = {path: tuple(f"{package}:{one.strip()}" for one in targets.split("|")) for path, targets in refs}
    return Rule(**{key: tuple(value) if isinstance(value, list) else value for key, value in merged.items()})


def _function(package: str, rule: Mapping[str, Any]) -> Function:
    finds = f"{package}:{rule['finds']}" if "finds" in rule else ""
    return Function(**{**rule, "finds": finds, "known": tuple(rule.get("known", ()))})
