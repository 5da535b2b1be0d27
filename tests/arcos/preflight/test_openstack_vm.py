"""Before money is spent on plain OpenStack machines: what is missing is named, and only what is listed is asked."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from arcos.checks import Check, Level
from arcos.preflight import openstack_vm
from arcos.site.release import load_release
from components.clusters.openstack_vm.config import OpenStackVm
from tests.arcos.preflight.openstack_api import PROJECT, Cloud
from tests.arcos.preflight.test_openstack_magnum import ANSWERS as MAGNUM
from tests.arcos.preflight.test_openstack_magnum import SITE, signed_in
from tests.components.clusters.openstack.test_machines import PLAIN
from tests.components.clusters.openstack.test_permissions import allowed

RELEASE = load_release(SITE.release)
_VOLUMES = {
    "maxTotalVolumes": 20,
    "totalVolumesUsed": 0,
    "maxTotalVolumeGigabytes": 2000,
    "totalGigabytesUsed": 100,
}
_FLAVORS = [*MAGNUM["/v2.1/flavors/detail"]["flavors"], {"name": "m3.medium", "vcpus": 2, "ram": 8192, "disk": 30}]
ANSWERS: dict[str, Any] = MAGNUM | {
    "/v2.1/flavors/detail": {"flavors": _FLAVORS},
    "/v2/images": {"images": [{"name": "debian-13-genericcloud"}]},
    "/v2.0/networks": {"networks": [{"name": "public", "router:external": True}]},
    f"/v3/{PROJECT}/limits": {"limits": {"absolute": _VOLUMES}},
}


def site(**changes: Any) -> Any:
    return SITE.model_copy(update={"cluster": OpenStackVm.model_validate(PLAIN | changes)})


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Check]]:
    def run(cloud: Cloud, **changes: Any) -> dict[str, Check]:
        with signed_in(cloud, tmp_path, monkeypatch):
            return {one.name: one for one in openstack_vm.checks(site(**changes), RELEASE)}

    return run


def test_a_project_with_everything_is_told_so(ask) -> None:
    found = ask(Cloud(ANSWERS), gpuPlugin=True)
    assert {one.level for one in found.values()} == {Level.OK}, found
    assert found["quota: volumes"].detail == "0 of 20 used, the site takes 6 to 6"
    assert found["quota: machines"].detail == "2 of 40 used, the site takes 6 to 6"


def test_what_preflight_may_is_what_it_asks(ask) -> None:
    cloud = Cloud(ANSWERS)
    found = ask(cloud)
    assert "cloud" not in found, found
    asked = {(service, method, re.sub(PROJECT, "*", path)) for service, method, path in cloud.asked}
    assert asked == allowed("openstack-vm", "preflight")


@pytest.mark.parametrize(
    ("changes", "answers", "name", "level"),
    [
        ({}, {}, "cluster.gpuPlugin", Level.WARN),
        ({"image": "debian-14"}, {"/v2/images": {"images": []}}, "cluster.image", Level.FAIL),
        ({}, {"/v2.0/networks": {"networks": [{"name": "public"}]}}, "cluster.externalNetwork", Level.FAIL),
        ({"controlPlaneFlavor": "m9.huge"}, {}, "cluster.controlPlaneFlavor", Level.FAIL),
        (
            {},
            {f"/v3/{PROJECT}/limits": {"limits": {"absolute": _VOLUMES | {"maxTotalVolumeGigabytes": 400}}}},
            "quota: GiB of volumes",
            Level.FAIL,
        ),
        # Nova's own default: ten machines of one server group.
        (
            {"nodePools": [{"name": "core", "flavor": "m3.large", "min": 11, "max": 11}]},
            *({}, "quota: machines of one pool", Level.FAIL),
        ),
        (
            {"nodePools": [{"name": f"p{n}", "flavor": "m3.large", "min": 1, "max": 1} for n in range(9)]},
            *({}, "quota: server groups", Level.FAIL),
        ),
        (
            {},
            {"/v2.1/flavors/detail": {"flavors": [one | {"disk": 0} for one in _FLAVORS]}},
            *("cluster.nodePools.core: disk", Level.FAIL),
        ),
    ],
)
def test_what_is_missing_is_named_before_anything_is_spent(ask, changes, answers, name, level) -> None:
    found = ask(Cloud(ANSWERS | answers), **changes)[name]
    assert found.level is level
    assert found.fix


def test_a_site_that_stands_already_is_not_asked_for_room_again(ask) -> None:
    there = {"/v2.1/servers/detail": {"servers": [{"name": "arcos-nectar-qld-core-1", "status": "ACTIVE"}]}}
    found = ask(Cloud(ANSWERS | there))
    assert "there already" in found["machines"].detail
    assert [name for name in found if name.startswith("quota")] == ["quota: machines of one pool"]


def test_machines_of_a_site_with_a_longer_name_are_not_this_sites(ask) -> None:
    there = {"/v2.1/servers/detail": {"servers": [{"name": "arcos-nectar-qld-test-core-1", "status": "ACTIVE"}]}}
    found = ask(Cloud(ANSWERS | there))
    assert "machines" not in found
    assert "quota: machines" in found
