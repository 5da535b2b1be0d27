"""What a site file may set for a cluster of kind `openstack-magnum`. No Pulumi here: checking it stays fast."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from components.clusters.capabilities import Capabilities
from components.clusters.pools import OpenStackNodePool, cloud_capabilities
from components.units import Many, Settings


class OpenStackMagnum(Settings):
    """A cluster that OpenStack's Magnum service makes."""

    kind: Literal["openstack-magnum"]

    node_pools: Annotated[Many[OpenStackNodePool], Field(min_length=1, max_length=50)]
    """Groups of machines."""

    @property
    def capabilities(self) -> Capabilities:
        """Octavia, Cinder and Calico come with Magnum clusters."""
        return cloud_capabilities(self.node_pools)
