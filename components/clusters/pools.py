"""Groups of equal machines that a cloud's cluster is made of, and what they say of the whole. No Pulumi here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from components.clusters.capabilities import BLOCK_STORAGE, Capabilities, GpuVendor
from components.quantity import millicores, to_bytes
from components.units import Cpu, DnsLabel, Line, Many, Memory, Settings, refuse

#: Which pool a node belongs to, and whose GPU it has. Kinds label their nodes with both; the prefix is ours.
POOL_LABEL, GPU_LABEL = "arcos.dev/pool", "arcos.dev/gpu"
#: Below it a disk is not full one day but on the first: the container images of a node alone take some GiB.
_LEAST_DISK = "10Gi"


def _large_enough(value: str) -> str:
    if to_bytes(value) < to_bytes(_LEAST_DISK):
        raise refuse("is too little for container images", f"{_LEAST_DISK} or more")
    return value


#: A disk that container images and pods' data are on.
Disk = Annotated[Memory, AfterValidator(_large_enough)]


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

    @field_validator("taints")
    @classmethod
    def _each_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        # A kubelet that is told one twice does not start.
        if len(set(value)) != len(value):
            raise refuse("names a word twice", "every word once, as in `[gpu]`")
        return value

    def labels(self) -> dict[str, str]:
        """What each node of the pool is labelled with."""
        return {POOL_LABEL: self.name} | ({GPU_LABEL: self.gpu} if self.gpu else {})

    def taint_keys(self) -> tuple[str, ...]:
        """The keys of the taints that each node has: effect `NoSchedule`, no value."""
        return tuple(f"arcos.dev/{word}" for word in self.taints)


class OpenStackNodePool(NodePool):
    """A node pool of OpenStack machines."""

    flavor: Line
    """OpenStack flavor of each machine, as `openstack flavor list` names it."""


def all_tainted(pools: Sequence[NodePool]) -> bool:
    """Whether no pool takes the pods that tolerate nothing, as the platform's own are."""
    return all(pool.taints for pool in pools)


def cloud_capabilities(pools: Sequence[NodePool]) -> Capabilities:
    """What every cluster that the platform makes on a cloud offers; its pools say which GPUs, and how large it is."""
    gpus = tuple(sorted({pool.gpu for pool in pools if pool.gpu}))
    cpus, sizes = [pool.cpu for pool in pools if pool.cpu], [pool.memory for pool in pools if pool.memory]
    total = sum(to_bytes(pool.memory) * pool.max for pool in pools if pool.memory)
    return Capabilities(
        load_balancer=True,
        default_storage_class=BLOCK_STORAGE,
        network_policy=True,
        gpu=gpus,
        gpu_taints=tuple(sorted({key for pool in pools if pool.gpu for key in pool.taint_keys()})),
        # One pool that does not tell may be the largest.
        node_cpu=max(cpus, key=millicores) if len(cpus) == len(pools) else None,
        node_memory=max(sizes, key=to_bytes) if len(sizes) == len(pools) else None,
        total_memory=f"{total // 2**20}Mi" if len(sizes) == len(pools) else None,
    )
