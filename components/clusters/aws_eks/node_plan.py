"""What a node pool becomes: its machine image, its disk, its labels, taints and bounds. Pure: decides, makes nothing.

A pool with GPUs runs Bottlerocket, whose image brings NVIDIA's driver and the device plugin; the others Amazon Linux.
https://docs.aws.amazon.com/eks/latest/userguide/eks-optimized-amis.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from components.clusters.aws_eks.config import AwsNodePool
from components.clusters.aws_eks.names import node_group

#: By it the autoscaler knows that a new machine is not ready before its GPU is told: without, it starts a second one.
#: https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/aws/README.md
ACCELERATOR = "k8s.amazonaws.com/accelerator"

AmiType = Literal["AL2023_x86_64_STANDARD", "BOTTLEROCKET_x86_64_NVIDIA"]


@dataclass(frozen=True, kw_only=True)
class NodePlan:
    """One node group. `disk_device` is the disk that images and pods write to, `system_device` a small one."""

    pool: str
    name: str
    machine: str
    ami_type: AmiType
    spot: bool
    disk_device: str
    disk_gib: int
    system_device: str
    labels: dict[str, str]
    taints: tuple[str, ...]
    low: int
    high: int

    @property
    def capacity(self) -> str:
        """What AWS calls the two ways of paying."""
        return "SPOT" if self.spot else "ON_DEMAND"


def plan(pool: AwsNodePool, zones: Sequence[str]) -> NodePlan:
    """The node group of a pool over these zones. Machine type and disk can change in it, the rest cannot."""
    bottlerocket = pool.gpu is not None
    ami_type: AmiType = "BOTTLEROCKET_x86_64_NVIDIA" if bottlerocket else "AL2023_x86_64_STANDARD"
    return NodePlan(
        pool=pool.name,
        name=node_group(pool.name, ami=ami_type, spot=pool.spot, zones=list(zones)),
        machine=pool.instance_type,
        ami_type=ami_type,
        spot=pool.spot,
        disk_device="/dev/xvdb" if bottlerocket else "/dev/xvda",
        disk_gib=pool.disk_gib,
        system_device="/dev/xvda" if bottlerocket else "",
        labels=pool.labels() | ({ACCELERATOR: pool.gpu} if pool.gpu else {}),
        taints=pool.taint_keys(),
        low=pool.min,
        high=pool.max,
    )
