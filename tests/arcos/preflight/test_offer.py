"""How the API's words are read: nodes, storage classes, and who enforces network policies."""

from __future__ import annotations

from typing import Any

import pytest

from arcos.preflight.offer import enforcing, node, storage_class
from components.quantity import amount


def test_a_node_offers_what_pods_can_have_of_it_not_what_it_has() -> None:
    read = node(
        {
            "metadata": {"name": "gpu-1"},
            "spec": {"providerID": "openstack:///1234"},
            "status": {
                "capacity": {"cpu": "64", "memory": "263Gi"},
                "allocatable": {"cpu": "63500m", "memory": "262144000Ki", "nvidia.com/gpu": "4", "amd.com/gpu": "0"},
                "nodeInfo": {"kubeletVersion": "v1.37.0"},
            },
        }
    )
    assert (read.cpu, read.memory) == (63500, 262144000 * 1024)
    assert read.gpus == {"nvidia"}, "a vendor whose GPUs are all broken is not offered"
    assert read.cloud == "openstack"


@pytest.mark.parametrize(
    ("resource", "vendor"),
    [("nvidia.com/mig-1g.5gb", "nvidia"), ("nvidia.com/gpu.shared", "nvidia"), ("gpu.intel.com/xe", "intel"),
     ("amd.com/cpx_nps4", "amd")],
)  # fmt: skip
def test_a_gpu_under_a_name_that_no_pod_here_asks_for_is_not_offered(resource: str, vendor: str) -> None:
    read = node({"metadata": {"name": "a"}, "status": {"allocatable": {resource: "7"}}})
    assert (read.gpus, read.otherwise) == (frozenset(), {vendor: (resource,)})


def test_a_taint_that_stays_is_told_from_one_that_a_nodes_state_brings() -> None:
    taints = [
        {"key": "nvidia.com/gpu", "effect": "NoSchedule"},
        {"key": "slow", "effect": "PreferNoSchedule"},
        {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"},
    ]
    assert node({"metadata": {"name": "a"}, "spec": {"taints": taints}}).taints == {"nvidia.com/gpu"}


@pytest.mark.parametrize(
    ("written", "number"),
    [("4", 4), ("3920m", 3.92), ("16393244Ki", 16393244 * 1024), ("16265342976", 16265342976), ("1k", 1000),
     ("1e3", 1000), ("2Ei", 2**61), ("1.5Gi", 1.5 * 2**30), ("500n", 5e-7)],
)  # fmt: skip
def test_quantities_as_the_api_writes_them(written: str, number: float) -> None:
    assert amount(written) == pytest.approx(number)


def test_the_default_class_is_the_one_with_the_mark() -> None:
    mark = {"storageclass.kubernetes.io/is-default-class": "true"}
    read = storage_class({"metadata": {"name": "a", "annotations": mark}, "provisioner": "x"})
    assert (read.default, read.expands) == (True, False)
    assert not storage_class({"metadata": {"name": "a"}, "provisioner": "x"}).default


def agent(name: str, container: str = "main", *arguments: str) -> dict[str, Any]:
    box = {"name": container, "args": list(arguments)}
    return {"metadata": {"name": name}, "spec": {"template": {"spec": {"containers": [box]}}}}


@pytest.mark.parametrize(
    ("daemon", "seen"),
    [
        (agent("calico-node"), True),
        (agent("cilium"), True),
        (agent("kindnet", "kindnet-cni"), True),
        (agent("aws-node", "aws-eks-nodeagent", "--enable-network-policy=true"), True),
        (agent("aws-node", "aws-eks-nodeagent", "--enable-network-policy=false"), False),
        (agent("kube-proxy"), False),
        (agent("kube-flannel-ds"), False),
    ],
)
def test_who_enforces_network_policies_is_known_by_name(daemon: dict[str, Any], seen: bool) -> None:
    assert bool(list(enforcing([daemon]))) is seen
