"""What a cluster can do, in neutral words. Nothing else may ask which kind of cluster it is. No Pulumi here."""

from __future__ import annotations

from typing import Literal

from components.units import Cpu, DnsLabel, Many, Memory, Settings

GpuVendor = Literal["amd", "intel", "nvidia"]

#: The storage class that the platform itself makes on the clusters of a cloud.
BLOCK_STORAGE = "block"


class Capabilities(Settings):
    """What a cluster offers; nothing is assumed of a cluster that does not say so."""

    load_balancer: bool = False
    """Services of type LoadBalancer get an address. Without, `ingress` is reached on fixed node ports."""

    default_storage_class: DnsLabel | None = None
    """Storage class for volumes that one pod writes. Default: none, so services with data cannot run."""

    rwx_storage_class: DnsLabel | None = None
    """Storage class for volumes that many pods write at once (ReadWriteMany). Default: none."""

    network_policy: bool = False
    """NetworkPolicies are enforced. They are always made; a site that does not enforce them says so."""

    gpu: Many[GpuVendor] = ()
    """Vendors of the GPUs that pods may ask for. Default: none."""

    node_cpu: Cpu | None = None
    """Cores of the largest node. Default: not told, so nothing is compared with it."""

    node_memory: Memory | None = None
    """Memory of the largest node. Default: not told, so nothing is compared with it."""

    total_memory: Memory | None = None
    """Memory of all nodes together, as many as there may be. Default: not told, so nothing is compared with it."""
