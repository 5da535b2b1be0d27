"""What a site file may set for a cluster of kind `aws-eks`. No Pulumi here: checking a site file stays fast."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from components.clusters.capabilities import Capabilities
from components.clusters.pools import NodePool, cloud_capabilities
from components.units import Many, Settings


class AwsNodePool(NodePool):
    """A node pool of EC2 machines."""

    instance_type: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*\.[a-z0-9-]+$")]
    """EC2 instance type of each machine, as in `m7i.large`."""


class AwsEks(Settings):
    """A cluster that AWS's EKS service makes, in the region of `aws:region`."""

    kind: Literal["aws-eks"]

    node_pools: Annotated[Many[AwsNodePool], Field(min_length=1, max_length=50)]
    """Groups of machines."""

    @property
    def capabilities(self) -> Capabilities:
        """Elastic load balancing, EBS, and the VPC network's policy agent."""
        return cloud_capabilities(self.node_pools)
