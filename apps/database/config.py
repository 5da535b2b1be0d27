"""What a site may set for `database`: PostgreSQL. No Pulumi here, so that checking a site file stays fast."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from components.bucket import Bucket
from components.requirement import Requirement
from components.units import Duration, Line, Memory, Settings

#: The two jobs, and the accounts that they run as.
BACKUP, RESTORE = "database-backup", "database-restore"


class BucketBackup(Settings):
    """A dump of every database each day, in a bucket of `objectstore`."""

    kind: Literal["bucket"] = "bucket"

    keep: Duration = "30d"
    """How long a dump is kept. The newest one is never removed."""

    hour: Annotated[int, Field(ge=0, le=23)] = 2
    """The hour of the day, UTC, in which it is made."""

    quota: Memory = "100Gi"
    """The most that all dumps together may take. Default: 100Gi, on a local site 5Gi."""


class NoBackup(Settings):
    """No dumps: somebody else saves the volume, or nothing in it matters."""

    kind: Literal["none"] = "none"

    reason: Annotated[Line, Field(min_length=8)]
    """Why a lost disk may lose the data."""


Backup = Annotated[BucketBackup | NoBackup, Field(discriminator="kind")]


class DatabaseConfig(Settings):
    """Settings of `database`."""

    #: What a site of cluster kind `local` gets instead: it shares one machine with everything else.
    local_defaults: ClassVar[dict[str, Any]] = {
        "storage": "5Gi",
        "memory": "512Mi",
        "backup": {"kind": "bucket", "quota": "5Gi"},
    }

    storage: Memory = "20Gi"
    """Size of the volume. It can be raised later, never lowered. Default: 20Gi, on a local site 5Gi."""

    memory: Memory = "1Gi"
    """What PostgreSQL may take; a quarter of it is its cache. Default: 1Gi, on a local site 512Mi."""

    connections: Annotated[int, Field(ge=20, le=1000)] = 100
    """How many connections all apps together may open. Each takes up to 10 MiB of `memory`."""

    backup: Backup = BucketBackup()
    """Where dumps go. Default: once a day to a bucket, kept 30 days."""

    def requires(self) -> Iterator[Requirement]:
        """A volume, and a place for the dumps."""
        yield Requirement(capability="default_storage_class", why="PostgreSQL keeps its data on a volume")
        if isinstance(self.backup, BucketBackup):
            instead = "backup: {kind: none, reason: ...}"
            yield Requirement(app="objectstore", path=("backup",), why="dumps go to a bucket", instead=instead)

    def buckets_asked(self) -> Mapping[tuple[str | int, ...], Bucket]:
        """Where the dumps are. The job itself removes old ones, so that the newest always stays."""
        if not isinstance(self.backup, BucketBackup):
            return {}
        bucket = Bucket(
            name="database-backup",
            app="database",
            namespace="database",
            quota=self.backup.quota,
            accounts=(BACKUP, RESTORE),
        )
        return {("backup", "quota"): bucket}
