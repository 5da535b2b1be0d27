"""How a site's cluster comes to be, one model a kind, and what it can do in neutral words.

Nothing else may ask for the kind: services read :class:`Capabilities`. Making the cluster is the work of
`components`; node sizes and addresses of the cloud account stand in the provider's own Pulumi keys.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from components.quantity import millicores, to_bytes
from components.units import Cpu, DnsLabel, Line, Many, Memory, Port, Settings, refuse

GpuVendor = Literal["amd", "intel", "nvidia"]

#: The storage class that the platform itself makes on the clusters of a cloud.
BLOCK_STORAGE = "block"
#: The storage class of a local site: directories on the machine's own disk.
LOCAL_STORAGE = "local-directory"


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


class NodePool(Settings):
    """A group of equal machines that grows and shrinks between two sizes."""

    name: DnsLabel
    """Name of the pool, used once in a site."""

    min: Annotated[int, Field(ge=0, le=1000)]
    """Least number of machines."""

    max: Annotated[int, Field(ge=1, le=1000)]
    """Most machines; not less than `min`."""

    gpu: GpuVendor | None = None
    """Vendor of the GPU in each machine. Default: none."""

    taints: Many[DnsLabel] = ()
    """Only pods that tolerate these words run here, as in `[gpu]`. Default: open to every pod."""

    cpu: Cpu | None = None
    """Cores of each machine, so that `check` finds what fits on none. Default: not told."""

    memory: Memory | None = None
    """Memory of each machine, so that `check` finds what fits on none. Default: not told."""

    @field_validator("max")
    @classmethod
    def _not_below_min(cls, value: int, info: ValidationInfo) -> int:
        low = info.data.get("min")
        if low is not None and value < low:
            raise refuse(f"is less than `min` ({low})", f"a whole number from {max(low, 1)} to 1000")
        return value


class OpenStackNodePool(NodePool):
    """A node pool of OpenStack machines."""

    flavor: Line
    """OpenStack flavor of each machine, as `openstack flavor list` names it."""


class AwsNodePool(NodePool):
    """A node pool of EC2 machines."""

    instance_type: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*\.[a-z0-9-]+$")]
    """EC2 instance type of each machine, as in `m7i.large`."""


def _cloud(pools: tuple[NodePool, ...]) -> Capabilities:
    """What every cluster that the platform makes on a cloud offers; its pools say which GPUs, and how large it is."""
    gpus = tuple(sorted({pool.gpu for pool in pools if pool.gpu}))
    cpus, sizes = [pool.cpu for pool in pools if pool.cpu], [pool.memory for pool in pools if pool.memory]
    total = sum(to_bytes(pool.memory) * pool.max for pool in pools if pool.memory)
    return Capabilities(
        load_balancer=True,
        default_storage_class=BLOCK_STORAGE,
        network_policy=True,
        gpu=gpus,
        # One pool that does not tell may be the largest.
        node_cpu=max(cpus, key=millicores) if len(cpus) == len(pools) else None,
        node_memory=max(sizes, key=to_bytes) if len(sizes) == len(pools) else None,
        total_memory=f"{total // 2**20}Mi" if len(sizes) == len(pools) else None,
    )


class LocalCluster(Settings):
    """A whole cluster on one Linux machine, in namespaces of its own; reached on the loopback address only."""

    kind: Literal["local"]

    http_port: Port = 80
    """Port on 127.0.0.1 for http, which only redirects to https."""

    https_port: Port = 443
    """Port on 127.0.0.1 for https."""

    api_port: Port = 6443
    """Port on 127.0.0.1 for the Kubernetes API."""

    nodes: Annotated[int, Field(ge=1, le=5000)] = 1
    """Number of simulated nodes; read by `up --simulate` only, the real local site is one node."""

    @field_validator("https_port", "api_port")
    @classmethod
    def _ports_differ(cls, value: int, info: ValidationInfo) -> int:
        for name, key in (("http_port", "httpPort"), ("https_port", "httpsPort")):
            if info.data.get(name) == value:
                raise refuse(f"is the same port as `{key}`", "a port from 1 to 65535 that the site uses once")
        return value

    @property
    def capabilities(self) -> Capabilities:
        """One node with directories as volumes, and nothing that enforces network policies yet."""
        return Capabilities(default_storage_class=LOCAL_STORAGE, rwx_storage_class=LOCAL_STORAGE)


class ExistingCluster(Settings):
    """A cluster that somebody else runs; reached by a kubeconfig. kind, k3d and minikube belong here too."""

    kind: Literal["existing"]

    context: Line | None = None
    """Context in the kubeconfig. Default: its current context."""

    kubeconfig: Line | None = None
    """Path of the kubeconfig file. Default: what `kubectl` takes (KUBECONFIG, else ~/.kube/config)."""

    capabilities: Capabilities = Capabilities()
    """What the cluster offers, as its owner says. Default: nothing beyond plain Kubernetes."""


class OpenStackMagnum(Settings):
    """A cluster that OpenStack's Magnum service makes."""

    kind: Literal["openstack-magnum"]

    node_pools: Annotated[Many[OpenStackNodePool], Field(min_length=1, max_length=50)]
    """Groups of machines."""

    @property
    def capabilities(self) -> Capabilities:
        """Octavia, Cinder and Calico come with Magnum clusters."""
        return _cloud(self.node_pools)


class OpenStackVm(Settings):
    """A cluster on plain OpenStack machines, for clouds without Magnum."""

    kind: Literal["openstack-vm"]

    control_plane_flavor: Line
    """OpenStack flavor of the control plane's machines."""

    control_plane_nodes: Literal[1, 3, 5] = 3
    """Machines of the control plane: an odd number, so that a majority is left when one fails."""

    node_pools: Annotated[Many[OpenStackNodePool], Field(min_length=1, max_length=50)]
    """Groups of machines."""

    @property
    def capabilities(self) -> Capabilities:
        """The platform itself installs what Octavia and Cinder need, and a network that enforces policies."""
        return _cloud(self.node_pools)


class AwsEks(Settings):
    """A cluster that AWS's EKS service makes, in the region of `aws:region`."""

    kind: Literal["aws-eks"]

    node_pools: Annotated[Many[AwsNodePool], Field(min_length=1, max_length=50)]
    """Groups of machines."""

    @property
    def capabilities(self) -> Capabilities:
        """Elastic load balancing, EBS, and the VPC network's policy agent."""
        return _cloud(self.node_pools)


Cluster = Annotated[
    LocalCluster | ExistingCluster | OpenStackMagnum | OpenStackVm | AwsEks, Field(discriminator="kind")
]
