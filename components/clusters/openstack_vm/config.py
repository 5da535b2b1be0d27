"""What a site file may set for a cluster of kind `openstack-vm`. No Pulumi here: checking a site file stays fast."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from components.clusters.capabilities import Capabilities
from components.clusters.pools import OpenStackNodePool, cloud_capabilities
from components.units import Line, Many, Settings


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
        return cloud_capabilities(self.node_pools)
