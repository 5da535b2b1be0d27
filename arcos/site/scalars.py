"""What a plain YAML word means: only where every reader agrees.

The Pulumi engine reads a site file with go-yaml v3, this package with PyYAML, an editor with YAML 1.2. `yes`, `010`,
`0o17`, `1:30` and `1e3` mean different things to them, so they are refused unless quoted. The list is the union of
the YAML 1.1 types (https://yaml.org/type/) and what go-yaml resolves (https://pkg.go.dev/gopkg.in/yaml.v3).
"""

from __future__ import annotations

import re
from datetime import date

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"0|-?[1-9][0-9]{0,14}", flags=re.ASCII)
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]{0,14})\.[0-9]{1,15}", flags=re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", flags=re.ASCII)
_WORDS = frozenset({"yes", "no", "on", "off", "y", "n"})
_NUMERIC = re.compile(r"[-+.0-9]", flags=re.ASCII)
#: Quantifiers are possessive, so that a megabyte of digits takes no longer than its length.
_DISPUTED = re.compile(
    r"""  = | <<
        | [-+]?\.(?:inf|nan)
        | [-+]?0(?:b[-+]?[01_]++|o[-+]?[0-7_]++|x[0-9a-f_]++)                    # other bases
        | [-+]?[0-9][0-9_]*+(?::[0-9_]++)++(?:\.[0-9_]*+)?                       # base 60
        | (?=[-+]?\.?[0-9])[-+]?[0-9_]*+\.?[0-9_]*+(?:e[-+]?[0-9_]++)?           # every other number
        | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[t\ ].*+)?                            # other days, and times
    """,
    flags=re.ASCII | re.IGNORECASE | re.VERBOSE,
)

Scalar = None | bool | int | float | date | str


class DisputedError(ValueError):
    """A plain word that YAML readers take for different things; `accepted` says what to write instead."""

    def __init__(self, text: str, accepted: str) -> None:
        super().__init__(f"`{text}` unquoted means different things to different YAML readers")
        self.accepted = accepted


def scalar(text: str) -> Scalar:
    """A plain scalar as every YAML reader takes it.

    A day that is in no calendar (`2027-02-30`) is text to all of them.

    Raises:
        DisputedError: Readers differ.
    """
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _DATE.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            return text
    if text.lower() in _WORDS:
        raise DisputedError(text, f'`true` or `false`; as text "{text}" in quotes')
    # go-yaml drops every `_` of a word that starts like a number before it looks at it.
    if _DISPUTED.fullmatch(text) or (_NUMERIC.match(text) and _DISPUTED.fullmatch(text.replace("_", ""))):
        raise DisputedError(text, f'a plain decimal number or a day as 2027-06-30; as text "{text}" in quotes')
    return text
