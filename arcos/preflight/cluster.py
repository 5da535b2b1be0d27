"""What a running cluster offers against what the site file says of it: each difference at its field, with the way out.

Pure. FAIL is what the API contradicts: `up` refuses it. WARN is what nobody can see there. See docs/adr/0023.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from arcos.checks import Check, fail, ok, warn
from arcos.preflight.offer import Node, Offer
from arcos.site.model import Site
from arcos.site.release import Release
from components.gpu import NAMES
from components.quantity import millicores, to_bytes

#: Volumes of these are for one node at a time, as block devices are (the name after the driver's own prefix).
_ONE_NODE = (
    "rbd.csi.ceph.com", "cinder.csi.openstack.org", "ebs.csi.aws.com", "ebs.csi.eks.amazonaws.com",
    "disk.csi.azure.com", "pd.csi.storage.gke.io", "rancher.io/local-path",
)  # fmt: skip
_GIB = 2**30


def checks(site: Site, release: Release, offered: Offer, made: Collection[str] = ()) -> Iterator[Check]:
    """All comparisons. `made` are the storage classes that the site's own objects bring."""
    yield _version(release, offered)
    yield from _storage(site, offered, made)
    yield _load_balancer(site, offered)
    yield _network_policy(site, offered)
    yield _pod_security(offered)
    yield from _gpus(site, offered)
    yield from _sizes(site, offered)


def field(site: Site, capability: str) -> str:
    """Where the site file says it; a kind whose capabilities follow from itself has no such field."""
    head, *rest = capability.split("_")
    name = head + "".join(word.capitalize() for word in rest)
    declared = "capabilities" in type(site.cluster).model_fields
    return f"cluster.capabilities.{name}" if declared else f"{name} of cluster kind {site.cluster.kind}"


def declaring(site: Site, capability: str, value: str) -> str:
    """The line that declares it; "" where it follows from the kind."""
    at = field(site, capability)
    return f"{at}: {value}" if at.startswith("cluster.") else ""


def _could(site: Site, capability: str, value: str) -> str:
    return f"could be: {line}" if (line := declaring(site, capability, value)) else ""


def _or(instead: str, line: str) -> str:
    return f"{instead}, or {line}" if line else instead


def _version(release: Release, offered: Offer) -> Check:
    found = re.match(r"v?1\.(\d+)", offered.version)
    wanted = int(release.kubernetes.partition(".")[2])
    apart = int(found[1]) - wanted if found else None
    what = f"Kubernetes {offered.version}; release {release.name} is for {release.kubernetes}"
    if apart == 0:
        return ok("kubernetes", what)
    if apart in (-1, 1):
        return warn("kubernetes", what, f"{'upgrade it' if apart < 0 else 'a newer release'} when both can be had")
    fix = f"upgrade the cluster to {release.kubernetes}" if apart and apart < 0 else "name a release for its version"
    return fail("kubernetes", what, fix)


def _storage(site: Site, offered: Offer, made: Collection[str]) -> Iterator[Check]:
    capable = site.cluster.capabilities
    for name, shared in (("default_storage_class", False), ("rwx_storage_class", True)):
        at, wanted = field(site, name), getattr(capable, name)
        if offered.storage is None:
            yield warn(at, "storage classes may not be listed by us", "let us `list` storageclasses.storage.k8s.io")
        elif wanted is None:
            yield _undeclared_class(site, at, offered, shared=shared)
        elif wanted in made:
            yield ok(at, f"{wanted} comes with the site")
        else:
            yield _class(at, wanted, offered, shared=shared)


def _undeclared_class(site: Site, at: str, offered: Offer, *, shared: bool) -> Check:
    default = next((one.name for one in (offered.storage or {}).values() if one.default), "")
    if default and not shared:
        more = _could(site, "default_storage_class", default)
        return ok(at, f"none is declared; the cluster's own default is {default}", more)
    return ok(at, "none is declared")


def _class(at: str, wanted: str, offered: Offer, *, shared: bool) -> Check:
    storage = offered.storage or {}
    if wanted not in storage:
        there = ", ".join(sorted(storage)) or "none"
        return fail(at, f"there is no storage class {wanted}", f"one of those there are: {there}")
    found = storage[wanted]
    if shared and found.provisioner.endswith(_ONE_NODE):
        what = f"{wanted} is made by {found.provisioner}, whose volumes one node writes at a time"
        return fail(at, what, "a class of a shared file system, or leave the field out")
    if not found.expands:
        what = f"{wanted} ({found.provisioner}) does not let volumes grow"
        return warn(at, what, f"allowVolumeExpansion: true in the class, or do not raise sizes of volumes in {wanted}")
    return ok(at, f"{wanted} ({found.provisioner})")


def _load_balancer(site: Site, offered: Offer) -> Check:
    at = field(site, "load_balancer")
    if not site.cluster.capabilities.load_balancer:
        more = _could(site, "load_balancer", "true") if offered.balancers else ""
        return ok(at, f"not declared{', but seen: ' + ', '.join(offered.balancers) if offered.balancers else ''}", more)
    if offered.balancers:
        return ok(at, f"seen: {', '.join(offered.balancers)}")
    waits = f"; {', '.join(offered.waiting)} waits for an address" if offered.waiting else ""
    what = f"declared, and nothing seen that gives Services an address{waits}"
    return warn(at, what, _or("a load balancer's controller in the cluster", declaring(site, "load_balancer", "false")))


def _network_policy(site: Site, offered: Offer) -> Check:
    at = field(site, "network_policy")
    seen = ", ".join(offered.enforcers or ())
    if site.cluster.capabilities.network_policy:
        if seen:
            return ok(at, f"enforced by {seen}")
        what = "declared, and nothing seen that enforces network policies"
        off = declaring(site, "network_policy", "false")
        return warn(at, what, _or("a network that enforces them (Calico, Cilium ...)", off))
    more = _could(site, "network_policy", "true") if seen else ""
    return ok(at, f"not declared{', but enforced by ' + seen if seen else ''}", more)


def _pod_security(offered: Offer) -> Check:
    if offered.pod_security is None:
        return warn("pod security", "nobody can tell whether it is enforced", "let us `create` namespaces")
    if offered.pod_security:
        return ok("pod security", "enforced by the API server")
    what = "the API server does not enforce it: any pod may take its node over"
    return fail("pod security", what, "switch the admission plugin PodSecurity on")


def _gpus(site: Site, offered: Offer) -> Iterator[Check]:
    at = field(site, "gpu")
    if offered.nodes is None:
        if site.cluster.capabilities.gpu:
            yield warn(at, "nodes may not be listed by us", "let us `list` nodes")
        return
    seen = frozenset[str]().union(*(one.gpus for one in offered.nodes))
    for vendor in site.cluster.capabilities.gpu:
        named = sorted({name for one in offered.nodes for name in one.otherwise.get(vendor, ())})
        if vendor in seen:
            yield ok(at, f"{vendor}: on {sum(vendor in one.gpus for one in offered.nodes)} nodes")
        elif named:
            what = f"nodes offer {', '.join(named)}, and pods ask for {NAMES[vendor].resource}"
            yield warn(at, what, f"a device plugin that gives its GPUs that name (MIG: strategy `single`) for {vendor}")
        else:
            what = f"no node offers a GPU of {vendor} now"
            yield warn(at, what, f"its driver and device plugin, a pool that grows from 0, or leave {vendor} out")
    for more in sorted(seen - set(site.cluster.capabilities.gpu)):
        yield ok(at, f"{more}: offered, not declared", _could(site, "gpu", f"[{more}]"))
    yield from _gpu_taints(site, offered.nodes)


def _gpu_taints(site: Site, nodes: tuple[Node, ...]) -> Iterator[Check]:
    """Pods that ask for a GPU tolerate what is declared, and wait for ever at any other taint."""
    at, declared = field(site, "gpu_taints"), site.cluster.capabilities.gpu_taints
    with_gpu = [one for one in nodes if one.gpus & set(site.cluster.capabilities.gpu)]
    if not with_gpu:
        return
    if all(one.taints - set(declared) for one in with_gpu):
        keys = sorted(frozenset[str]().union(*(one.taints for one in with_gpu)) | set(declared))
        more = ", ".join(key for key in keys if key not in declared)
        what = f"every node with a GPU is closed by a taint that is not declared: {more}"
        yield warn(at, what, declaring(site, "gpu_taints", f"[{', '.join(keys)}]") or "take it off those nodes")
    else:
        yield ok(at, f"{', '.join(declared) or 'none'} declared, and a node with a GPU takes such pods")


def _sizes(site: Site, offered: Offer) -> Iterator[Check]:
    """What is declared of nodes must be there: `check` lets through what fits on the declared ones."""
    if offered.nodes is None:
        return
    capable: Any = site.cluster.capabilities
    usable = [one for one in offered.nodes if not one.taints - set(capable.gpu_taints)]
    if not usable:
        keys = ", ".join(sorted(frozenset[str]().union(*(one.taints for one in offered.nodes))))
        what = f"all nodes keep pods off by taints: {keys}" if keys else "there is no node now"
        off = f"./arcosctl kubectl {site.name} -- taint nodes --all {keys.partition(',')[0]}-"
        yield warn("nodes", what, f"nodes without a taint, or: {off}" if keys else "a node")
        return
    cpu, memory = max(one.cpu for one in usable), max(one.memory for one in usable)
    total = sum(one.memory for one in usable)
    grows = "capabilities" not in type(site.cluster).model_fields
    seen = (
        ("node_cpu", millicores, cpu, f"{cpu / 1000:g}", "cores on the largest node"),
        ("node_memory", to_bytes, memory, _rounded(memory), "on the largest node"),
        ("total_memory", to_bytes, total, _rounded(total), "on all nodes together"),
    )
    for name, number, there, shown, what in seen:
        at, wanted = field(site, name), getattr(capable, name)
        if wanted is None:
            yield ok(at, f"not declared; pods can have {shown} {what}", _could(site, name, shown))
        elif number(wanted) <= there:
            yield ok(at, f"{wanted} declared, {shown} {what}")
        elif grows:
            yield ok(at, f"up to {wanted}; {shown} {what} now")
        else:
            yield fail(at, f"{wanted} declared, pods can have {shown} {what}", f"{at}: {shown}")


def _rounded(size: int) -> str:
    """Rounded down, so that it can be declared as it is shown."""
    return f"{size * 10 // _GIB / 10:.1f}Gi" if size >= _GIB else f"{size // 2**20}Mi"
