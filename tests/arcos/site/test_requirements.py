"""An app whose dependency is off is refused at the field that asks for it; every other choice of apps is a site."""

from __future__ import annotations

from collections.abc import Callable

from arcos.site.diagnostics import Finding

Check = Callable[[str | bytes], list[Finding]]
Swap = Callable[[str, str], str]


def test_a_page_for_some_groups_needs_to_know_who_is_in_them(check: Check, swap: Swap) -> None:
    [finding] = check(swap("{message: Hello}", "{groups: [operators]}"))
    assert (finding.line, finding.column) == (14, 17), "at the field, not at the app"
    assert "`welcome.groups` needs the app `auth`" in finding.what
    assert "`auth: {}`" in finding.accepted
