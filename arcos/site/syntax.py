"""Characters that nobody sees, and what libyaml says about a file that is no YAML, in words that help."""

from __future__ import annotations

import re

import yaml

#: Line and column, both from 1.
Mark = tuple[int, int]

#: Tabs, control characters, byte order marks, and what hides or reorders text (https://trojansource.codes).
UNSEEN = re.compile(
    "[\x00-\x08\t\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff\ufffe\uffff]"
)


def unseen(char: str) -> tuple[str, str, str]:
    """What is wrong with such a character, what is accepted, and what helps."""
    if char == "\t":
        return "holds a tab", "spaces", r"replace it with spaces; inside text write \t in double quotes"
    if char == "\x00":
        return "holds a NUL byte", "text in UTF-8", "save the file as UTF-8; this one is binary or UTF-16"
    if char == "\ufeff":
        return "holds a byte order mark (BOM)", "UTF-8 without one", "save the file as UTF-8 without BOM"
    code = f"{ord(char):04X}"
    hint = rf"delete it, or write \u{code} in double quotes"
    return f"holds the invisible character U+{code}", "what can be seen", hint


def syntax(error: yaml.YAMLError) -> tuple[Mark, str, str, str]:
    """Where and what libyaml stumbled over, and what helps."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return (1, 1), f"is not YAML: {error}", "YAML in UTF-8", ""
    place = error.problem_mark or error.context_mark
    mark = (place.line + 1, place.column + 1) if place else (1, 1)
    accepted, hint = _help(error)
    if error.context_mark and error.context_mark.line + 1 < mark[0]:
        hint += f"; it began in line {error.context_mark.line + 1}"
    return mark, f"is not YAML: {error.problem or error.context}", accepted, hint


def _help(error: yaml.MarkedYAMLError) -> tuple[str, str]:
    problem = str(error.problem)
    if "mapping values are not allowed" in problem:
        return "one `key: value` a line", "quote a text that holds `: `, and put keys of one mapping in one column"
    if "could not find expected ':'" in problem:
        return "`key: value`", "put `: ` behind the key"
    if "cannot start any token" in problem:
        return "text that starts with a letter or digit", "quote a text that starts with @, ` or %"
    if "block" in str(error.context) or "indent" in problem:
        return "keys of one mapping in one column, list entries behind `- `", "check how far the line is indented"
    return "YAML", "check brackets, quotes and indentation just before this place"
