"""A real Keystone takes the credential that the guide makes; `preflight` signs in with it, and asks the real Magnum.

Magnum itself holds the credential to its rules. The other services are the stand-ins of `openstack_api.py`.
"""

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
from arcos.local.ports import free_ports
from arcos.paths import ROOT
from arcos.preflight import openstack_cloud, openstack_magnum
from tests.arcos.preflight.openstack_api import PROJECT, SERVICES, Cloud, serving
from tests.arcos.preflight.openstack_services import Keystone, keystone, magnum
from tests.arcos.preflight.test_openstack_magnum import ANSWERS, RELEASE, SITE
from tests.components.clusters.openstack.services import PYTHON
from tests.components.clusters.openstack.test_permissions import read
from tests.recording import id_of

ROLES = ["member", "load-balancer_member"]
CLUSTER, TEMPLATE = "9f4a8a1e-6f07-4c8e-8d0e-0d6a3f6b7c11", "5f3a4a64-8d0b-4c43-9d3c-3a4f3f6a1b11"
Ask = Callable[[str, dict[str, Any]], dict[str, Check]]


def rows(project: str) -> dict[str, list[dict[str, Any]]]:
    """A template for everybody; and the cluster of the site `failed`, which Magnum could not make."""
    owned = {"project_id": project, "user_id": "ada"}
    group = {"cluster_id": CLUSTER, "project_id": project, "flavor_id": "m3.large", "status": "CREATE_FAILED"}
    reason = "No valid host was found for arcos-failed-core-0"
    return {
        "templates": [
            {"uuid": TEMPLATE, "name": "kubernetes-v1.37", "public": True, "coe": "kubernetes", "server_type": "vm",
             "labels": {"kube_tag": "v1.37.2"}, "image_id": "i", "external_network_id": "e", **owned}
        ],
        "clusters": [
            {"uuid": CLUSTER, "name": "arcos-failed", "cluster_template_id": TEMPLATE, "status": "CREATE_FAILED",
             "status_reason": "One or more node groups failed", "labels": {}, **owned}
        ],
        "groups": [
            {"uuid": id_of(name), "name": name, "role": role, "is_default": default, "node_count": 1,
             "min_node_count": 1, "status_reason": said, **group}
            for name, role, default, said in (
                ("default-master", "master", True, None),
                ("default-worker", "worker", True, None),
                ("core", "worker", False, reason),
            )
        ],
    }  # fmt: skip


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    """Everything beside Keystone and Magnum."""
    made = Cloud(dict(ANSWERS))
    with serving(made):
        yield made


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory, cloud: Cloud) -> Iterator[Keystone]:
    if not PYTHON.exists():
        pytest.skip("needs the OpenStack services in .venv-openstack: ./arcosctl test installs it")
    base, (port,) = tmp_path_factory.mktemp("openstack"), free_ports(1)
    mine, theirs = base / "keystone", base / "magnum"
    mine.mkdir()
    theirs.mkdir()
    catalog = {name: f"{cloud.url}{prefix}{below}" for name, (prefix, below, _) in SERVICES.items()}
    catalog["container-infra"] = f"http://127.0.0.1:{port}/v1"
    with keystone(mine, catalog, ROLES) as served, magnum(theirs, port, mine, rows(served.project)):
        cloud.answers |= {path.replace(PROJECT, served.project): said for path, said in ANSWERS.items()}
        yield served


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    def run(name: str, entry: dict[str, Any]) -> dict[str, Check]:
        file = tmp_path / "clouds.yaml"
        file.write_text(json.dumps({"clouds": {"nectar": entry}}), encoding="utf-8")
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(file))
        monkeypatch.setattr(openstack_cloud, "cloud_name", lambda _: "nectar")
        site = SITE.model_copy(update={"name": name})
        return {one.name: one for one in openstack_magnum.checks(site, RELEASE)}

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
    found = ask(
        "new", identity.credential("whole", roles=ROLES, unrestricted=True, access_rules=rules("openstack-magnum"))
    )

    assert found["credentials"].detail == "application credential of project arcos"
    assert [one for one in found.values() if one.level is Level.FAIL] == []


def test_why_magnum_could_not_make_the_cluster_is_told_with_the_next_command(identity: Keystone, ask: Ask) -> None:
    entry = identity.credential("why", roles=ROLES, unrestricted=True, access_rules=rules("openstack-magnum"))

    found = ask("failed", entry)["cluster arcos-failed"]

    assert found.level is Level.FAIL
    assert "CREATE_FAILED" in found.detail
    assert "No valid host was found" in found.detail, "what Magnum says of the group, too"
    assert "openstack coe cluster delete arcos-failed" in found.fix


def test_a_credential_without_the_right_to_ask_is_told(identity: Keystone, ask: Ask) -> None:
    less = [one for one in rules("openstack-magnum") if "clustertemplates" not in one["path"]]

    found = ask("new", identity.credential("short", roles=ROLES, unrestricted=True, access_rules=less))

    assert [one.name for one in found.values() if one.level is Level.FAIL], "Magnum refuses it by the rules"


def test_a_restricted_one_and_one_without_the_balancers_role_are_told(identity: Keystone, ask: Ask) -> None:
    found = ask("new", identity.credential("less", roles=["member"]))

    assert found["credentials"].level is Level.FAIL
    assert "restricted" in found["credentials"].detail
    assert found["roles"].level is Level.WARN


def test_one_that_was_taken_back_is_said_in_one_sentence(identity: Keystone, ask: Ask) -> None:
    entry = identity.credential("gone", roles=ROLES)
    identity.take_back(entry)

    found = ask("new", entry)

    assert {one.level for one in found.values()} == {Level.FAIL}
    assert "\n" not in "".join(one.detail for one in found.values())
