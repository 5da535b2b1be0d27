"""A folder of site files, and the findings of one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from arcos.site.diagnostics import Finding
from arcos.site.loader import check_sites

TODAY = date(2026, 11, 22)

GOOD = """\
config:
  arcos:site:
    title: A site
    domain: a.example.org
    contact: ops@example.org
    release: "2026.11"
    registry: registry.example.org/arcos
    cluster:
      kind: openstack-magnum
      nodePools:
        - {name: core, flavor: m3.large, min: 3, max: 6}
      template: kubernetes-1.37
    apps:
      ingress: {}
      welcome: {message: Hello}
    deviations:
      - {path: apps.ingress.replicas, reason: "only one node", expires: 2027-06-30}
"""


@pytest.fixture
def good() -> str:
    """A site file with nothing wrong: 17 lines."""
    return GOOD


@pytest.fixture
def today() -> date:
    return TODAY


@pytest.fixture
def stacks(tmp_path: Path) -> Path:
    folder = tmp_path / "stacks"
    folder.mkdir()
    return folder


@pytest.fixture
def check(stacks: Path) -> Callable[[str | bytes], list[Finding]]:
    """Write `Pulumi.a.yaml` and check it on a fixed day."""

    def run(content: str | bytes) -> list[Finding]:
        data = content.encode() if isinstance(content, str) else content
        (stacks / "Pulumi.a.yaml").write_bytes(data)
        return check_sites(["a"], stacks, today=TODAY)

    return run


@pytest.fixture
def swap(good: str) -> Callable[[str, str], str]:
    """The good file with one piece replaced, which has to be in it once."""

    def run(old: str, new: str) -> str:
        assert good.count(old) == 1, f"the test means {old!r}, which stands {good.count(old)} times in the good file"
        return good.replace(old, new)

    return run
