"""Before money is spent at an OpenStack cloud with Magnum: what is missing is named, and why a cluster never ends."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote

import pytest

from apps.objectstore.config import ObjectStoreConfig
from arcos.checks import Check, Level
from arcos.preflight import openstack_magnum
from arcos.preflight.openstack_cloud import sign_in
from arcos.site.loader import load_site
from arcos.site.release import load_release
from tests.arcos.preflight.openstack_api import PROJECT, Cloud, serving
from tests.components.clusters.openstack.test_permissions import allowed

WHOLE = load_site("nectar-qld")
#: With its objects in the cluster, so that nobody outside of this machine is asked for them.
SITE = WHOLE.model_copy(update={"apps": WHOLE.apps.model_copy(update={"objectstore": ObjectStoreConfig()})})
RELEASE = load_release(SITE.release)
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
UUID = "6c1a8d2e-7a57-4c3e-9a0c-1d2e3f405162"

_FLAVORS = [
    {"name": name, "vcpus": cores, "ram": gib * 1024, "disk": 30}
    for name, cores, gib in (("m3.large", 4, 16), ("m3.xlarge", 8, 32), ("g1.xlarge", 8, 64))
]
ANSWERS: dict[str, Any] = {
    "/v2.1/flavors/detail": {"flavors": _FLAVORS},
    "/v2.1/limits": {
        "limits": {
            "absolute": {
                "maxTotalInstances": 40,
                "totalInstancesUsed": 2,
                "maxTotalCores": 300,
                "totalCoresUsed": 4,
                "maxTotalRAMSize": -1,
                "totalRAMUsed": 8192,
                "maxServerGroups": 10,
                "totalServerGroupsUsed": 1,
                "maxServerGroupMembers": 10,
            }
        }
    },
    f"/v2.0/quotas/{PROJECT}/details": {
        "quota": {
            key: {"limit": 100, "used": 1, "reserved": 0}
            for key in ("floatingip", "network", "router", "port", "security_group", "security_group_rule")
        }
    },
    f"/v2.0/lbaas/quotas/{PROJECT}": {"quota": {"load_balancer": 5}},
    "/v2.0/lbaas/loadbalancers": {"loadbalancers": []},
    "/v1/clustertemplates/kubernetes-v1.37": {
        "uuid": UUID,
        "name": "kubernetes-v1.37",
        "labels": {"kube_tag": "v1.37.2"},
    },
    "/v2.1/servers/detail": {"servers": []},
}

#: A cloud that calls its templates otherwise than the site file does.
OTHER_TEMPLATES = {key: value for key, value in ANSWERS.items() if "clustertemplates" not in key} | {
    "/v1/clustertemplates": {"clustertemplates": [{"name": "kubernetes-1.37"}, {"name": "kubernetes-1.36"}]}
}


@contextmanager
def signed_in(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("OS_CLOUD", "OS_AUTH_URL"):
        monkeypatch.delenv(name, raising=False)
    with serving(cloud) as clouds:
        file = tmp_path / "clouds.yaml"
        file.write_text(clouds, encoding="utf-8")
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(file))
        yield


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def run(cloud: Cloud) -> dict[str, Check]:
        with signed_in(cloud, tmp_path, monkeypatch):
            return {one.name: one for one in openstack_magnum.checks(SITE, RELEASE)}

    return run


def test_a_project_with_everything_is_told_so(ask) -> None:
    found = ask(Cloud(ANSWERS))
    assert [one.name for one in found.values() if one.level is not Level.OK] == ["cluster.nodePools.gpu: min"], found
    assert "project arcos" in found["credentials"].detail
    assert found["cluster.nodePools.gpu"].detail == "g1.xlarge: 8 cores, 64 GiB"
    assert found["quota: cores"].detail == "4 of 300 used, the site takes 20 to 136"


def test_a_pool_of_gpus_that_would_stay_empty_for_ever_is_told() -> None:
    """The drivers do not tell their autoscaler that a machine of it would have a GPU."""
    [told] = openstack_magnum.empty(SITE.cluster)
    assert (told.name, told.level) == ("cluster.nodePools.gpu: min", Level.WARN)
    by_hand = SITE.cluster.model_copy(update={"autoscaling": False})
    assert list(openstack_magnum.empty(by_hand)) == [], "somebody makes its machines"


def test_what_preflight_may_is_what_it_asks(ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[tuple[str, str, str]] = set()
    own = SITE.model_copy(
        update={
            "cluster": SITE.cluster.model_copy(
                update={"template": None, "image": "i", "external_network": "n", "control_plane_flavor": "m3.large"}
            )
        }
    )
    for site, cloud in (
        (SITE, Cloud(ANSWERS)),
        (SITE, Cloud(ANSWERS | making())),
        (SITE, Cloud(OTHER_TEMPLATES)),
        (
            own,
            Cloud(
                ANSWERS
                | {
                    "/v2/images": {"images": [{"kube_version": "1.37.2"}]},
                    "/v2.0/networks": {"networks": [{"router:external": True}]},
                }
            ),
        ),
    ):
        with signed_in(cloud, tmp_path, monkeypatch):
            found = list(openstack_magnum.checks(site, RELEASE))
        assert not [one for one in found if one.name == "cloud"], found
        asked |= {(service, method, _pattern(path)) for service, method, path in cloud.asked}
    assert allowed("openstack-magnum", "preflight") == asked


def _pattern(path: str) -> str:
    """With `*` in place of names and ids, as Keystone's access rules have it."""
    path = re.sub(rf"{PROJECT}|{UUID}|g[0-9]+-uuid", "*", path)
    return re.sub(r"(/v1/clusters|/v1/clustertemplates)/[^/]+", r"\1/*", path)


@pytest.mark.parametrize(
    ("cloud", "name", "level", "said"),
    [
        (Cloud(ANSWERS, credential=None), "credentials", Level.FAIL, "no application credential"),
        (Cloud(ANSWERS, credential={"restricted": True}), "credentials", Level.FAIL, "restricted"),
        (Cloud(ANSWERS, roles=("member",)), "roles", Level.WARN, "load-balancer_member"),
        (
            Cloud(ANSWERS, services=("compute", "network", "image", "load-balancer", "container-infra")),
            "services",
            Level.FAIL,
            "Cinder",
        ),
        (
            Cloud({k: v for k, v in ANSWERS.items() if "clustertemplates" not in k}),
            "cluster.template",
            Level.FAIL,
            "no cluster template kubernetes-v1.37; there are: none",
        ),
        (Cloud(OTHER_TEMPLATES), "cluster.template", Level.FAIL, "there are: kubernetes-1.36, kubernetes-1.37"),
        (
            Cloud(ANSWERS | {"/v1/clustertemplates/kubernetes-v1.37": {"labels": {"kube_tag": "v1.36.1"}}}),
            *("cluster.template", Level.FAIL, "v1.36.1"),
        ),
        (
            Cloud(ANSWERS | {"/v2.1/flavors/detail": {"flavors": _FLAVORS[:2]}}),
            "cluster.nodePools.gpu",
            Level.FAIL,
            "no flavor g1.xlarge",
        ),
        (
            Cloud(ANSWERS | {f"/v2.0/lbaas/quotas/{PROJECT}": {"quota": {"load_balancer": 1}}}),
            "quota: load balancers",
            Level.FAIL,
            "needs 2",
        ),
    ],
)
def test_what_is_missing_is_named_before_anything_is_spent(ask, cloud, name, level, said) -> None:
    found = ask(cloud)[name]
    assert found.level is level
    assert said in found.detail
    assert found.fix


def test_a_quota_for_the_least_machines_only_is_a_warning(ask) -> None:
    answers = copy.deepcopy(ANSWERS)
    answers["/v2.1/limits"]["limits"]["absolute"]["maxTotalCores"] = 50
    found = ask(Cloud(answers))["quota: cores"]
    assert (found.level, "may grow to 136 cores" in found.detail) == (Level.WARN, True)
    answers["/v2.1/limits"]["limits"]["absolute"]["maxTotalCores"] = 20
    assert ask(Cloud(answers))["quota: cores"].level is Level.FAIL, "not even the least machines fit"


def test_a_password_in_clouds_yaml_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "clouds.yaml"
    file.write_text(
        "clouds: {nectar: {auth: {auth_url: 'http://127.0.0.1:9', username: ada, password: x}}}", encoding="utf-8"
    )
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(file))
    [found] = openstack_magnum.checks(SITE, RELEASE)
    assert found.level is Level.FAIL
    assert "signs in as a person" in found.detail


def test_a_cloud_that_does_not_answer_is_one_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "clouds.yaml"
    auth = "{auth_url: 'http://127.0.0.1:9/v3', application_credential_id: a, application_credential_secret: b}"
    file.write_text(f"clouds: {{nectar: {{auth_type: v3applicationcredential, auth: {auth}}}}}", encoding="utf-8")
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(file))
    [found] = openstack_magnum.checks(SITE, RELEASE)
    assert (found.name, found.level) == ("cloud", Level.FAIL)


def making(**changes: Any) -> dict[str, Any]:
    """A cluster that is being made, with one group, as Magnum's API says it."""
    cluster = {
        "uuid": UUID,
        "name": "arcos-nectar-qld",
        "status": "CREATE_IN_PROGRESS",
        "stack_id": "arcos-nectar-qld-abc",
        "created_at": (NOW - timedelta(minutes=20)).isoformat(),
        "updated_at": None,
        "status_reason": None,
        "faults": {},
        "coe_version": "v1.37.2",
    } | changes
    group = {"uuid": "g1-uuid", "name": "core", "status": "CREATE_IN_PROGRESS", "status_reason": None}
    return {
        "/v1/clusters/arcos-nectar-qld": cluster,
        f"/v1/clusters/{UUID}/nodegroups": {"nodegroups": [group]},
        f"/v1/clusters/{UUID}/nodegroups/g1-uuid": group,
    }


def test_machines_of_a_driver_whose_stack_is_a_number_are_found_by_the_clusters_name(ask) -> None:
    machine = {"name": "arcos-nectar-qld-k3j2h5-node-0", "status": "ERROR", "fault": {"message": "No valid host"}}
    answers = ANSWERS | making(stack_id=UUID) | {"/v2.1/servers/detail": {"servers": [machine]}}
    assert "arcos-nectar-qld-k3j2h5-node-0: No valid host" in ask(Cloud(answers))["cluster arcos-nectar-qld"].detail


@pytest.mark.parametrize("name", ["Ubuntu 24.04 & more", "a#b", "100% new?", "Größe/2"])
def test_a_name_is_asked_for_as_it_is_spelled(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = Cloud(ANSWERS | {"/v2/images": {"images": []}, "/v2.0/networks": {"networks": []}})
    with signed_in(cloud, tmp_path, monkeypatch):
        there = sign_in(SITE.name)
        there.images(name)
        there.networks(name)
        there.template(name)
    queries = [parse_qs(query, strict_parsing=True)["name"] for query in cloud.queries if query]
    assert queries == [[name], [name]]
    assert cloud.asked[-1][2] == f"/v1/clustertemplates/{quote(name, safe='')}"
