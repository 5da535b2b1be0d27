"""The JSON Schema that editors use says what the model says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema
import pytest

from arcos.paths import STACKS
from arcos.site.document import parse
from arcos.site.loader import site_names
from arcos.site.schema import schema_text, site_schema

SCHEMA = site_schema()
Swap = Callable[[str, str], str]


def errors(text: str) -> list[str]:
    """What an editor would underline."""
    data = json.loads(json.dumps(parse("a", text).data, default=str))
    return [error.message for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(data)]


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_committed_schema_is_fresh() -> None:
    committed = (STACKS / "site.schema.json").read_text(encoding="utf-8")
    assert committed == schema_text(), "run ./arcosctl schema --write"


@pytest.mark.parametrize("name", site_names())
def test_every_site_fits_and_names_the_schema(name: str) -> None:
    text = (STACKS / f"Pulumi.{name}.yaml").read_text(encoding="utf-8")
    assert errors(text) == []
    assert text.startswith("# yaml-language-server: $schema=site.schema.json\n"), "so that an editor completes it"


def test_the_good_file_fits(good: str) -> None:
    assert errors(good) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("domain: a", "domian: a"),
        ("nodePools:", "node_pools:"),
        ("flavor:", "flavour:"),
        ("welcome:", "welcom:"),
        ("title: A site", "title: 5"),
        ("ingress: {}", "ingress:"),
        ("ingress: {}", "ingress: true"),
        ("{message: Hello}", "{message: ~}"),
        ('"2026.11"', "2026.11"),
        ("min: 3", "min: 3.5"),
        ("min: 3", "min: -1"),
        ("max: 6", "max: 1001"),
        ("max: 6}", "max: 6, gpu: nvidai}"),
        ("a.example.org", "A.example.org"),
        ("ops@example.org", "ops"),
        ("openstack-magnum", "openstack-magnm"),
        ("    registry: registry.example.org/arcos\n", ""),
        ('"only one node"', '""'),
        ("config:\n", "confg: 1\nconfig:\n"),
        ("config:\n", "config:\n  arcos:sites: {}\n"),
        ("config:\n", "config:\n  site: {}\n"),
        ("title:", "name: a\n    title:"),
    ],
)
def test_what_the_model_refuses_an_editor_underlines(old: str, new: str, swap: Swap) -> None:
    assert errors(swap(old, new)), "an editor must see this mistake as well"


def test_what_stands_beside_a_site_is_in_no_part_of_it() -> None:
    assert "region" not in site_schema()["$defs"]["AwsEks"]["properties"], "an editor offers what `check` takes"


def test_a_local_site_needs_no_registry(good: str) -> None:
    assert errors(good[: good.index("    registry:")] + "    cluster: {kind: local}\n    apps: {}\n") == []


def _fields(node: Any) -> Iterator[tuple[str, Any]]:
    for name, definition in node["$defs"].items():
        for key, value in definition.get("properties", {}).items():
            yield f"{name}.{key}", value


@pytest.mark.parametrize("field", sorted(name for name, _ in _fields(SCHEMA)))
def test_every_field_has_a_title_and_a_description(field: str) -> None:
    value = dict(_fields(SCHEMA))[field]
    if field.endswith(".kind"):
        assert "const" in value
    else:
        assert value.get("description", "").endswith((".", "`.")), (
            "meaning, unit and why, as a docstring below the field"
        )


def test_every_definition_has_a_description() -> None:
    assert [name for name, definition in SCHEMA["$defs"].items() if not definition.get("description")] == []
