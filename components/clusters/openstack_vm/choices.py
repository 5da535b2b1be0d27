"""What an openstack-vm cluster is made of: machines by name, addresses, disks, rules. Pure: decides, makes nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from ipaddress import IPv4Network
from urllib.parse import quote

from components.clusters.openstack_vm.config import CONTROL, GIVEN, K3s, OpenStackVm
from components.quantity import to_bytes

#: https://docs.k3s.io/installation/requirements#networking
API_PORT, ETCD_PORTS, KUBELET_PORT, VXLAN_PORT = 6443, (2379, 2380), 10250, 8472
#: The ingress's, as `apps/ingress` opens them on every machine, and what people type.
INGRESS_PORTS = {80: 30080, 443: 30443}
#: The balancer's place in the machines' network; the control plane's machines follow it.
_BALANCER = 10
_RELEASES = "https://github.com/k3s-io/k3s/releases/download"


@dataclass(frozen=True, kw_only=True)
class Machine:
    """One machine. Those of the control plane have a fixed `address`; `disk` is in GiB."""

    name: str
    flavor: str
    disk: int
    pool: str
    address: str | None = None
    labels: tuple[str, ...] = ()
    taints: tuple[str, ...] = ()
    nvidia: bool = False
    """Its containers are started by NVIDIA's runtime, which its image has."""


@dataclass(frozen=True, kw_only=True)
class Opening:
    """One rule of a security group: who may reach which ports. `group` is another's name, `source` a range."""

    name: str
    protocol: str
    first: int
    last: int
    group: str = ""
    source: str = ""


def site_name(site: str) -> str:
    """What everything in the cloud is named after."""
    return f"arcos-{site}"


def balancer_address(config: OpenStackVm) -> str:
    """Where machines reach the API, whichever of the control plane's machines is up."""
    return str(IPv4Network(config.network_range)[_BALANCER])


def free_addresses(config: OpenStackVm) -> tuple[str, str]:
    """The first and the last address that the cloud may give to a machine, or to its own servers in the network."""
    network = IPv4Network(config.network_range)
    return str(network[GIVEN]), str(network[-2])


def control_plane(config: OpenStackVm, site: str) -> list[Machine]:
    """The control plane's machines."""
    network = IPv4Network(config.network_range)
    return [
        Machine(
            name=f"{site_name(site)}-control-{number}",
            flavor=config.control_plane_flavor,
            disk=gibibytes(config.control_plane_disk),
            pool=CONTROL,
            address=str(network[_BALANCER + number]),
            taints=("node-role.kubernetes.io/control-plane=:NoSchedule",),
        )
        for number in range(1, config.control_plane_nodes + 1)
    ]


def workers(config: OpenStackVm, site: str) -> list[Machine]:
    """Every other machine, pool by pool."""
    return [
        Machine(
            name=f"{site_name(site)}-{pool.name}-{number}",
            flavor=pool.flavor,
            disk=gibibytes(pool.disk),
            pool=pool.name,
            labels=tuple(f"{key}={value}" for key, value in sorted(pool.labels().items())),
            taints=tuple(f"{key}=:NoSchedule" for key in pool.taint_keys()),
            nvidia=config.gpu_plugin and pool.gpu == "nvidia",
        )
        for pool in config.node_pools
        for number in range(1, pool.min + 1)
    ]


def openings(config: OpenStackVm) -> dict[str, list[Opening]]:
    """What may reach the two kinds of machines. Nothing else may, not even from the same network.

    Octavia's own machines stand in that network, and are known by its range only.
    """
    inside = config.network_range
    both = [
        Opening(name=f"{port}-from-{group}", protocol=protocol, first=port, last=port, group=group)
        for protocol, port in (("udp", VXLAN_PORT), ("tcp", KUBELET_PORT))
        for group in ("control", "worker")
    ]
    control = [
        Opening(name="api", protocol="tcp", first=API_PORT, last=API_PORT, source=inside),
        Opening(name="etcd", protocol="tcp", first=ETCD_PORTS[0], last=ETCD_PORTS[1], group="control"),
    ]
    worker = [
        Opening(name=f"ingress-{port}", protocol="tcp", first=inner, last=inner, source=inside)
        for port, inner in INGRESS_PORTS.items()
    ]
    return {"control": both + control, "worker": both + worker}


def program_url(program: K3s) -> str:
    """Where machines fetch it."""
    return program.url or f"{_RELEASES}/{quote(program.version, safe='')}/k3s"


def gibibytes(memory: str) -> int:
    """GiB of an amount of memory, rounded up, as Cinder takes them."""
    return math.ceil(to_bytes(memory) / 2**30)
