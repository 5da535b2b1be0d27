"""What dashboards and alerts ask, and the names of the figures in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from apps.monitoring import page

#: What Grafana and our page put in for their variables. https://grafana.com/docs/grafana/latest/dashboards/variables/
VARIABLES = {"$__rate_interval": "5m", "$__interval": "1m", "$__range": "1d", "${__user.login}": "ada"}
_WORDS = {
    "and",
    "or",
    "unless",
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
    "bool",
    "offset",
    "inf",
}


def questions() -> Iterator[tuple[str, str]]:
    """Each panel's questions as Prometheus gets them: `dashboard: panel`, and PromQL."""
    for name, text in page.dashboards()[page.DASHBOARDS].items():
        for panel in json.loads(text)["panels"]:
            for target in panel.get("targets", ()):
                yield f"{name}: {panel['title']}", filled(target["expr"])


def filled(expr: str) -> str:
    """The question with a value for every variable."""
    for variable, value in VARIABLES.items():
        expr = expr.replace(variable, value)
    assert "$" not in expr, f"a variable that our page does not know: {expr}"
    return expr


def figures(expr: str) -> set[str]:
    """The names of the figures in a question."""
    bare = re.sub(r'"[^"]*"', "", expr)
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]", " ", bare)
    bare = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", " ", bare)
    names = re.findall(r"(?<![\w.])([A-Za-z_][\w:]*)\b(?!\s*\()", bare)
    return set(names) - _WORDS
