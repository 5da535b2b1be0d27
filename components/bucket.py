"""How an app asks for object storage: the contract between every app that keeps objects, and `objectstore`.

The app never knows whose storage it is: an S3 address, a region and a Secret are all it gets; `bucket_access.py` has
what its pods need for them. Pure, without Pulumi.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

#: Keys in a bucket's Secret.
ACCESS_KEY, SECRET_KEY = "access-key", "secret-key"
#: The key of the authority in `BucketEndpoint.ca_secret` or `ca_config_map`.
CA = "ca.crt"
#: Days that a versioned bucket keeps what was overwritten or deleted.
KEEP_VERSIONS_DAYS = 30


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """A bucket and the one identity that may use it.

    `quota` is the most it may hold, as in `10Gi`; a store outside of the cluster may have limits of its own instead.
    `versioned` keeps what is overwritten or deleted for `KEEP_VERSIONS_DAYS`; objects are removed `expire_days` after
    they were written. The identity may do everything with the objects, and nothing with the bucket but list it.
    """

    name: str
    app: str
    namespace: str
    quota: str
    versioned: bool = False
    expire_days: int | None = None

    @property
    def secret(self) -> str:
        """Name of the Secret in the app's namespace, with `access-key` and `secret-key`."""
        return f"bucket-{self.name}"


@dataclass(frozen=True, kw_only=True)
class BucketEndpoint:
    """Where buckets are, and in which region; addressed by path, which every S3 understands.

    `prefix` comes before every bucket's name, where a store is shared with others. `ca_secret` is the Secret, or
    `ca_config_map` the ConfigMap, in the namespace of every app with a bucket, whose `ca.crt` signed the store's
    certificate; neither: a public authority did.
    """

    url: str
    region: str
    prefix: str = ""
    ca_secret: str | None = None
    ca_config_map: str | None = None
    #: The pods that answer, for network policies; None where the storage is outside of the cluster.
    app: str | None = None
    namespace: str | None = None
    port: int = 443

    def name(self, bucket: Bucket) -> str:
        """What the store calls the bucket."""
        return f"{self.prefix}{bucket.name}"


@runtime_checkable
class Keeping(Protocol):
    """Settings of an app that keeps objects."""

    def buckets_asked(self) -> Mapping[tuple[str | int, ...], Bucket]:
        """Its buckets, by the field below the app that says how much each may hold."""
        ...
