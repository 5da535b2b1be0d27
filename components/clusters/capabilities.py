"""What a cluster can do, in neutral words. Nothing else may ask which kind of cluster it is. No Pulumi here."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import StringConstraints

from components.bucket import ObjectStorage
from components.units import Cpu, DnsLabel, Many, Memory, Settings

#: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
_TAINT = r"^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"
TaintKey = Annotated[str, StringConstraints(pattern=_TAINT)]
#: https://docs.aws.amazon.com/Route53/latest/APIReference/API_HostedZone.html
HostedZone = Annotated[str, StringConstraints(pattern=r"^Z[0-9A-Z]{5,31}$")]
GpuVendor = Literal["amd", "intel", "nvidia"]

#: The storage classes that the platform itself makes on the clusters of a cloud: for one pod, and for many at once.
BLOCK_STORAGE, SHARED_STORAGE = "block", "shared"


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

    gpu_taints: Many[TaintKey] = ()
    """Keys of the taints on nodes with GPUs, as in `nvidia.com/gpu`; what asks for a GPU tolerates them."""

    hosted_zone: HostedZone | None = None
    """Zone of AWS's Route 53 whose records the pods of `dns` have a role for. Default: none."""

    object_storage: ObjectStorage | None = None
    """The cloud's own object storage, over S3, for `binding: {kind: cloud}` of `objectstore`. Default: none."""

    node_cpu: Cpu | None = None
    """Cores of the largest node. Default: not told, so nothing is compared with it."""

    node_memory: Memory | None = None
    """Memory of the largest node. Default: not told, so nothing is compared with it."""

    total_memory: Memory | None = None
    """Memory of all nodes together, as many as there may be. Default: not told, so nothing is compared with it."""
