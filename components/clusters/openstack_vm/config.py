"""What a site file may set for a cluster of kind `openstack-vm`. No Pulumi here: checking a site file stays fast."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from components.bucket import S3, with_keys
from components.clusters.capabilities import Capabilities
from components.clusters.openstack import credentials
from components.clusters.pools import Disk, OpenStackNodePool, all_tainted, cloud_capabilities
from components.clusters.ranges import IpRange, Ipv4, between, is_private, meet
from components.clusters.surroundings import Misfit, Surroundings
from components.units import HttpsUrl, Line, Many, Settings, refuse

_VERSION = r"^v1\.[0-9]{2}\.[0-9]{1,2}\+k3s[0-9]{1,2}$"
_SHA256 = r"^[0-9a-f]{64}$"
#: The pool that the control plane's machines are of, so no other may be called so.
CONTROL = "control"
#: The first addresses of `networkRange` are given by us: gateway, load balancer, control plane. The cloud gives the
#: rest, and takes some for itself: its DHCP servers, the load balancer's machines.
GIVEN, _CLOUDS_OWN = 16, 6
#: Prefix of each machine's part of `podRange`, Kubernetes' own default.
_NODE_PREFIX = 24
#: Kubernetes takes names of nodes as values of labels.
_LONGEST_NAME = 63


class K3s(Settings):
    """The program that every machine runs: Kubernetes in one file, fetched once and held to its checksum."""

    version: Annotated[str, StringConstraints(pattern=_VERSION)]
    """Its version, as in `v1.37.2+k3s1`; the minor is the release's."""

    sha256: Annotated[str, StringConstraints(pattern=_SHA256)]
    """Checksum of the program, from the project's own `sha256sum-amd64.txt`."""

    url: HttpsUrl | None = None
    """Where machines fetch it. Default: the project's own releases."""


class VmNodePool(OpenStackNodePool):
    """A fixed number of machines, each with a volume of its own for what pods keep."""

    disk: Disk = "100Gi"
    """Cinder volume of each machine, for container images and the volumes of pods; it outlives the machine."""

    @field_validator("min")
    @classmethod
    def _some(cls, value: int) -> int:
        if value < 1:
            raise refuse("is 0", "1 or more, as many as `max`: nothing makes plain machines by itself")
        return value

    @field_validator("max")
    @classmethod
    def _fixed(cls, value: int, info: ValidationInfo) -> int:
        low = info.data.get("min")
        if low is not None and value != low:
            raise refuse(f"is not `min` ({low})", "the same number: nothing makes plain machines by itself")
        return value


class OpenStackVm(Settings):
    """A cluster on plain OpenStack machines, for clouds without Magnum."""

    kind: Literal["openstack-vm"]

    image: Line
    """Image of every machine: a Debian or Ubuntu cloud image, by name."""

    external_network: Line
    """Network whose floating address the site gets."""

    # A name has no capital because a digit stands in it.
    k3s: Annotated[K3s, Field(alias="k3s")]
    """The Kubernetes that the machines run."""

    control_plane_flavor: Line
    """OpenStack flavor of the control plane's machines."""

    control_plane_nodes: Literal[1, 3, 5] = 3
    """Machines of the control plane: an odd number, so that a majority is left when one fails."""

    control_plane_disk: Disk = "20Gi"
    """Cinder volume of each machine of the control plane, for etcd; it outlives the machine."""

    gpu_plugin: bool = False
    """Bring NVIDIA's device plugin for pools with `gpu: nvidia`, and start their containers by NVIDIA's runtime: the
    image then has driver and container toolkit. Its image others build: `./arcosctl images lock nvidia-device-plugin`.
    Default: no, so nothing tells Kubernetes of a GPU unless you bring a plugin yourself."""

    network_range: IpRange = "10.70.0.0/24"
    """Addresses of the machines; /16 to /26, and in none of the two below."""

    pod_range: Annotated[IpRange, Field(validate_default=True)] = "10.71.0.0/16"
    """Addresses of pods; each machine takes a /24 of it."""

    service_range: Annotated[IpRange, Field(validate_default=True)] = "10.96.0.0/16"
    """Addresses of Services; seen inside the cluster only. /12 to /22, more Kubernetes does not take."""

    name_servers: Annotated[Many[Ipv4], Field(max_length=5)] = ()
    """Whom the machines ask for names, where the cloud's own network names nobody, or somebody who cannot be reached.
    Default: whom the cloud's network names."""

    api_ranges: Many[IpRange] = ()
    """From where the Kubernetes API is reached. Default: everywhere; a client certificate is needed all the same."""

    availability_zone: Line | None = None
    """Zone of machines and volumes. Default: the cloud chooses."""

    key_pair: Line | None = None
    """Key pair in Nova for the machines, for the worst day. Default: none; nothing needs it, and port 22 stays shut."""

    volume_type: Line | None = None
    """Cinder's type of all volumes. Default: the cloud's."""

    object_storage: S3 | None = None
    """The S3 of the cloud's own object storage (Swift, Ceph), for `binding: {kind: cloud}` of `objectstore`. Default:
    none."""

    node_pools: Annotated[Many[VmNodePool], Field(min_length=1, max_length=50)]
    """Groups of machines."""

    @field_validator("network_range", "pod_range", "service_range")
    @classmethod
    def _apart(cls, value: str, info: ValidationInfo) -> str:
        widest, narrowest = {"network_range": (16, 26), "pod_range": (8, 22)}.get(str(info.field_name), (12, 22))
        if not is_private(value) or not between(value, widest, narrowest):
            raise refuse("cannot be used here", f"a private range of /{widest} to /{narrowest}")
        for name, key in (("network_range", "networkRange"), ("pod_range", "podRange")):
            other = info.data.get(name)
            if name != info.field_name and other and meet(value, other):
                raise refuse(f"meets `{key}` {other}", "a range of its own")
        return value

    @field_validator("node_pools")
    @classmethod
    def _have_room(cls, value: tuple[VmNodePool, ...], info: ValidationInfo) -> tuple[VmNodePool, ...]:
        if any(pool.name == CONTROL for pool in value):
            raise refuse(f"has a pool `{CONTROL}`, as the control plane's machines are called", "any other name")
        if all_tainted(value):
            raise refuse("has taints on every pool", "one pool without `taints`, for everything that tolerates none")
        machines = sum(pool.min for pool in value) + int(info.data.get("control_plane_nodes", 0))
        for name, key in (("network_range", "networkRange"), ("pod_range", "podRange")):
            given = info.data.get(name)
            if given and machines > (room := _room(name, given)):
                what = f"comes to {machines} machines with the control plane, and `{key}` {given} has room for {room}"
                raise refuse(what, f"a wider `{key}`, before the first `up`, or fewer machines")
        return value

    @property
    def capabilities(self) -> Capabilities:
        """Volumes on each machine's own disk, network policies; the platform's load balancer leads to the ingress."""
        offered = cloud_capabilities(self.node_pools)
        return offered.model_copy(update={"load_balancer": False, "object_storage": with_keys(self.object_storage)})

    def misfits(self, around: Surroundings) -> Iterator[Misfit]:
        """A person's password where an application credential belongs; another Kubernetes than the release's."""
        yield from credentials.misfits(around)
        if not self.k3s.version.startswith(f"v{around.kubernetes}."):
            what = f"`version` is not Kubernetes {around.kubernetes}, which the release is for"
            yield Misfit(what=what, accepted=f"as in `v{around.kubernetes}.1+k3s1`", path=("k3s", "version"))
        for number, pool in enumerate(self.node_pools):
            longest = f"arcos-{around.site}-{pool.name}-{pool.min}"
            if len(longest) > _LONGEST_NAME:
                what = f"`name` makes a machine's name {len(longest)} characters long: {longest}"
                accepted = f"at most {_LONGEST_NAME} together with the site's name"
                yield Misfit(what=what, accepted=accepted, path=("nodePools", number, "name"))


def _room(name: str, given: str) -> int:
    """How many machines a range has room for."""
    length = int(given.rpartition("/")[2])
    if name == "pod_range":
        return int(2 ** (_NODE_PREFIX - length))
    return int(2 ** (32 - length)) - GIVEN - _CLOUDS_OWN
