"""What a site may set for `objectstore`. No Pulumi here, so that checking a site file stays fast."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints

from components.bucket import S3, Bucket
from components.locality import Location, Place
from components.requirement import Requirement
from components.units import DnsLabel, Many, Memory, Settings

#: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html ; with a prefix at most 63 together.
_BUCKET = r"^[a-z0-9](?:[-a-z0-9]{1,38}[a-z0-9])$"
#: Bytes of the disk that SeaweedFS leaves free: with less it takes no more writes. Stands in `files/weed.options` too.
KEEP_FREE = 2 * 2**30
_PREFIX = r"^(?:[a-z0-9][-a-z0-9]{0,21})?$"
#: What the rights of whoever makes buckets in a cloud are held to (docs/permissions/).
_CLOUD_PREFIX = r"^arcos-(?:[a-z0-9][-a-z0-9]{0,38}-)$"


class SeaweedFs(Settings):
    """SeaweedFS in the cluster: one pod, one volume."""

    kind: Literal["seaweedfs"] = "seaweedfs"

    storage: Memory = "200Gi"
    """Size of the volume; it can be raised later, never lowered. The quotas of all buckets together may be four fifths
    of it: the rest is room in which deleted objects are cleared out. Default: 200Gi, on a local site 20Gi."""

    memory: Memory = "1Gi"
    """What it may take. Default: 1Gi, on a local site 384Mi; idle it takes a tenth of the first."""


class ExternalS3(S3):
    """An S3 that somebody else runs: a university's Ceph, another cloud. Its keys are yours to bring: see
    apps/objectstore/README.md.
    """

    kind: Literal["s3"]

    prefix: Annotated[str, StringConstraints(pattern=_PREFIX)] = ""
    """What the names of all buckets start with, as in `arcos-qld-`. Names are the whole store's: give one where others
    use it as well. Default: none."""

    location: Location | None = None
    """Where it keeps what it is given. Needed where the site names a jurisdiction or a region."""


class CloudStorage(Settings):
    """The object storage of the cloud that the cluster is in. On AWS the buckets are made together with the cluster,
    and no key is; on OpenStack a pair of keys is yours to bring: see apps/objectstore/README.md.
    """

    kind: Literal["cloud"]

    prefix: Annotated[str, StringConstraints(pattern=_CLOUD_PREFIX)] | None = None
    """What the names of all buckets start with: `arcos-`, words of yours and `-`, as in `arcos-qld-`. On AWS, names are
    the whole world's: where somebody else has one, choose another before the first `up`. Default: `arcos-<site>-`."""

    location: Location | None = None
    """Where it keeps what it is given. Needed where the site names a jurisdiction or a region, and the cluster itself
    does not say where it is, as one on AWS does."""


# One more way to have buckets is one more model here, and one more case in `objectstore.py`, which makes its endpoint.
# Apps do not see the difference.
Binding = Annotated[SeaweedFs | ExternalS3 | CloudStorage, Field(discriminator="kind")]


class SiteBucket(Settings):
    """A bucket for people instead of an app: a group's data, reached at `https://s3.<domain>`."""

    name: Annotated[DnsLabel, StringConstraints(pattern=_BUCKET)]
    """Its name, 3 to 40 characters; no other bucket of the site has it."""

    quota: Memory
    """The most it may hold."""

    versioned: bool = False
    """Keep what is overwritten or deleted for 30 days; it counts against `quota`. Default: no."""

    expire_days: Annotated[int, Field(ge=1, le=36500)] | None = None
    """Remove objects so many days after they were written, for scratch space. Default: never."""


class ObjectStoreConfig(Settings):
    """Settings of `objectstore`."""

    #: What a site of cluster kind `local` gets instead: it shares one machine with everything else.
    local_defaults: ClassVar[dict[str, Any]] = {"binding": {"kind": "seaweedfs", "storage": "20Gi", "memory": "384Mi"}}

    binding: Binding = SeaweedFs()
    """Whose storage it is. Apps never know. Default: SeaweedFS in the cluster."""

    buckets: Many[SiteBucket] = ()
    """Buckets for people, beside those that apps ask for themselves. Default: none."""

    def prefix(self, site: str) -> str:
        """What the store's names of all buckets start with."""
        if isinstance(self.binding, CloudStorage):
            return self.binding.prefix or f"arcos-{site}-"
        return self.binding.prefix if isinstance(self.binding, ExternalS3) else ""

    def requires(self) -> Iterator[Requirement]:
        """A volume, if the objects are in the cluster; a cloud that has storage, if they are there."""
        if isinstance(self.binding, SeaweedFs):
            yield Requirement(
                capability="default_storage_class",
                path=("binding",),
                why="objects are kept on a volume",
                instead="binding: {kind: s3, url: ...}",
            )
        if isinstance(self.binding, CloudStorage):
            yield Requirement(
                capability="object_storage",
                path=("binding",),
                why="objects are kept in the cloud's own storage",
                instead="binding: {kind: seaweedfs}",
            )

    def store(self) -> tuple[tuple[str, ...], str] | None:
        """The field that says how large the store is, and the size; None where it is somebody else's."""
        return (("binding", "storage"), self.binding.storage) if isinstance(self.binding, SeaweedFs) else None

    def places(self) -> Iterator[Place]:
        """Where the objects are, if not in the cluster."""
        if not isinstance(self.binding, SeaweedFs):
            near = isinstance(self.binding, CloudStorage)
            what = "buckets, and the backups in them"
            yield Place(what=what, path=("binding",), location=self.binding.location, near=near)

    def buckets_asked(self) -> Mapping[tuple[str | int, ...], Bucket]:
        """The buckets for people."""
        return {
            ("buckets", index, "quota"): Bucket(
                name=one.name,
                app="objectstore",
                namespace="objectstore",
                quota=one.quota,
                versioned=one.versioned,
                expire_days=one.expire_days,
            )
            for index, one in enumerate(self.buckets)
        }
