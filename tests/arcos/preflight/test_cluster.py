"""What a cluster offers against what a site declares: the level, the field, and the way out of each difference."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from arcos.checks import Check, Level
from arcos.preflight.cluster import checks
from arcos.preflight.offer import Node, Offer, StorageClass
from arcos.site.loader import load_site
from arcos.site.model import Site
from arcos.site.release import load_release
from components.clusters.capabilities import Capabilities

SITE = load_site("hpc-perth")
RELEASE = load_release(SITE.release)
GIB = 2**30


def storage(name: str, provisioner: str, default: bool = False, expands: bool = True) -> StorageClass:
    return StorageClass(name=name, provisioner=provisioner, default=default, expands=expands)


NODE = Node(name="a", cpu=63500, memory=250 * GIB, gpus=frozenset({"nvidia"}), kubelet="v1.37.0")
CLASSES = {
    "ceph-block": storage("ceph-block", "rook-ceph.rbd.csi.ceph.com", default=True),
    "cephfs": storage("cephfs", "rook-ceph.cephfs.csi.ceph.com"),
}
#: A cluster that is all that hpc-perth says of it.
GOOD = Offer(
    version="v1.37.2",
    nodes=(NODE,),
    storage=CLASSES,
    balancers=(),
    enforcers=("cilium",),
    pod_security=True,
)


def found(offered: Offer, site: Site = SITE, made: tuple[str, ...] = ()) -> dict[str, Check]:
    return {check.name: check for check in checks(site, RELEASE, offered, made)}


def declaring(**capabilities: Any) -> Site:
    changed = SITE.cluster.capabilities.model_copy(update=capabilities)
    return SITE.model_copy(update={"cluster": SITE.cluster.model_copy(update={"capabilities": changed})})


def test_a_cluster_that_is_what_the_site_says_is_all_well() -> None:
    assert {check.level for check in found(GOOD).values()} == {Level.OK}


AT = "cluster.capabilities."


@pytest.mark.parametrize(
    ("change", "name", "level", "words"),
    [
        ({"storage": {}}, f"{AT}defaultStorageClass", Level.FAIL, "no storage class ceph-block"),
        (
            {"storage": {**CLASSES, "cephfs": storage("cephfs", "rook-ceph.rbd.csi.ceph.com")}},
            f"{AT}rwxStorageClass",
            Level.FAIL,
            "one node writes at a time",
        ),
        (
            {"storage": {**CLASSES, "ceph-block": storage("ceph-block", "x", expands=False)}},
            f"{AT}defaultStorageClass",
            Level.WARN,
            "grow",
        ),
        ({"storage": None}, f"{AT}defaultStorageClass", Level.WARN, "may not be listed"),
        ({"enforcers": ()}, f"{AT}networkPolicy", Level.WARN, "nothing seen that enforces"),
        ({"nodes": (replace(NODE, gpus=frozenset()),)}, f"{AT}gpu", Level.WARN, "no node offers a GPU of nvidia"),
        ({"nodes": None}, f"{AT}gpu", Level.WARN, "may not be listed"),
        (
            {"nodes": (replace(NODE, gpus=frozenset(), otherwise={"nvidia": ("nvidia.com/mig-1g.5gb",)}),)},
            f"{AT}gpu",
            Level.WARN,
            "nodes offer nvidia.com/mig-1g.5gb, and pods ask for nvidia.com/gpu",
        ),
        (
            {"nodes": (replace(NODE, taints=frozenset({"nvidia.com/gpu", "a100"})),)},
            f"{AT}gpuTaints",
            Level.WARN,
            "not declared: a100",
        ),
        (
            {"nodes": (replace(NODE, taints=frozenset({"node-role.kubernetes.io/control-plane"})),)},
            "nodes",
            Level.WARN,
            "all nodes keep pods off by taints: node-role.kubernetes.io/control-plane",
        ),
        ({"nodes": ()}, "nodes", Level.WARN, "no node"),
        ({"pod_security": False}, "pod security", Level.FAIL, "any pod may take its node over"),
        ({"pod_security": None}, "pod security", Level.WARN, "nobody can tell"),
        ({"version": "v1.36.1"}, "kubernetes", Level.WARN, "v1.36.1; release 2026.11 is for 1.37"),
        ({"version": "v1.38.0+k3s1"}, "kubernetes", Level.WARN, "1.38.0"),
        ({"version": "v1.35.9"}, "kubernetes", Level.FAIL, "1.35.9"),
        ({"version": "v1.39.0-eks-1234"}, "kubernetes", Level.FAIL, "1.39.0"),
        ({"version": "unknown"}, "kubernetes", Level.FAIL, "unknown"),
    ],
)
def test_each_difference_stands_at_its_field(change: dict[str, Any], name: str, level: Level, words: str) -> None:
    check = found(replace(GOOD, **change))[name]
    assert (check.level, words in check.detail) == (level, True), check
    assert check.fix, "and says the way out"


@pytest.mark.parametrize(
    ("declared", "name", "level", "fix"),
    [
        ({"load_balancer": True}, "loadBalancer", Level.WARN, "loadBalancer: false"),
        ({"node_memory": "512Gi"}, "nodeMemory", Level.FAIL, "nodeMemory: 250.0Gi"),
        ({"node_cpu": "128"}, "nodeCpu", Level.FAIL, "nodeCpu: 63.5"),
        ({"total_memory": "1Ti"}, "totalMemory", Level.FAIL, "totalMemory: 250.0Gi"),
        ({"node_memory": "128Gi"}, "nodeMemory", Level.OK, ""),
        ({"gpu": ()}, "gpu", Level.OK, "gpu: [nvidia]"),
        ({"network_policy": False}, "networkPolicy", Level.OK, "networkPolicy: true"),
        ({"default_storage_class": None}, "defaultStorageClass", Level.OK, "defaultStorageClass: ceph-block"),
    ],
)
def test_what_is_declared_is_held_against_what_is_there(
    declared: dict[str, Any], name: str, level: Level, fix: str
) -> None:
    check = found(GOOD, declaring(**declared))[f"{AT}{name}"]
    assert (check.level, fix in check.fix) == (level, True), check


def test_a_node_that_keeps_pods_off_is_not_the_largest() -> None:
    """`check` would let profiles through that only the control plane has room for."""
    closed = replace(NODE, name="b", memory=512 * GIB, taints=frozenset({"node-role.kubernetes.io/control-plane"}))
    check = found(replace(GOOD, nodes=(NODE, closed)), declaring(node_memory="512Gi"))[f"{AT}nodeMemory"]
    assert (check.level, check.fix) == (Level.FAIL, f"{AT}nodeMemory: 250.0Gi")


@pytest.mark.parametrize("memory", [62 * GIB + 790 * 2**20, 700 * 2**20])
def test_what_is_shown_of_a_node_can_be_declared(memory: int) -> None:
    small = replace(GOOD, nodes=(replace(NODE, memory=memory),))
    shown = found(small, declaring(node_memory=None))[f"{AT}nodeMemory"].fix.rpartition(" ")[2]
    assert found(small, declaring(node_memory=shown))[f"{AT}nodeMemory"].level is Level.OK, shown


def test_a_class_that_the_site_itself_brings_may_be_missing_still() -> None:
    empty = replace(GOOD, storage={"cephfs": CLASSES["cephfs"]})
    assert found(empty, made=("ceph-block",))[f"{AT}defaultStorageClass"].level is Level.OK


def test_on_a_cloud_the_kind_says_what_is_offered_and_nodes_come_and_go() -> None:
    site = load_site("nectar-qld")
    small = replace(GOOD, nodes=(replace(NODE, gpus=frozenset(), memory=GIB),))
    names = found(small, site, made=("block",))
    assert names["defaultStorageClass of cluster kind openstack-magnum"].level is Level.OK
    assert names["gpu of cluster kind openstack-magnum"].level is Level.WARN, "a pool grows from 0"
    assert {check.level for name, check in names.items() if "Memory" in name} == {Level.OK}


def test_a_line_is_advised_only_where_a_site_file_can_have_it() -> None:
    site = load_site("nectar-qld")
    assert {check.name for check in found(GOOD, site, made=("block",)).values() if ": false" in check.fix} == set()
    assert f"{AT}loadBalancer: false" in found(GOOD, declaring(load_balancer=True))[f"{AT}loadBalancer"].fix


def test_every_capability_is_looked_at() -> None:
    looked = {name.removeprefix(AT) for name in found(GOOD)}
    # Zone and storage are the cloud's, and asked of it.
    unseen = {"hostedZone", "objectStorage"}
    assert {field.alias for field in Capabilities.model_fields.values()} - looked == unseen
