"""A real Keystone takes the credential that the guide makes, and `preflight` signs in with it and reads what it is."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from arcos.checks import Check, Level
from arcos.paths import ROOT
from arcos.preflight import openstack_magnum
from tests.arcos.preflight.keystone import Keystone, keystone
from tests.arcos.preflight.openstack_api import PROJECT, SERVICES, Cloud, serving
from tests.arcos.preflight.test_openstack_magnum import ANSWERS, RELEASE, SITE
from tests.components.clusters.openstack.services import PYTHON
from tests.components.clusters.openstack.test_permissions import read

ROLES = ["member", "load-balancer_member"]
Ask = Callable[[dict[str, Any]], dict[str, Check]]


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    """Everything beside Keystone."""
    made = Cloud(dict(ANSWERS))
    with serving(made):
        yield made


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory, cloud: Cloud) -> Iterator[Keystone]:
    if not PYTHON.exists():
        pytest.skip("needs the OpenStack services in .venv-openstack: ./arcosctl test installs it")
    catalog = {name: f"{cloud.url}{prefix}{below}" for name, (prefix, below, _) in SERVICES.items()}
    with keystone(tmp_path_factory.mktemp("keystone"), catalog, ROLES) as served:
        cloud.answers |= {path.replace(PROJECT, served.project): said for path, said in ANSWERS.items()}
        yield served


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    def run(entry: dict[str, Any]) -> dict[str, Check]:
        file = tmp_path / "clouds.yaml"
        file.write_text(json.dumps({"clouds": {"nectar": entry}}), encoding="utf-8")
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(file))
        return {one.name: one for one in openstack_magnum.checks(SITE, RELEASE)}

    return run


def rules(kind: str) -> list[dict[str, str]]:
    """As the guide's few lines of Python write them to `rules.json`."""
    guide = (ROOT / "docs" / "clouds" / "openstack.md").read_text(encoding="utf-8")
    program = guide.partition(".venv/bin/python - <<'END' > rules.json\n")[2].partition("    END\n")[0]
    lines = textwrap.dedent(program).replace("openstack-magnum", kind)
    said = subprocess.run([sys.executable, "-"], input=lines, cwd=ROOT, capture_output=True, text=True, check=True)
    found: list[dict[str, str]] = json.loads(said.stdout)
    return found


@pytest.mark.parametrize("kind", ["openstack-magnum", "openstack-vm"])
def test_keystone_takes_the_rules_of_the_guide(identity: Keystone, kind: str) -> None:
    told = read(kind)
    entry = identity.credential(
        kind, roles=told["roles"], unrestricted=told["unrestricted"], access_rules=rules(kind),
        expires_at="2099-01-01T00:00:00",
    )  # fmt: skip

    assert entry["auth"]["application_credential_secret"]


def test_preflight_signs_in_with_it_and_finds_the_project_and_all_services(identity: Keystone, ask: Ask) -> None:
    found = ask(identity.credential("whole", roles=ROLES, unrestricted=True, access_rules=rules("openstack-magnum")))

    assert found["credentials"].detail == "application credential of project arcos"
    assert [one for one in found.values() if one.level is Level.FAIL] == []


def test_a_restricted_one_and_one_without_the_balancers_role_are_told(identity: Keystone, ask: Ask) -> None:
    found = ask(identity.credential("less", roles=["member"]))

    assert found["credentials"].level is Level.FAIL
    assert "restricted" in found["credentials"].detail
    assert found["roles"].level is Level.WARN


def test_one_that_was_taken_back_is_said_in_one_sentence(identity: Keystone, ask: Ask) -> None:
    entry = identity.credential("gone", roles=ROLES)
    identity.take_back(entry)

    found = ask(entry)

    assert {one.level for one in found.values()} == {Level.FAIL}
    assert "\n" not in "".join(one.detail for one in found.values())
