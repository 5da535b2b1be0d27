"""How an app asks for object storage: the contract between every app that keeps objects, and `objectstore`.

The app never knows whose storage it is: an S3 address, a region and how its pods are known there are all it gets;
`bucket_access.py` has what they need for it. Pure, without Pulumi.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Protocol, runtime_checkable

from pydantic import StringConstraints

from components.certificates import Certificate
from components.units import HttpsUrl, Settings

#: Keys in a bucket's Secret.
ACCESS_KEY, SECRET_KEY = "access-key", "secret-key"
#: The key of the authority in `BucketEndpoint.ca_secret` or `ca_config_map`.
CA = "ca.crt"
#: Days that a versioned bucket keeps what was overwritten or deleted.
KEEP_VERSIONS_DAYS = 30
#: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
LONGEST_NAME = 63


class S3(Settings):
    """Where an S3 is that is not in the cluster."""

    url: HttpsUrl
    """Its address, as in `https://s3.example.edu.au`; https only, for keys of other apps pass over the same network."""

    authority: Certificate | None = None
    """The certificate authority that signed its address, where the world does not know it. Default: one that it
    knows."""

    region: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][-a-z0-9]{0,62}$")] = "us-east-1"
    """Its region, which is part of every signature. Default: us-east-1, which stores without regions take."""


class ObjectStorage(S3):
    """The object storage of the cloud that a cluster is in."""

    keys: bool = True
    """Pods need keys. Without: the cloud gives roles to their service accounts, and makes the buckets with them."""


def with_keys(there: S3 | None) -> ObjectStorage | None:
    """The storage of a cloud that knows no roles of pods."""
    return ObjectStorage(**there.model_dump()) if there else None


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """A bucket and the one identity that may use it.

    `quota` is the most it may hold, as in `10Gi`; a store outside of the cluster may have limits of its own instead.
    `versioned` keeps what is overwritten or deleted for `KEEP_VERSIONS_DAYS`; objects are removed `expire_days` after
    they were written. The identity may do everything with the objects, and nothing with the bucket but list it.
    `accounts` are the service accounts in `namespace` whose pods use it; none where people do.
    """

    name: str
    app: str
    namespace: str
    quota: str
    accounts: tuple[str, ...] = ()
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
    certificate; neither: a public authority did. Without `keys` there is no Secret: pods have a role of the cloud's.
    """

    url: str
    region: str
    prefix: str = ""
    keys: bool = True
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
