"""What stands beside `arcos:site` reaches the cluster's kind: its texts, and that something is encrypted there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from arcos.site.diagnostics import Finding


@pytest.mark.parametrize("password", ["in the open", "{secure: AAABAKl0}"])
def test_signing_in_as_a_person_is_refused_at_its_line(
    check: Callable[[str | bytes], list[Finding]], good: str, password: str
) -> None:
    [found] = check(good.replace("config:\n", f"config:\n  openstack:password: {password}\n"))
    assert found.line == 2
    assert "signs in as a person" in found.what
