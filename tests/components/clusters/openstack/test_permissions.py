"""The files in `docs/permissions/` allow exactly the calls that are made: no fewer, and none for a rainy day."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from arcos.engine.lookup import LOOKUPS
from arcos.paths import ROOT
from tests.components.clusters.openstack import machines_api, magnum_api
from tests.components.clusters.openstack.calls import permissions
from tests.components.clusters.openstack.test_machines import PLAIN, machines_cloud, machines_of
from tests.components.clusters.openstack.test_magnum import NAMED, OWN, cloud, made_of

FOLDER = ROOT / "docs" / "permissions"
Rule = tuple[str, str, str]
#: What the provider calls to answer the questions of `./arcosctl mend`.
LISTS: dict[str, tuple[str, str]] = {
    "compute/getServergroupV2": ("compute", "/v2.1/os-server-groups"),
    "blockstorage/getVolumeV3": ("volumev3", "/v3/*/volumes/detail"),
    "containerinfra/getCluster": ("container-infra", "/v1/clusters/*"),
    "containerinfra/getClusterTemplate": ("container-infra", "/v1/clustertemplates/*"),
    "containerinfra/getNodeGroup": ("container-infra", "/v1/clusters/*/nodegroups/*"),
    "loadbalancer/getListenerV2": ("load-balancer", "/v2.0/lbaas/listeners"),
    "loadbalancer/getLoadbalancerV2": ("load-balancer", "/v2.0/lbaas/loadbalancers"),
    "loadbalancer/getPoolV2": ("load-balancer", "/v2.0/lbaas/pools"),
    "networking/getFloatingIp": ("network", "/v2.0/floatingips"),
    "networking/getNetwork": ("network", "/v2.0/networks"),
    "networking/getPort": ("network", "/v2.0/ports"),
    "networking/getRouter": ("network", "/v2.0/routers"),
    "networking/getSecGroup": ("network", "/v2.0/security-groups"),
    "networking/getSubnet": ("network", "/v2.0/subnets"),
}


def read(name: str) -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return told


def allowed(name: str, why: str) -> set[Rule]:
    return {(one["service"], one["method"], one["path"]) for one in read(name)["accessRules"] if why in one["for"]}


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


def test_what_mend_may_is_what_its_questions_call() -> None:
    asked = {way.function.split(":")[1] for some in LOOKUPS.values() for way in some if way.function.startswith("open")}
    rules = {(service, "GET", path) for service, path in (LISTS[function] for function in asked)}

    magnum, machines = allowed("openstack-magnum", "mend"), allowed("openstack-vm", "mend")
    assert magnum | machines == rules
    assert not magnum & machines


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
    sorted_ = sorted(told["accessRules"], key=lambda one: (one["service"], one["path"], one["method"]))
    assert told["accessRules"] == sorted_, "sorted, so that a new right is seen"
    assert "admin" not in told["roles"]
