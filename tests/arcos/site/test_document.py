"""What is refused in a file as YAML, before anyone asks what it means."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from arcos.site.diagnostics import Finding
from arcos.site.document import MAX_DEPTH, parse

Check = Callable[[str | bytes], list[Finding]]
Swap = Callable[[str, str], str]

#: What replaces `A site`; line:column; what is wrong; hint.
SCALARS = {
    "tag of Python": ("!!python/object/apply:os.system [id]", "3:12", "has the tag", "delete the tag"),
    "tag of YAML": ("!!str 5", "3:12", "has the tag", "delete the tag"),
    "own tag": ("!secret x", "3:12", "has the tag `!secret`", "delete the tag"),
    "binary tag": ("!!binary aGk=", "3:12", "has the tag", ""),
    "anchor": ("&a A site", "3:12", "has the anchor `&a`", "delete the anchor"),
    "alias": ("*a", "3:12", "has the alias `*a`", "write it out"),
    "yes": ("yes", "3:12", "`yes` unquoted", ""),
    "Off": ("Off", "3:12", "`Off` unquoted", ""),
    "octal of YAML 1.1": ("0755", "3:12", "`0755` unquoted", ""),
    "octal of YAML 1.2": ("0o17", "3:12", "`0o17` unquoted", ""),
    "base 60": ("1:30", "3:12", "`1:30` unquoted", ""),
    "number with exponent": ("1e3", "3:12", "`1e3` unquoted", ""),
    "number with underscores": ("1_000", "3:12", "`1_000` unquoted", ""),
    "infinity": (".inf", "3:12", "`.inf` unquoted", ""),
    "moment": ("2026-11-01T10:00:00Z", "3:12", "unquoted", ""),
    "tab": ("A\tsite", "3:13", "holds a tab", "replace it with spaces"),
    "NUL": ("A\x00site", "3:13", "holds a NUL byte", "UTF-8"),
    "escape character": ("A\x1b[31msite", "3:13", "U+001B", "delete it"),
    "right to left override": ("A\u202esite", "3:13", "U+202E", "delete it"),
    "zero width space": ("A\u200bsite", "3:13", "U+200B", "delete it"),
    "line separator": ("A\u2028site", "3:13", "U+2028", "delete it"),
    "lone carriage return": ("A\rsite", "3:13", "U+000D", "delete it"),
    "colon in text": ("A: site: b", "3:13", "is not YAML", "quote"),
    "open quote": ('"A site', "6:15", "is not YAML", "line 3"),
    "open bracket": ("[A site", "4:11", "is not YAML", ""),
    "reserved sign": ("@site", "3:12", "is not YAML", "quote"),
}


@pytest.mark.parametrize("case", SCALARS, ids=str)
def test_refused_as_yaml(case: str, check: Check, swap: Swap) -> None:
    new, place, what, hint = SCALARS[case]
    findings = check(swap("A site", new))
    assert findings, f"{case}: must be refused"
    assert f"{findings[0].line}:{findings[0].column}" == place
    assert what in findings[0].what
    assert hint in findings[0].hint


def test_quoted_text_is_text_whatever_it_looks_like(check: Check, swap: Swap) -> None:
    for word in ("yes", "0755", "1:30", "1e3", "2026-11-01", "null", "A\\tsite", "\\u200b."):
        assert check(swap("A site", f'"{word}"')) == [], f"{word} in quotes means the same to every reader"


def test_what_cannot_be_seen_does_not_hide_other_mistakes(check: Check, swap: Swap) -> None:
    findings = check(swap("title: A site", "title: A\tsite").replace("domain: a", "domian: a"))
    assert [finding.what for finding in findings] == ["holds a tab", "unknown key `domian`"]


def test_tabs_as_indentation_are_all_named(check: Check, good: str) -> None:
    findings = check(good.replace("  ", "\t"))
    assert {finding.what for finding in findings} == {"holds a tab"}, "and not what follows from them"
    assert {finding.line for finding in findings} == set(range(2, 18))


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("    title: A site\n", "    title: A site\n    title: B\n", "repeats the key `title`"),
        ("config:", "config: {}\nconfig:", "repeats the key `config`"),
        ("title: A site", "title: A site\n    <<: {}", "merge key"),
        ("title: A site", "title: A site\n    1: x", "key `1`, which is not text"),
        ("title: A site", "title: A site\n    yes: x", "key `yes`, which is not text"),
        ("title: A site", "title: A site\n    ? [a, b]\n    : x", "a list or mapping as key"),
        ("config:\n", "%YAML 1.1\n---\nconfig:\n", "directive"),
        ("config:\n", "%TAG ! tag:x,2000:\n---\nconfig:\n", "directive"),
        ("2027-06-30}\n", "2027-06-30}\n---\nconfig: {}\n", "second YAML document"),
        ("2027-06-30}\n", "2027-06-30}\n...\n---\n", "second YAML document"),
    ],
)
def test_structure_that_readers_take_differently(old: str, new: str, what: str, check: Check, swap: Swap) -> None:
    assert any(what in finding.what for finding in check(swap(old, new))), f"must be refused: {what}"


def test_a_repeated_key_names_the_line_of_the_first(check: Check, swap: Swap) -> None:
    (finding,) = check(swap("    title: A site\n", "    title: A site\n    title: {a: &x 1}\n"))[:1]
    assert (finding.line, finding.column, finding.hint) == (4, 5, "line 3 has it already")


@pytest.mark.parametrize("bomb", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000, "? " * 50_000])
def test_deep_nesting_is_refused_without_effort(bomb: str, check: Check) -> None:
    assert any("nested deeper" in finding.what or "is not YAML" in finding.what for finding in check(bomb))


def test_nesting_up_to_the_limit_is_read() -> None:
    text = "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1)
    assert parse("x", text).findings == []


def test_an_alias_bomb_is_refused_at_its_first_alias(check: Check) -> None:
    lines = ["a: &a [x]"] + [f"{b}: &{b} [*{a}, *{a}, *{a}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)]
    assert any("alias" in finding.what for finding in check("\n".join(lines))), "nothing is ever expanded"


def test_places_count_characters_not_bytes(check: Check, swap: Swap) -> None:
    (finding,) = check(swap("{message: Hello}", "{message: Grüße 🎉, mesage: x}"))
    assert (finding.line, finding.column) == (15, 35), "an editor's column"


def test_windows_line_ends_are_read(check: Check, good: str) -> None:
    assert check(good.replace("\n", "\r\n")) == []
    (finding,) = check(good.replace("\n", "\r\n").replace("domain: a", "domian: a"))
    assert (finding.line, finding.column, finding.source) == (4, 5, "    domian: a.example.org")


def test_values_and_places() -> None:
    document = parse("x", "a: [1, {b: 2027-01-02}]\n'c': 0.5\n")
    assert document.data == {"a": [1, {"b": date(2027, 1, 2)}], "c": 0.5}
    assert document.keys[("a", 1, "b")] == (1, 9)
    assert document.values[("a", 1, "b")] == (1, 12)
    assert document.value(("a", 1, "missing", "below")) == (1, 8), "the nearest thing above it"


def test_the_engines_own_part_is_not_held_to_the_strict_words() -> None:
    document = parse("x", "aws:x: yes\nb: ~\nsite: {c: no}", strict_under=("site",))
    assert [finding.line for finding in document.findings] == [3]
