"""The files in `docs/permissions/` allow exactly the calls that are made: no fewer, and none for a rainy day."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from arcos.paths import ROOT
from tests.components.clusters.openstack import machines_api, magnum_api
from tests.components.clusters.openstack.calls import permissions
from tests.components.clusters.openstack.test_machines import PLAIN, machines_cloud, machines_of
from tests.components.clusters.openstack.test_magnum import NAMED, OWN, cloud, made_of

FOLDER = ROOT / "docs" / "permissions"
Rule = tuple[str, str, str]


def read(name: str) -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return told


def allowed(name: str, why: str) -> set[Rule]:
    return {(one["service"], one["method"], one["path"]) for one in read(name)["accessRules"] if one["for"] == why}


def test_what_pulumi_may_with_magnum_is_what_its_resources_and_look_ups_call() -> None:
    made, asked = [], []
    for settings in (NAMED, OWN):
        there = cloud()
        made += made_of(settings, there)
        asked += [token for token, _ in there.looked_up]
    wanted = permissions(made, asked, magnum_api.APIS, magnum_api.LOOK_UPS)
    assert allowed("openstack-magnum", "pulumi") == wanted


def test_what_pulumi_may_with_machines_is_what_its_resources_and_look_ups_call() -> None:
    there = machines_cloud()
    made = machines_of(PLAIN, there)
    asked = [token for token, _ in there.looked_up]
    wanted = permissions(made, asked, machines_api.APIS, machines_api.LOOK_UPS)
    assert allowed("openstack-vm", "pulumi") == wanted


@pytest.mark.parametrize("name", sorted(file.stem for file in FOLDER.glob("openstack-*.yaml")))
def test_the_rules_are_keystones_own_kind(name: str) -> None:
    told = read(name)
    assert set(told) == {"roles", "unrestricted", "accessRules"}
    for rule in told["accessRules"]:
        assert set(rule) == {"service", "method", "path", "for"}
        assert rule["method"] in ("GET", "POST", "PUT", "PATCH", "DELETE"), rule
        # https://docs.openstack.org/keystone/latest/user/application_credentials.html#access-rules
        assert re.fullmatch(r"/(?:[a-zA-Z0-9_.-]+|\*{1,2})(?:/(?:[a-zA-Z0-9_.-]+|\*{1,2}))*", rule["path"]), rule
        assert "**" not in rule["path"], "a rule for everything below is a rule for tomorrow's calls too"
    sorted_ = sorted(told["accessRules"], key=lambda one: (one["for"], one["service"], one["path"], one["method"]))
    assert told["accessRules"] == sorted_, "sorted, so that a new right is seen"
    assert "admin" not in told["roles"]
