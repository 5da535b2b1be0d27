"""What a site may set for `jupyterhub`. No Pulumi here, so that checking a site file stays fast."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from pydantic import Field, ValidationInfo, field_validator

from components.clusters.capabilities import GpuVendor
from components.groups import OPERATORS, RESEARCHERS
from components.quantity import to_bytes
from components.requirement import GroupUse, Requirement
from components.units import Cpu, DnsLabel, Domain, Duration, Line, Many, Memory, Settings, refuse


class Profile(Settings):
    """A kind of notebook server that people choose from."""

    name: DnsLabel
    """Short name, used once."""

    title: Line | None = None
    """What people read. Default: the name, the image and the size."""

    description: Annotated[str, Field(max_length=500)] = ""
    """One or two sentences below the title."""

    image: DnsLabel
    """A notebook image of the catalogue, as in `notebook-scipy`."""

    cpu: Cpu = "1"
    """The most cores it may use."""

    cpu_request: Cpu = "100m"
    """The cores it is sure to get; idle notebooks use next to none."""

    memory: Memory = "2Gi"
    """The most memory it may use; beyond it, the kernel that takes it is ended, or the whole server starts again."""

    memory_request: Memory | None = None
    """The memory it is sure to get; less lets more people in, at the risk of ended kernels. Default: `memory`."""

    gpu: Annotated[int, Field(ge=0, le=16)] = 0
    """How many GPUs it holds."""

    gpu_vendor: GpuVendor | None = None
    """Whose GPUs. Default: the cluster's, where it has those of one vendor only."""

    longest: Duration | None = None
    """How long a server runs at most, used or not. Default: no limit."""

    groups: Many[DnsLabel] = ()
    """Who may choose it. Default: researchers and operators."""

    @field_validator("memory_request")
    @classmethod
    def _not_above_limit(cls, value: str | None, info: ValidationInfo) -> str | None:
        limit = info.data.get("memory")
        if value and limit and to_bytes(value) > to_bytes(limit):
            raise refuse(f"is more than `memory` ({limit})", f"an amount of memory up to {limit}")
        return value


class SharedFolder(Settings):
    """A folder that all members of a group share, in every server that they start."""

    group: DnsLabel
    """Whose it is; one folder a group."""

    size: Memory = "100Gi"
    """How much it holds, where the storage class keeps to it. It can grow, never shrink."""


_DEFAULT = (
    {"name": "minimal", "image": "notebook-minimal", "memory": "1Gi"},
    {"name": "science", "image": "notebook-scipy", "memory": "4Gi", "cpu": "2"},
)


class JupyterHubConfig(Settings):
    """Settings of `jupyterhub`."""

    #: What a site of cluster kind `local` gets instead: everything shares one machine.
    local_defaults: ClassVar[dict[str, Any]] = {
        "profiles": [
            {
                "name": "minimal",
                "image": "notebook-minimal",
                "memory": "1Gi",
                "memoryRequest": "256Mi",
                "cpuRequest": "50m",
            },
            {
                "name": "science",
                "image": "notebook-scipy",
                "memory": "2Gi",
                "memoryRequest": "384Mi",
                "cpuRequest": "50m",
            },
        ],
        "home": "1Gi",
        "servers": 25,
    }

    profiles: Annotated[Many[Profile], Field(min_length=1, max_length=50)] = tuple(
        Profile.model_validate(one) for one in _DEFAULT
    )
    """What people choose from. Default: a minimal and a science one."""

    home: Memory = "10Gi"
    """Size of each person's home folder. Default: 10Gi, on a local site 1Gi."""

    shared: Annotated[Many[SharedFolder], Field(max_length=500)] = ()
    """Folders that groups share, at `shared/<group>` in each member's home. Default: none."""

    servers: Annotated[int, Field(ge=1, le=5000)] = 100
    """How many servers may run at once; also sets the quota of the namespace."""

    named_servers: Annotated[int, Field(ge=0, le=20)] = 2
    """How many servers beside the first each person may have."""

    idle: Duration = "2h"
    """A server that nobody uses for so long is stopped. Files stay."""

    host: Domain | None = None
    """The name it answers to. Default: `hub.` and the site's domain."""

    @field_validator("shared")
    @classmethod
    def _one_folder_a_group(cls, value: tuple[SharedFolder, ...]) -> tuple[SharedFolder, ...]:
        groups = [one.group for one in value]
        if doubled := sorted({group for group in groups if groups.count(group) > 1}):
            raise refuse(f"has two folders of `{doubled[0]}`", "one folder for each group")
        return value

    def requires(self) -> Iterator[Requirement]:
        """Sign-on, a database, and volumes for people's files."""
        yield Requirement(app="auth", why="people sign in there")
        yield Requirement(app="database", why="the hub keeps who runs what in PostgreSQL")
        yield Requirement(app="ingress", why="people reach their notebooks through it")
        yield Requirement(capability="default_storage_class", why="people's files are on volumes")
        for number, one in enumerate(self.profiles):
            if one.gpu:
                path = ("profiles", number, "gpu")
                yield Requirement(capability="gpu", path=path, why="nobody could start it", instead="gpu: 0")
        if self.shared:
            why = "the servers of a group's members write its folder at once"
            yield Requirement(capability="rwx_storage_class", path=("shared",), why=why)

    def groups_used(self) -> Iterator[GroupUse]:
        """Those who may choose a profile, and those who share a folder."""
        for number, folder in enumerate(self.shared):
            yield GroupUse(group=folder.group, path=("shared", number, "group"))
        for number, one in enumerate(self.profiles):
            for place, group in enumerate(one.groups):
                yield GroupUse(group=group, path=("profiles", number, "groups", place))

    def groups_named(self) -> frozenset[str]:
        """Every group that may start something."""
        return frozenset({OPERATORS, RESEARCHERS}).union(*(one.groups for one in self.profiles))
