"""Nodes get what their pool says, by a program that may do little else."""

from __future__ import annotations

import json

from arcos.render.evaluate import run
from components.clusters.node_labels import NodeLabels, NodeLabelsArgs
from components.clusters.openstack_magnum.config import OpenStackMagnum
from tests.components.clusters.openstack.test_magnum import NAMED

ARGS = NodeLabelsArgs(
    image="r/node-pools:1@sha256:0",
    pools=OpenStackMagnum.model_validate(NAMED).node_pools,
    pool_labels=["magnum.openstack.org/nodegroup"],
)


def _made(kind: str):
    return [m for m in run(lambda: NodeLabels("n", ARGS), stack="toy") if m["kind"] == kind]


def test_its_orders_name_every_pool_also_an_empty_one() -> None:
    [deployment] = _made("Deployment")
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    told = json.loads({one["name"]: one.get("value") for one in container["env"]}["ARCOS_POOLS"])
    assert told["poolLabels"] == ["magnum.openstack.org/nodegroup"]
    assert told["pools"]["gpu"] == {
        "labels": {"arcos.dev/pool": "gpu", "arcos.dev/gpu": "nvidia"},
        "taints": [{"key": "arcos.dev/gpu", "effect": "NoSchedule"}],
    }
    assert told["pools"]["core"]["taints"] == []


def test_it_may_see_and_change_nodes_and_nothing_else() -> None:
    [role] = _made("ClusterRole")
    assert role["rules"] == [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["list", "patch", "watch"]}]
    assert not _made("Role")


def test_it_runs_before_any_namespace_of_the_platform_is_there() -> None:
    assert {
        m["metadata"]["namespace"]
        for m in run(lambda: NodeLabels("n", ARGS), stack="toy")
        if "namespace" in m["metadata"]
    } == {"kube-system"}
