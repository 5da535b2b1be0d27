"""What the nodes of an openstack-vm cluster say of themselves, read from kubectl's JSON. Pure; `rolling.py` asks.

https://kubernetes.io/docs/reference/node/node-status/
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from components.clusters.openstack_vm.choices import Machine
from components.clusters.openstack_vm.config import OpenStackVm
from components.clusters.pools import GPU_LABEL, POOL_LABEL

#: At the node of a machine that is new: the start of the one before it.
AWAITED = "arcos.dev/awaited"
#: Taints below it are ours.
_OURS = "arcos.dev/"


def boot(node: str) -> str:
    """Which start of which machine a node is, from kubectl's JSON; "" where that cannot be told."""
    return str(_status(_object(node)).get("nodeInfo", {}).get("bootID", ""))


def ready(node: str) -> bool:
    """Whether a node, as kubectl's JSON, may take pods' work."""
    conditions = _status(_object(node)).get("conditions", ())
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def awaited(nodes: str) -> list[str]:
    """Names of the nodes, as kubectl's JSON, whose machine is new and has not become a ready node."""
    found = []
    for one in _object(nodes).get("items", ()):
        before = one["metadata"].get("annotations", {}).get(AWAITED)
        text = json.dumps(one)
        if before and (boot(text) == before or not ready(text)):
            found.append(str(one["metadata"]["name"]))
    return found


def elsewhere(nodes: str, api: str, config: OpenStackVm) -> str:
    """Why a cluster, by its nodes and its own Service, is not the one that the site file describes; "" where it is."""
    for one in _object(nodes).get("items", ()):
        given = one.get("spec", {}).get("podCIDR", "")
        if given and not IPv4Network(given).subnet_of(IPv4Network(config.pod_range)):
            return f"its cluster's pods have addresses of {given}, and `podRange` is {config.pod_range}"
    address = _object(api).get("spec", {}).get("clusterIP", "")
    if address and IPv4Address(address) not in IPv4Network(config.service_range):
        return f"its cluster's Services have addresses as {address}, and `serviceRange` is {config.service_range}"
    return ""


def amended(node: str, machine: Machine) -> Iterator[tuple[str, ...]]:
    """What `kubectl` is told where a node still carries what its pool said before: a node that is there already is
    registered with no new taint, and loses no label. https://docs.k3s.io/cli/agent#node-labels-and-taints-for-agents
    """
    found = _object(node)
    wanted = dict(one.split("=", 1) for one in machine.labels)
    there = found.get("metadata", {}).get("labels", {})
    labels = [f"{key}={value}" for key, value in wanted.items() if there.get(key) != value]
    labels += [f"{key}-" for key in (POOL_LABEL, GPU_LABEL) if key in there and key not in wanted]
    if labels:
        yield ("label", "node", machine.name, "--overwrite", *labels)
    taints = {
        f"{one['key']}={one.get('value', '')}:{one['effect']}"
        for one in found.get("spec", {}).get("taints") or ()
        if one["key"].startswith(_OURS)
    }
    ours = {one for one in machine.taints if one.startswith(_OURS)}
    changes = sorted(ours - taints) + [_without(one) for one in sorted(taints - ours)]
    if changes:
        yield ("taint", "node", machine.name, "--overwrite", *changes)


def _without(taint: str) -> str:
    """How `kubectl` takes a taint away, which is named by key and effect."""
    key, effect = taint.split("=", 1)[0], taint.rpartition(":")[2]
    return f"{key}:{effect}-"


def _status(node: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = node.get("status", {})
    return found


def _object(text: str) -> dict[str, Any]:
    """Nothing where kubectl said something else than an object."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
