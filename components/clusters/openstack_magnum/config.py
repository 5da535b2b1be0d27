"""What a site file may set for a cluster of kind `openstack-magnum`. No Pulumi here: checking it stays fast."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from components.bucket import S3, with_keys
from components.clusters.capabilities import SHARED_STORAGE, Capabilities
from components.clusters.openstack import credentials
from components.clusters.pools import Disk, OpenStackNodePool, all_tainted, cloud_capabilities
from components.clusters.ranges import IpRange
from components.clusters.surroundings import Misfit, Surroundings
from components.units import Line, Many, Settings, refuse

#: Node groups that every Magnum cluster has already.
_TAKEN = ("default-master", "default-worker")


class OpenStackMagnum(Settings):
    """A cluster that OpenStack's Magnum service makes."""

    kind: Literal["openstack-magnum"]

    image: Line | None = None
    """Image of every machine; it says its Kubernetes version in the property `kube_version`. Not beside `template`."""

    external_network: Annotated[Line | None, Field(validate_default=True)] = None
    """Network whose floating addresses the API and the ingress get. Needed beside `image`."""

    control_plane_flavor: Annotated[Line | None, Field(validate_default=True)] = None
    """Flavor of the control plane's and the add-ons' machines. Needed beside `image`; default: the template's."""

    template: Annotated[Line | None, Field(validate_default=True)] = None
    """A cluster template that the cloud offers, by name. Default: the platform makes one of `image`."""

    control_plane_nodes: Literal[1, 3, 5] = 3
    """Machines of the control plane: an odd number, so that a majority is left when one fails."""

    system_nodes: Annotated[int, Field(ge=0, le=10)] = 1
    """Machines of Magnum's own default pool, for the cluster's add-ons. 0 where the cloud's driver takes that."""

    autoscaling: bool = True
    """Pools grow and shrink by themselves. Off where the driver has no autoscaler, or refuses one beside `min: 0`."""

    gpu_plugin: bool = False
    """Bring NVIDIA's device plugin for pools with `gpu: nvidia`. Off where the cloud's driver brings one, or its GPU
    operator (the Helm driver does): two would fight over each GPU. The machines' image then has driver and toolkit."""

    api_ranges: Many[IpRange] = ()
    """From where the Kubernetes API is reached. Default: everywhere; a client certificate is needed all the same."""

    availability_zone: Line | None = None
    """Zone of the machines. Default: the cloud chooses."""

    key_pair: Line | None = None
    """Key pair in Nova for ssh to the machines, for the worst day. Default: none; nothing needs it."""

    root_disk: Disk | None = None
    """Disk of each machine, made in Cinder. Default: the flavor's own."""

    volume_type: Line | None = None
    """Cinder's type of the volumes that one pod writes. Default: the cloud's."""

    share_type: Line | None = None
    """Manila's type of the volumes that many pods write at once. Default: none, so no such volumes."""

    share_protocol: Literal["nfs", "cephfs"] = "nfs"
    """What shares of `shareType` are mounted with."""

    share_network: Line | None = None
    """Id of Manila's share network, where the type needs one. Default: none."""

    share_clients: IpRange | None = None
    """From where shares over NFS are mounted: the machines' addresses as the file server sees them. Default: by whoever
    reaches the file server, which on a storage network of the whole cloud is every project."""

    object_storage: S3 | None = None
    """The S3 of the cloud's own object storage (Swift, Ceph), for `binding: {kind: cloud}` of `objectstore`. Default:
    none."""

    node_pools: Annotated[Many[OpenStackNodePool], Field(min_length=1, max_length=50)]
    """Groups of machines."""

    @field_validator("external_network", "control_plane_flavor")
    @classmethod
    def _beside_image(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("image"):
            raise refuse("is missing", "a name, since `image` is set: the platform makes the cluster template itself")
        return value

    @field_validator("template")
    @classmethod
    def _or_image(cls, value: str | None, info: ValidationInfo) -> str | None:
        if "image" not in info.data:
            return value
        if value is None and info.data["image"] is None:
            accepted = "a cluster template's name, or instead `image`, `externalNetwork` and `controlPlaneFlavor`"
            raise refuse("is missing", accepted)
        if value is not None and info.data["image"] is not None:
            raise refuse("stands beside `image`", "one of the two: a template has an image of its own")
        return value

    @field_validator("node_pools")
    @classmethod
    def _not_magnums_own(cls, value: tuple[OpenStackNodePool, ...]) -> tuple[OpenStackNodePool, ...]:
        for pool in value:
            if pool.name in _TAKEN:
                raise refuse(f"has a pool `{pool.name}`, which is Magnum's own", "any other name")
            # The Helm driver labels nodes with `a-b` then, and their labels and taints would never come.
            if "--" in pool.name:
                raise refuse(f"has a pool `{pool.name}`, which Magnum's drivers call otherwise", "no `-` beside a `-`")
        return value

    @field_validator("node_pools")
    @classmethod
    def _not_all_tainted(
        cls, value: tuple[OpenStackNodePool, ...], info: ValidationInfo
    ) -> tuple[OpenStackNodePool, ...]:
        # Magnum's own pool has no taint.
        if all_tainted(value) and not info.data.get("system_nodes", 1):
            raise refuse("has taints on every pool", "one pool without `taints`, for everything that tolerates none")
        return value

    @property
    def capabilities(self) -> Capabilities:
        """Octavia, Cinder and Calico come with Magnum clusters; Manila where the site names a share type."""
        offered = cloud_capabilities(self.node_pools)
        files = SHARED_STORAGE if self.share_type else None
        return offered.model_copy(update={"rwx_storage_class": files, "object_storage": with_keys(self.object_storage)})

    def misfits(self, around: Surroundings) -> Iterator[Misfit]:
        """A person's password where an application credential belongs."""
        yield from credentials.misfits(around)
