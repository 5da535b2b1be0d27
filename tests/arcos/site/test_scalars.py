"""A plain word has one meaning for every reader, or it is refused."""

from __future__ import annotations

from datetime import date

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from arcos.site.scalars import DisputedError, scalar

#: What go-yaml v3 (the Pulumi engine's reader) made of these words when they were given to it.
AGREED = {
    "0": 0,
    "-12": -12,
    "2026.11": 2026.11,
    "true": True,
    "FALSE": False,
    "~": None,
    "": None,
    "30d": "30d",
    "1.37.2": "1.37.2",
    "10.0.0.0/16": "10.0.0.0/16",
    "e5": "e5",
    "_1": "_1",
    "0x": "0x",
    "1e": "1e",
    "2027-02-30": "2027-02-30",
    "2027-06-30": date(2027, 6, 30),
}
#: Words that go-yaml v3, YAML 1.1 and YAML 1.2 do not take for the same thing.
DISPUTED = """
    yes No ON off y N 0755 08 0o17 0b11 0x1f 0o+5 0b-1 1_000 -_5 0__o0 1:30 190:20:30.15 1e3 1.5e3 1. .5 +1 -0
    .inf -.Inf +.INF .nan = << 2027-6-3 2027-06-30T00:00:00Z 9999999999999999 18446744073709551616
"""


@pytest.mark.parametrize("word", AGREED)
def test_agreed(word: str) -> None:
    value = scalar(word)
    assert (value, type(value)) == (AGREED[word], type(AGREED[word]))


@pytest.mark.parametrize("word", DISPUTED.split())
def test_disputed(word: str) -> None:
    with pytest.raises(DisputedError, match="unquoted") as raised:
        scalar(word)
    assert f'"{word}" in quotes' in raised.value.accepted, "says how to keep it as text"


@settings(derandomize=True, deadline=None, database=None)
@given(st.text("0123456789abcdefxoETZtnyu+-_.:~", min_size=1, max_size=9))
@example("0o17")
@example("1_0.0_1")
def test_what_is_not_refused_is_what_pyyaml_reads(word: str) -> None:
    try:
        ours = scalar(word)
    except DisputedError:
        return
    try:
        theirs = yaml.safe_load(word)
    except (yaml.YAMLError, ValueError):
        return
    if not word.startswith(("- ", "---", "...")) and not isinstance(theirs, dict | list):
        assert (ours, type(ours)) == (theirs, type(theirs)), "one file, one meaning"


def test_a_megabyte_of_digits_is_quick() -> None:
    for word in ("1" * 10**6 + "x", "1_" * 500_000 + "x", "1:" * 500_000, "1e" * 500_000):
        assert scalar(word) == word, "the patterns are linear: a quadratic one would run for hours here"
