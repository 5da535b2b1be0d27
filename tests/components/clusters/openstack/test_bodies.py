"""Every request body of our resources is one that the OpenStack services themselves take."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.components.clusters.openstack import machines_api, magnum_api
from tests.components.clusters.openstack.calls import Call, call
from tests.components.clusters.openstack.services import problems
from tests.components.clusters.openstack.test_machines import PLAIN, machines_of
from tests.components.clusters.openstack.test_magnum import NAMED, OWN, made_of

pytestmark = pytest.mark.api  # starting five services takes a minute


@pytest.fixture(scope="module")
def calls() -> list[Call]:
    magnum = [call(one, magnum_api.APIS) for settings in (NAMED, OWN) for one in made_of(settings)]
    return magnum + [call(one, machines_api.APIS) for one in machines_of(PLAIN)]


def test_the_services_take_every_body(calls: list[Call]) -> None:
    assert problems(calls) == []


#: What somebody might get wrong: the resource, the body's key, what stands there instead.
WRONG: dict[str, tuple[str, str, Any]] = {
    "a property that does not exist": ("cluster", "node_pools", 3),
    "a number as text": ("cluster", "master_count", "three"),
    "no control plane": ("cluster", "master_count", 0),
    "a name that begins with a digit": ("cluster", "name", "4ever"),
    "labels as a list": ("cluster", "labels", ["a"]),
    "more at least than at most": ("pool-core", "min_node_count", 7),
    "fewer than at least": ("pool-core", "node_count", 2),
    "taints, which the provider does not pass on": ("pool-gpu", "taints", ["gpu"]),
    "a driver of networks that Magnum has not": ("template", "network_driver", "weave"),
    "another orchestrator": ("template", "coe", "swarm"),
    "a machine without a size": ("arcos-uni-control-1", "server.flavorRef", None),
    "a machine's size as a mapping": ("arcos-uni-control-1", "server.flavorRef", {"name": "m3.large"}),
    "a network that Nova does not know by name": ("arcos-uni-control-1", "server.networks", [{"name": "machines"}]),
    "user data that is no base64": ("arcos-uni-control-1", "server.user_data", "#cloud-config"),
    "a hint that is no group": ("arcos-uni-control-1", "OS-SCH-HNT:scheduler_hints", {"group": "control"}),
    "a range that is none": ("machines", "subnet.cidr", "10.70.0.0/33"),
    "a property of subnets that does not exist": ("machines", "subnet.dhcp", True),
    "a protocol that Octavia has not": ("api", "listener.protocol", "QUIC"),
    "a port that is none": ("api", "listener.protocol_port", 70000),
    "an algorithm that Octavia has not": ("api", "pool.lb_algorithm", "FASTEST"),
    "a volume's size as text": ("arcos-uni-core-1", "volume.size", "large"),
    "a volume's metadata as a list": ("arcos-uni-core-1", "volume.metadata", ["a"]),
    "a rule with ports the wrong way round": ("control-etcd", "security_group_rule.direction", "inward"),
}


@pytest.fixture(scope="module")
def refusals(calls: list[Call]) -> dict[str, list[str]]:
    """What is said of each wrong body; the services are started once for all of them."""
    wrong = {case: _wrong(calls, *WRONG[case]) for case in WRONG}
    said = problems([Call(one.service, one.path, one.body, case) for case, one in wrong.items()])
    return {case: [one for one in said if one.startswith(f"{case}: ")] for case in WRONG}


def _wrong(calls: list[Call], of: str, key: str, value: Any) -> Call:
    part, _, name = key.rpartition(".")
    [*_, one] = [one for one in calls if one.of == of and (not part or part in one.body)]
    body = copy.deepcopy(one.body)
    inner = body[part] if part else body
    inner[name] = value
    if value is None:
        del inner[name]
    return Call(one.service, one.path, body, of)


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_body_is_refused(case: str, refusals: dict[str, list[str]]) -> None:
    assert len(refusals[case]) == 1, "a check that cannot fail proves nothing"


def test_a_property_that_the_provider_does_not_know_is_no_call() -> None:
    [cluster, *_] = made_of(NAMED)
    cluster.inputs["nodePools"] = 3
    with pytest.raises(KeyError, match="nodePools"):
        call(cluster, magnum_api.APIS)
