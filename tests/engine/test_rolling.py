"""Machines of an openstack-vm cluster are replaced one at a time: drained before each goes, waited for when it comes.

A real kubectl and a real control plane, whose nodes come with the machines of the fake cloud.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.engine.cloud.controllers import Cluster
from tests.engine.cloud.nodes import MACHINE, kubectl, nodes
from tests.engine.conftest import ENGINE, need
from tests.engine.half import Half, make_half

pytestmark = pytest.mark.engine

MACHINES = [
    f"arcos-openstack-vm-{name}" for name in ("control-1", "control-2", "control-3", "core-1", "core-2", "gpu-1")
]
PODS = "/api/v1/namespaces/default/pods"
#: Two that may not be gone both at once.
WORK = {
    "kind": "Deployment",
    "metadata": {"name": "work"},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "work"}},
        "template": {
            "metadata": {"labels": {"app": "work"}},
            "spec": {"nodeSelector": MACHINE, "containers": [{"name": "work", "image": "work"}]},
        },
    },
}
#: One that nothing makes again, as a notebook's is.
NOTEBOOK = {
    "kind": "Pod",
    "metadata": {"name": "notebook"},
    "spec": {"nodeSelector": MACHINE, "containers": [{"name": "notebook", "image": "notebook"}]},
}
BUDGET = {
    "kind": "PodDisruptionBudget",
    "metadata": {"name": "work"},
    "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "work"}}},
}


@dataclass
class Running:
    """A cluster of machines with something at work in it. The nodes of those in `broken` do not come up."""

    half: Half
    cluster: Cluster
    broken: set[str]

    def resize(self, flavor: str) -> None:
        """Other machines everywhere."""
        self.half.change(lambda config: _resize(config["arcos:site"]["cluster"], flavor))

    def happened(self) -> list[tuple[str, str]]:
        """What was done to machines and their nodes, and forgotten then."""
        lines = [json.loads(line) for line in self.half.account.calls.read_text(encoding="utf-8").splitlines()]
        self.half.account.calls.write_text("", encoding="utf-8")
        return [(one["on"], one["name"]) for one in lines if one.get("type", ":Instance").endswith(":Instance")]


def wait(done: Callable[[], bool]) -> None:
    """Until the cluster has caught up."""
    end = time.monotonic() + 30
    while not done():
        assert time.monotonic() < end, "nothing happens in the cluster"
        time.sleep(0.3)


def _resize(cluster: dict[str, object], flavor: str) -> None:
    cluster["controlPlaneFlavor"] = flavor
    for pool in cluster["nodePools"]:  # type: ignore[attr-defined]
        pool["flavor"] = flavor


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, schemas: Path) -> Iterator[Running]:
    need(*ENGINE)
    base = tmp_path_factory.mktemp("rolling")
    program = base / "kubectl" / "kubectl"
    half = make_half(base, "openstack-vm", schemas, {"ARCOS_TEST_KUBECTL": str(program)})
    half.project.arcosctl("up", "local", "--simulate", "--cluster-only")
    try:
        kubeconfig = base / "home" / "data" / "sites" / "local" / "kubeconfig"
        kubectl(program, kubeconfig, half.account)
        cluster = Cluster(kubeconfig)
        with nodes(half.account, cluster) as broken:
            half.up()
            assert cluster.ask("POST", "/apis/apps/v1/namespaces/default/deployments", WORK)
            assert cluster.ask("POST", "/apis/policy/v1/namespaces/default/poddisruptionbudgets", BUDGET)
            assert cluster.ask("POST", PODS, NOTEBOOK)
            wait(lambda: [one["status"]["phase"] for one in cluster.items(PODS)] == ["Running"] * 3)
            yield Running(half, cluster, broken)
    finally:
        half.project.arcosctl("down", "local", "--delete-data")


def test_each_is_drained_replaced_and_back_before_the_next_is_touched(running: Running) -> None:
    running.happened()
    before = {one["metadata"]["uid"] for one in running.cluster.items(PODS)}
    running.resize("m3.xlarge")

    running.half.up()

    assert running.happened() == [
        (what, machine) for machine in MACHINES for what in ("drain", "delete", "create", "uncordon")
    ]
    assert not before & {one["metadata"]["uid"] for one in running.cluster.items(PODS)}, "evicted, not lost"
    assert not [one for one in running.cluster.items("/api/v1/nodes") if one["spec"].get("unschedulable")]
    assert running.half.unchanged()


def test_after_one_that_does_not_come_back_the_next_is_left_alone(running: Running) -> None:
    running.happened()
    running.resize("m3.large")
    running.broken.add(MACHINES[1])

    said = running.half.up(ok=False)

    assert f"machine {MACHINES[1]} has not become a ready node" in said
    done = running.happened()
    assert done[-2:] == [("delete", MACHINES[1]), ("create", MACHINES[1])]
    assert MACHINES[2] not in {machine for _, machine in done}, "etcd would lose its majority"

    said = running.half.up(ok=False)

    assert f"{MACHINES[2]} stays: {MACHINES[1]} was replaced" in said, "the next run waits for it as well"
    assert not running.happened()

    running.broken.clear()
    running.half.up()

    back = {machine for what, machine in running.happened() if what == "uncordon"}
    assert back == set(MACHINES[2:])
    assert running.half.unchanged()
