"""A release near and past the end of its support: what `check` says, and how a site stays on it on purpose."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from arcos.site.diagnostics import Finding
from arcos.site.loader import check_sites, load_site
from arcos.site.release import load_release
from arcos.site.support import NOTICE, Standing, notices, standing

RELEASE = load_release("2026.11")
UNTIL = RELEASE.supported.until
DEVIATION = '{path: release, reason: "upgrade in the summer break", expires: 2199-01-01}'


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (RELEASE.supported.first - timedelta(1), Standing.EARLY),
        (RELEASE.supported.first, Standing.SUPPORTED),
        (UNTIL - NOTICE, Standing.SUPPORTED),
        (UNTIL - NOTICE + timedelta(1), Standing.ENDING),
        (UNTIL, Standing.ENDING),
        (UNTIL + timedelta(1), Standing.ENDED),
    ],
)
def test_both_ends_of_the_window_belong_to_it(day: date, expected: Standing) -> None:
    assert standing(RELEASE, day) is expected


def _check(stacks: Path, text: str, today: date) -> list[Finding]:
    (stacks / "Pulumi.a.yaml").write_text(text, encoding="utf-8")
    return check_sites(["a"], stacks, today=today)


def test_after_its_last_day_check_refuses_the_release_at_its_line(stacks: Path, good: str) -> None:
    good = good.replace("2027-06-30", "2199-01-01")
    assert _check(stacks, good, UNTIL) == []
    [finding] = _check(stacks, good, UNTIL + timedelta(1))
    assert (finding.line, finding.column) == (6, 14)
    assert f"not been supported since {UNTIL}" in finding.what
    assert "deviations: [{path: release" in finding.hint, "the way to stay for a while"


def test_a_deviation_says_why_a_site_stays(stacks: Path, swap: Callable[[str, str], str]) -> None:
    text = swap('{path: apps.ingress.replicas, reason: "only one node", expires: 2027-06-30}', DEVIATION)
    assert _check(stacks, text, UNTIL + timedelta(1)) == []


def test_the_site_itself_loads_on_so_that_it_can_be_repaired(stacks: Path, good: str) -> None:
    (stacks / "Pulumi.a.yaml").write_text(good.replace("2027-06-30", "2199-01-01"), encoding="utf-8")
    assert load_site("a", stacks, today=UNTIL + timedelta(365)).release == RELEASE.name


def test_the_end_is_announced_once_a_release_with_its_sites() -> None:
    sites = [(load_site(name), RELEASE) for name in ("local", "hpc-perth")]
    [notice] = notices(sites, UNTIL)
    assert "2026.11 of hpc-perth, local" in notice
    assert notices(sites, RELEASE.supported.first) == []
