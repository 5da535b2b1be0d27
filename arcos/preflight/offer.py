"""What a running cluster offers, read from its API in a few requests. Nothing is judged here, see `cluster.py`.

What may not be read is None: a kubeconfig may be allowed to do all that `up` does and still not to list nodes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from arcos.apply.failures import Reason, ServerError
from arcos.apply.kubectl import Kubectl
from components.gpu import NAMES
from components.quantity import amount

Object = dict[str, Any]

#: GPUs, or parts of them, under other names than the one that pods here ask for (`components.gpu`).
#: https://docs.nvidia.com/datacenter/cloud-native/kubernetes/latest/index.html (strategy `mixed`, renamed slices)
_OTHERWISE = {
    "nvidia": r"nvidia\.com/(mig-.*|.*\.shared)",
    "amd": r"amd\.com/.*",
    "intel": r"gpu\.intel\.com/(i915|xe)",
}
#: Keys of taints that come and go with a node's state.
_PASSING = re.compile(r"node\.kubernetes\.io/|node\.cloudprovider\.kubernetes\.io/")
#: Who enforces network policies, by the name of the DaemonSet or of a container in it. The EKS agent runs in any case,
#: and enforces where it is told to.
#: https://kubernetes.io/docs/concepts/cluster-administration/addons/#networking-and-network-policy
_ENFORCERS = re.compile(r"calico-node|canal|cilium|antrea-agent|kube-router|weave-net|ovnkube|anetd|azure-npm|kindnet")
_EKS_AGENT, _EKS_SWITCH = "aws-eks-nodeagent", "--enable-network-policy=true"
#: Who gives Services their addresses without a cloud.
_BALANCERS = re.compile(r"metallb|kube-vip|svclb|speaker|openelb|purelb")
_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


@dataclass(frozen=True, kw_only=True)
class Node:
    """What pods can have of one machine: `cpu` in thousandths of a core, `memory` in bytes, `gpus` by vendor.

    `otherwise` are GPUs under names that pods here do not ask for, by vendor. `taints` are the keys that keep pods
    off, without those of a passing state.
    """

    name: str
    cpu: int
    memory: int
    gpus: frozenset[str]
    kubelet: str
    cloud: str = ""
    otherwise: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    taints: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class StorageClass:
    """Who makes the volumes, and whether they can grow."""

    name: str
    provisioner: str
    default: bool
    expands: bool


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A cluster as its API tells it. `balanced` and `enforcers` name what was seen, an empty tuple is no proof."""

    version: str
    nodes: tuple[Node, ...] | None = None
    storage: Mapping[str, StorageClass] | None = None
    balancers: tuple[str, ...] | None = None
    waiting: tuple[str, ...] = ()
    enforcers: tuple[str, ...] | None = None
    pod_security: bool | None = None


def read(kubectl: Kubectl) -> Offer:
    """Ask the cluster.

    Raises:
        ServerError: It does not answer, or does not know who asks.
    """
    version = str(kubectl.request("get", "/version").get("gitVersion", "that says no version"))
    nodes, classes = _listed(kubectl, "nodes"), _listed(kubectl, "storageclasses")
    services, agents = _listed(kubectl, "services", "-A"), _listed(kubectl, "daemonsets", "-A")
    known = None if nodes is None else tuple(node(one) for one in nodes)
    given, waiting = _load_balancers(services or [])
    unseen = services is None and agents is None and nodes is None
    return Offer(
        version=version,
        nodes=known,
        storage=None if classes is None else {one.name: one for one in map(storage_class, classes)},
        balancers=None if unseen else (*given, *_balancing(agents or []), *_clouds(known or ())),
        waiting=waiting,
        enforcers=None if agents is None else tuple(sorted({*enforcing(agents), *_built_in(known or ())})),
        pod_security=_pod_security(kubectl),
    )


def node(manifest: Object) -> Node:
    """A node from the API's words."""
    status = manifest.get("status", {})
    room = status.get("allocatable", {})
    offered = {resource for resource, count in room.items() if amount(count) > 0}
    others = {
        vendor: tuple(sorted(one for one in offered - {NAMES[vendor].resource} if re.fullmatch(pattern, one)))
        for vendor, pattern in _OTHERWISE.items()
    }
    return Node(
        name=manifest["metadata"]["name"],
        cpu=round(amount(room.get("cpu", "0")) * 1000),
        memory=round(amount(room.get("memory", "0"))),
        gpus=frozenset(vendor for vendor, names in NAMES.items() if names.resource in offered),
        kubelet=status.get("nodeInfo", {}).get("kubeletVersion", ""),
        cloud=manifest.get("spec", {}).get("providerID", "").partition("://")[0],
        otherwise={vendor: names for vendor, names in others.items() if names},
        taints=frozenset(
            taint["key"]
            for taint in manifest.get("spec", {}).get("taints") or ()
            if taint["effect"] in ("NoSchedule", "NoExecute") and not _PASSING.match(taint["key"])
        ),
    )


def storage_class(manifest: Object) -> StorageClass:
    """A storage class from the API's words."""
    meta = manifest["metadata"]
    return StorageClass(
        name=meta["name"],
        provisioner=manifest["provisioner"],
        default=(meta.get("annotations") or {}).get(_DEFAULT_CLASS) == "true",
        expands=bool(manifest.get("allowVolumeExpansion")),
    )


def enforcing(agents: list[Object]) -> Iterator[str]:
    """The DaemonSets that enforce network policies."""
    for agent in agents:
        boxes = agent["spec"]["template"]["spec"].get("containers", [])
        names = [agent["metadata"]["name"], *(box["name"] for box in boxes)]
        on = any(box["name"] == _EKS_AGENT and _EKS_SWITCH in box.get("args", []) for box in boxes)
        if on or any(_ENFORCERS.search(name) for name in names):
            yield agent["metadata"]["name"]


def _built_in(nodes: tuple[Node, ...]) -> Iterator[str]:
    """k3s enforces policies in its own process. https://docs.k3s.io/networking/networking-services"""
    if any("+k3s" in one.kubelet for one in nodes):
        yield "k3s"


def _load_balancers(services: list[Object]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Services that got an address, and those that wait for one."""
    given: list[str] = []
    waiting: list[str] = []
    for one in services:
        if one["spec"].get("type") == "LoadBalancer":
            place = f"{one['metadata']['namespace']}/{one['metadata']['name']}"
            ready = one.get("status", {}).get("loadBalancer", {}).get("ingress")
            (given if ready else waiting).append(f"service {place}")
    return tuple(given), tuple(waiting)


def _balancing(agents: list[Object]) -> Iterator[str]:
    yield from (one["metadata"]["name"] for one in agents if _BALANCERS.search(one["metadata"]["name"]))


def _clouds(nodes: tuple[Node, ...]) -> Iterator[str]:
    """A node that a cloud's controller knows; the others have no such provider, or one that gives no addresses."""
    own = {"", "k3s", "kind", "kwok", "minikube", "docker", "vsphere", "metal3", "proxmox", "libvirt"}
    yield from sorted({f"{one.cloud}'s controller" for one in nodes if one.cloud not in own})


def _pod_security(kubectl: Kubectl) -> bool | None:
    """Whether the admission plugin is on: it alone refuses a level that does not exist. A dry run, nothing is made.

    https://kubernetes.io/docs/concepts/security/pod-security-admission/
    """
    labels = {"pod-security.kubernetes.io/enforce": "no-such-level"}
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "arcos-preflight", "labels": labels}}
    try:
        kubectl.request("create", "/api/v1/namespaces?dryRun=All", body)
    except ServerError as error:
        if error.reason is Reason.EXISTS or "no-such-level" not in f"{error.why}{error.log}":
            return None
        return True
    return False


def _listed(kubectl: Kubectl, *what: str) -> list[Object] | None:
    try:
        return kubectl.objects("get", *what)
    except ServerError as error:
        if error.reason in (Reason.FORBIDDEN, Reason.DENIED):
            return None
        raise
