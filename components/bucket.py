"""How an app asks for object storage: the contract between every app that keeps objects, and `objectstore`.

The app never knows whose storage it is: an S3 address, a region and a Secret are all it gets.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Keys in a bucket's Secret.
ACCESS_KEY, SECRET_KEY = "access-key", "secret-key"


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """A bucket and the one identity that may use it.

    `quota` is the most it may hold, as in `10Gi`; `versioned` keeps what is overwritten or deleted; objects older than
    `expire_days` are removed.
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
    """Where buckets are, and in which region; addressed by path, which every S3 understands."""

    url: str
    region: str
    #: The pods that answer, for network policies; None where the storage is outside of the cluster.
    app: str | None = None
    namespace: str | None = None
    port: int = 443
