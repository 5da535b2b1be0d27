"""What stands beside `arcos:site` reaches the cluster's kind: its texts, and that something is encrypted there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from arcos.site.diagnostics import Finding, SiteErrors
from arcos.site.loader import load_site, placed
from arcos.site.release import load_release


@pytest.mark.parametrize("password", ["in the open", "{secure: AAABAKl0}"])
def test_signing_in_as_a_person_is_refused_at_its_line(
    check: Callable[[str | bytes], list[Finding]], good: str, password: str
) -> None:
    [found] = check(good.replace("config:\n", f"config:\n  openstack:password: {password}\n"))
    assert found.line == 2
    assert "signs in as a person" in found.what


def test_pulumi_up_is_held_to_it_as_well_before_anything_is_made(stacks: Path, good: str) -> None:
    file, beside = stacks / "Pulumi.a.yaml", "  openstack:password: in the open\n"
    file.write_text(good.replace("config:\n", f"config:\n{beside}"), encoding="utf-8")
    site = load_site("a", stacks)
    release = load_release(site.release)

    with pytest.raises(SiteErrors, match="signs in as a person"):
        placed(site, release, stacks)

    file.write_text(good, encoding="utf-8")
    placed(site, release, stacks)
    file.unlink()
    placed(site, release, stacks)
