"""How findings look for people, for programs and for GitHub."""

from __future__ import annotations

import json

import pytest

from arcos.errors import USAGE
from arcos.site.diagnostics import Finding, SiteErrors, nearest, render_findings

FINDING = Finding(
    "stacks/Pulumi.a.yaml", 4, 5, "    domian: x", "unknown key `domian`", "domain", "did you mean `domain`?"
)


def test_text_shows_place_line_caret_accepted_and_hint() -> None:
    assert render_findings([FINDING]) == (
        "stacks/Pulumi.a.yaml:4:5: unknown key `domian`\n"
        "  4 |     domian: x\n"
        "    |     ^\n"
        "  accepted: domain\n"
        "  hint: did you mean `domain`?"
    )


def test_the_caret_stands_below_the_mistake_behind_wide_characters() -> None:
    line, caret = render_findings([Finding("f", 1, 4, "日本: x", "w")]).split("\n")[1:3]
    assert caret.index("^") == line.index("日") + 5, "two wide characters and a colon are five cells"


def test_a_long_line_is_cut_around_the_mistake() -> None:
    line, caret = render_findings([Finding("f", 1, 5001, "a" * 5000 + "X" + "b" * 5000, "w")]).split("\n")[1:3]
    assert len(line) < 200, "a megabyte in one line does not fill the terminal"
    assert line[caret.index("^")] == "X"


@pytest.mark.parametrize("form", ["text", "github"])
def test_nothing_of_a_file_reaches_the_terminal_raw(form: str) -> None:
    finding = Finding("a\x1b]0;x\x07", 1, 1, "\x1b[2J\u202e", "bad \x1b[31m \udc80", "\x00", "\r\n::error::forged")
    text = render_findings([finding], form)
    assert all(line.isprintable() for line in text.split("\n")), "escapes are shown, not obeyed"
    assert text.count("::error") <= 2
    assert not any(line.startswith("::error::forged") for line in text.split("\n")), "a file cannot forge an annotation"


def test_github_escapes_what_would_end_the_command() -> None:
    finding = Finding("a,b:c%.yaml", 2, 3, "", "50% of\nit", "x", "")
    assert render_findings([finding], "github") == (
        "::error file=a%2Cb%3Ac%25.yaml,line=2,col=3,title=ARCOS site file::50%25 of\\nit%0Aaccepted: x"
    )


def test_json_holds_every_field() -> None:
    (entry,) = json.loads(render_findings([FINDING], "json"))["findings"]
    assert entry["path"] == "stacks/Pulumi.a.yaml"
    assert (entry["line"], entry["column"], entry["hint"]) == (4, 5, "did you mean `domain`?")
    assert json.loads(render_findings([], "json")) == {"findings": []}, "no finding is a document too"


def test_an_error_holds_all_findings_and_exits_with_2() -> None:
    error = SiteErrors([FINDING, FINDING])
    assert error.exit_code == USAGE
    assert error.lines()[0] == "error: stacks/Pulumi.a.yaml:4:5: unknown key `domian`"
    assert str(error).count("unknown key") == 2
    assert (error.where, error.fix) == ("stacks/Pulumi.a.yaml:4:5", "did you mean `domain`?")


@pytest.mark.parametrize(
    ("word", "option"),
    [
        ("node_pools", "nodePools"),
        ("NODEPOOLS", "nodePools"),
        ("nodepool", "nodePools"),
        ("contct", "contact"),
        ("desc", "description"),
        ("zzz", ""),
        ("", ""),
        ("d" * 10**6, ""),
    ],
)
def test_nearest(word: str, option: str) -> None:
    assert nearest(word, ["nodePools", "contact", "description", "domain"]) == option
