"""What a pod needs to use its bucket: keys, where there are any, the store's authority as files, and the way there.

https://docs.aws.amazon.com/AmazonS3/latest/API/Welcome.html
"""

from __future__ import annotations

from dataclasses import dataclass

from pulumi import Input

from components.bucket import ACCESS_KEY, CA, SECRET_KEY, Bucket, BucketEndpoint
from components.network import EgressRule, to_anywhere, to_app, to_pod_identity
from components.pod import Mount

#: Where the keys are, as files of the same names.
KEYS = "/run/bucket"
_CA = "/run/bucket-ca"


@dataclass(frozen=True, kw_only=True)
class BucketKeys:
    """One pair of keys for all buckets of a store that cannot give each its own; both secret."""

    access_key: Input[str]
    secret_key: Input[str]


def bucket_mounts(bucket: Bucket, endpoint: BucketEndpoint) -> list[Mount]:
    """The bucket's keys below `KEYS`, and the authority, each where the store has such a thing."""
    mounts = []
    if endpoint.keys:
        mounts.append(Mount(path=KEYS, secret=bucket.secret, items={ACCESS_KEY: ACCESS_KEY, SECRET_KEY: SECRET_KEY}))
    if bucket_ca(endpoint):
        mounts.append(Mount(path=_CA, secret=endpoint.ca_secret, config_map=endpoint.ca_config_map, items={CA: CA}))
    return mounts


def bucket_ca(endpoint: BucketEndpoint) -> str | None:
    """The file with the store's authority; None: the system's own are right."""
    return f"{_CA}/{CA}" if endpoint.ca_secret or endpoint.ca_config_map else None


def bucket_env(endpoint: BucketEndpoint) -> dict[str, str]:
    """Variables by which programs in Go and OpenSSL's kin trust the store, and with it no other server."""
    file = bucket_ca(endpoint)
    return {"SSL_CERT_FILE": file} if file else {}


def to_bucket(endpoint: BucketEndpoint) -> list[EgressRule]:
    """Reach the store, and who hands out a pod's role where it has one instead of keys."""
    if endpoint.app is None or endpoint.namespace is None:
        store = to_anywhere(endpoint.port)
    else:
        store = to_app(endpoint.app, endpoint.namespace, endpoint.port)
    return [store] if endpoint.keys else [store, to_pod_identity()]
