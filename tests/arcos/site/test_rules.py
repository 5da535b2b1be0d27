"""Deviations: a path that leads somewhere, a reason, and an end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from arcos.site.diagnostics import Finding, SiteErrors
from arcos.site.loader import load_site

Check = Callable[[str | bytes], list[Finding]]
Swap = Callable[[str, str], str]

LEADS = [
    "title",
    "apps.ingress",
    "apps.ingress.tls.name",
    "apps.welcome.links",
    "cluster.nodePools",
    "cluster.nodePools.core.max",
    "cluster.nodePools[0].max",
    "cluster.nodePools.0.gpu",
    "cluster.kind",
]
NOWHERE = {
    "name": "no `name` in a site",
    "apps.ingres": "no `ingres` in `apps`",
    "apps.ingress.tls.nam": "no `nam` in `apps.ingress.tls`",
    "cluster.httpPort": "no `httpPort` in `cluster`",
    "cluster.nodePools.core.instanceType": "no `instanceType` in `cluster.nodePools.core`",
    "title.short": "`title` has nothing below it",
    "apps..ingress": "no `` in `apps`",
    ".": "no `` in a site",
    "apps.ingress ": "no `ingress ` in `apps`",
}


@pytest.mark.parametrize("path", LEADS)
def test_a_path_that_leads_to_a_key(path: str, check: Check, swap: Swap) -> None:
    assert check(swap("path: apps.ingress.replicas", f'path: "{path}"')) == []


@pytest.mark.parametrize("path", NOWHERE)
def test_a_path_that_leads_nowhere(path: str, check: Check, swap: Swap) -> None:
    (finding,) = check(swap("path: apps.ingress.replicas", f'path: "{path}"'))
    assert NOWHERE[path] in finding.what
    assert (finding.line, finding.column) == (17, 16)
    assert finding.accepted, "says what would lead on"


def test_a_deviation_holds_on_its_last_day_and_not_after(stacks: Path, good: str) -> None:
    (stacks / "Pulumi.a.yaml").write_text(good)
    assert load_site("a", stacks, today=date(2027, 6, 30))
    with pytest.raises(SiteErrors, match="expired on 2027-06-30"):
        load_site("a", stacks, today=date(2027, 7, 1))


def test_a_date_that_pulumi_wrote_back_is_still_a_date(check: Check, swap: Swap) -> None:
    text = swap("2027-06-30", '"2027-06-30T00:00:00Z"')
    assert check(text) == [], "`pulumi config set` writes dates so"
