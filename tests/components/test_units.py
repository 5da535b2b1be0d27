"""Domains, addresses, quantities, durations: what is taken, what is refused, and what was meant."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from components.units import (
    Cpu,
    Day,
    DnsLabel,
    Domain,
    Duration,
    Email,
    HttpsUrl,
    Line,
    Many,
    Memory,
    Port,
    Registry,
    Settings,
)

LABEL63 = "a" * 63

TAKEN: dict[Any, list[object]] = {
    DnsLabel: ["a", "0", "core-1", LABEL63],
    Domain: [
        "a.bc",
        "qld.example.edu.au",
        "local.arcos.localhost",
        "xn--bcher-kva.example",
        f"{LABEL63}.example",
        "1.example",
    ],
    Email: ["a@b.cd", "platform-ops@example.edu.au", "o'hara+x@a-b.example", "first.last@example.org"],
    HttpsUrl: ["https://a.example", "https://a.example:8443/x?y=z#f", "https://localhost/", "https://a.example/%C3%A4"],
    Registry: ["localhost:5000", "registry.example.org/arcos/x_y", "arcos.localhost"],
    Memory: ["1Ki", "512Mi", "2Gi", "1.5Gi", "3Ti"],
    Cpu: ["500m", "1", "0.5", "2.25"],
    Duration: ["30d", "12h", "5m", "90s", "2w"],
    Port: [1, 443, 65535],
    Line: ["x", "Queensland node, Nectar \u00fc"],
}
REFUSED: dict[Any, list[object]] = {
    DnsLabel: ["", "-a", "a-", "A", "a_b", "a.b", "a\n", LABEL63 + "a", "\u0131", 5, None],
    Domain: [
        "",
        "a",
        "a.b.",
        ".a.b",
        "a..b",
        "A.b",
        "a.b1-",
        "a.1",
        "*.a.b",
        "a_b.c",
        "10.0.0.1",
        "a b.c",
        "a.b\n",
        "a" * 64 + ".b",
    ],
    Email: ["", "a", "a@", "@b.c", "a@b", "a b@c.de", "a@b.cd\n", "a..b@c.de", ".a@b.cd", "a@b@c.de", "<a@b.cd>"],
    HttpsUrl: [
        "",
        "http://a.example",
        "ftp://a",
        "https://",
        "https:///x",
        "javascript:x",
        "https://a b",
        'https://a/"x',
        "https://u:p@a/",
    ],
    Registry: ["", "https://a.example", "A.example", "a.example/", "a.example/X", "a.example:99999x"],
    Memory: ["", "2", "2G", "2GB", "0Gi", "-1Gi", "2 Gi", "2gi", "1e3Mi", "Gi", 2],
    Cpu: ["", "0", "0.0", "-1", "1e3", "0m", "1.2345", "two", True, "\u0665"],
    Duration: ["", "30", "30 d", "0d", "1.5h", "d", "30D", "P30D", "1h30m", 30],
    Port: [0, 65536, -1, "80", 80.0, True],
    Line: ["", " x", "x ", "a\nb", "x" * 201, 5],
}
MEANT: list[tuple[Any, str, str]] = [
    (DnsLabel, "Core Nodes", "core-nodes"),
    (DnsLabel, "K\u00e4se", "kase"),
    (Domain, "HTTPS://Qld.Example.org/x", "qld.example.org"),
    (Domain, "a_b.example.org.", "a-b.example.org"),
    (Email, "Ops <ops@example.org>", "ops@example.org"),
    (Email, "mailto:ops@example.org", "ops@example.org"),
    (HttpsUrl, "http://a.example/x", "https://a.example/x"),
    (HttpsUrl, "a.example", "https://a.example"),
    (Registry, "https://R.example.org/arcos/", "r.example.org/arcos"),
    (Memory, "2GB", "2Gi"),
    (Memory, "512 mb", "512Mi"),
    (Duration, "30 days", "30d"),
    (Duration, "12H", "12h"),
    (Cpu, "2 cores", "2"),
    (Line, " x ", "x"),
]


def _id(value: object) -> str:
    return repr(value)[-30:]


def _flat(table: dict[Any, list[object]]) -> list[tuple[Any, object]]:
    return [(unit, value) for unit, values in table.items() for value in values]


@pytest.mark.parametrize(("unit", "value"), _flat(TAKEN), ids=_id)
def test_taken_as_it_is(unit: Any, value: object) -> None:
    assert TypeAdapter(unit).validate_python(value, strict=True) == value


@pytest.mark.parametrize(("unit", "value"), _flat(REFUSED), ids=_id)
def test_refused(unit: Any, value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(unit).validate_python(value, strict=True)


@pytest.mark.parametrize(("unit", "value", "meant"), MEANT, ids=_id)
def test_what_was_meant(unit: Any, value: str, meant: str) -> None:
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(unit).validate_python(value)
    assert raised.value.errors()[0]["ctx"]["hint"] == meant, "the right spelling of this very value"


@settings(derandomize=True, deadline=None, database=None)
@given(st.text(max_size=40))
def test_a_hint_is_always_a_value_that_is_taken(value: str) -> None:
    for unit in TAKEN:
        try:
            TypeAdapter(unit).validate_python(value)
        except ValidationError as error:
            hint = error.errors()[0].get("ctx", {}).get("hint", "")
            if hint:
                TypeAdapter(unit).validate_python(hint)


@pytest.mark.parametrize("unit", [unit for unit in TAKEN if unit not in (Port, Line, HttpsUrl)], ids=_id)
def test_the_schemas_pattern_agrees(unit: Any) -> None:
    schema = TypeAdapter(unit).json_schema()
    pattern = schema.get("pattern") or schema["anyOf"][1]["pattern"]
    assert all(re.search(pattern, str(value)) for value in TAKEN[unit]), "an editor takes what the model takes"
    wrong = [value for value in REFUSED[unit] if isinstance(value, str) and not value.endswith("\n")]
    assert not any(re.search(pattern, value) for value in wrong), "and underlines what it refuses"


@pytest.mark.parametrize(("value", "text"), [(2, "2"), (0.5, "0.5"), (2.0, "2")])
def test_numbers_of_cpu_become_text(value: float, text: str) -> None:
    assert TypeAdapter(Cpu).validate_python(value) == text, "YAML reads them as numbers, Kubernetes takes text"


@pytest.mark.parametrize("value", [date(2027, 6, 30), "2027-06-30", "2027-06-30T00:00:00Z"])
def test_a_day_from_yaml_from_text_and_from_the_engine(value: object) -> None:
    assert TypeAdapter(Day).validate_python(value) == date(2027, 6, 30)


@pytest.mark.parametrize("value", ["2027-02-30", "2027-6-3", "30.06.2027", "2027-06-30T10:00:00Z", "", 20270630, None])
def test_what_is_no_day(value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Day).validate_python(value, strict=True)


class Example(Settings):
    """Settings with one field of each kind that could be taken too easily."""

    node_count: int
    """A number."""

    enabled: bool = False
    """A switch."""

    names: Many[DnsLabel] = ()
    """A list."""


@pytest.mark.parametrize(
    "data", [{"nodeCount": "1"}, {"nodeCount": 1.0}, {"nodeCount": True}, {"nodeCount": 1, "enabled": 1}]
)
def test_settings_convert_nothing(data: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Example.model_validate(data)


def test_settings_are_camel_case_outside_and_snake_case_inside() -> None:
    assert Example.model_validate({"nodeCount": 1}) == Example(node_count=1)


def test_settings_are_frozen_all_the_way_down() -> None:
    example = Example.model_validate({"nodeCount": 1, "names": ["a", "b"]})
    assert example.names == ("a", "b")
    assert {example: 1}[example] == 1, "hashable, so nothing in it can change"


def test_settings_know_no_other_keys() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        Example.model_validate({"nodeCount": 1, "nodeCout": 2})
