"""What is wrong in a file and where: one finding, and findings as text, JSON or GitHub annotations.

It knows nothing of YAML or sites. Whatever comes out of a user's file is made harmless first: control characters are
shown as escapes, long lines are cut around the mistake.

GitHub's workflow commands: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands.
"""

from __future__ import annotations

import difflib
import json
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from arcos.errors import USAGE, ArcosError

#: Characters of a source line that are shown on each side of a mistake.
_SHOWN = 80


@dataclass(frozen=True, order=True)
class Finding:
    """One mistake in one place.

    Attributes:
        path: The file as the user knows it, relative to the checkout where it is inside.
        line: Line, from 1.
        column: Column in characters, from 1.
        source: The line itself, without its end.
        what: What is wrong.
        accepted: What is accepted there, or "".
        hint: The nearest right spelling, or what to do, or "".
    """

    path: str
    line: int
    column: int
    source: str
    what: str
    accepted: str = ""
    hint: str = ""


class SiteErrors(ArcosError):  # noqa: N818 (it holds several)
    """Every mistake found in the files of one run; exit code 2, nothing was changed."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        first = findings[0]
        count = f" and {len(findings) - 1} more" if len(findings) > 1 else ""
        super().__init__(
            f"{_harmless(first.what)}{count}",
            where=f"{_harmless(first.path)}:{first.line}:{first.column}",
            why="accepted: " + _harmless(first.accepted) if first.accepted else "",
            fix=_harmless(first.hint),
            exit_code=USAGE,
        )
        self.findings = tuple(findings)

    def lines(self) -> list[str]:
        """Every finding with its source line; the first line starts with ``error:``."""
        text = render_findings(self.findings, "text").splitlines()
        return [f"error: {text[0]}", *text[1:]]


def nearest(word: str, options: Iterable[str]) -> str:
    """The option that `word` was most likely meant to be, or "".

    Case, `-` and `_` do not count, so that `node_pools` finds `nodePools`; a beginning that fits one option is enough.
    """
    bare = {_bare(option): option for option in options}
    longer = [option for short, option in bare.items() if len(word) > 2 and short.startswith(_bare(word))]
    if len(longer) == 1:
        return longer[0]
    found = difflib.get_close_matches(_bare(word[:64]), list(bare), n=1, cutoff=0.6)
    return bare[found[0]] if found else ""


def _bare(word: str) -> str:
    return word.lower().replace("-", "").replace("_", "")


def render_findings(findings: Sequence[Finding], form: str = "text") -> str:
    """All findings as `text`, `json` or `github`, in the order given, without a line end after the last."""
    if form == "json":
        return json.dumps({"findings": [asdict(finding) for finding in findings]}, indent=2)
    return "\n".join((_github if form == "github" else _text)(finding) for finding in findings)


def _text(finding: Finding) -> str:
    source, offset = _window(finding.source, finding.column)
    number = str(finding.line)
    parts = [f"{_harmless(finding.path)}:{finding.line}:{finding.column}: {_harmless(finding.what)}"]
    if source.strip():
        parts += [f"  {number} | {source}", f"  {' ' * len(number)} | {' ' * offset}^"]
    if finding.accepted:
        parts.append(f"  accepted: {_harmless(finding.accepted)}")
    if finding.hint:
        parts.append(f"  hint: {_harmless(finding.hint)}")
    return "\n".join(parts)


def _github(finding: Finding) -> str:
    message = "\n".join(
        _harmless(part)
        for part in (
            finding.what,
            finding.accepted and f"accepted: {finding.accepted}",
            finding.hint and f"hint: {finding.hint}",
        )
        if part
    )
    place = f"file={_property(_harmless(finding.path))},line={finding.line},col={finding.column}"
    return f"::error {place},title={_property('ARCOS site file')}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _window(line: str, column: int) -> tuple[str, int]:
    """The part of a line around a column, harmless, and how many terminal cells stand before that column."""
    start = max(0, column - 1 - _SHOWN)
    before, after = line[start : column - 1], line[column - 1 : column - 1 + _SHOWN]
    lead = ("..." if start else "") + _harmless(before)
    tail = _harmless(after) + ("..." if len(line) > column - 1 + _SHOWN else "")
    return lead + tail, sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in lead)


def _harmless(text: str) -> str:
    """Text that cannot move the cursor, hide or reorder what is printed."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
