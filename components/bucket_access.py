"""What a pod needs to use its bucket: its keys and the store's authority as files, and the way there.

https://docs.aws.amazon.com/AmazonS3/latest/API/Welcome.html
"""

from __future__ import annotations

from components.bucket import ACCESS_KEY, CA, SECRET_KEY, Bucket, BucketEndpoint
from components.network import EgressRule, to_anywhere, to_app
from components.pod import Mount

#: Where the keys are, as files of the same names.
KEYS = "/run/bucket"
_CA = "/run/bucket-ca"


def bucket_mounts(bucket: Bucket, endpoint: BucketEndpoint) -> list[Mount]:
    """The bucket's keys below `KEYS`, and the authority where the store has one of its own."""
    keys = Mount(path=KEYS, secret=bucket.secret, items={ACCESS_KEY: ACCESS_KEY, SECRET_KEY: SECRET_KEY})
    if bucket_ca(endpoint) is None:
        return [keys]
    authority = Mount(path=_CA, secret=endpoint.ca_secret, config_map=endpoint.ca_config_map, items={CA: CA})
    return [keys, authority]


def bucket_ca(endpoint: BucketEndpoint) -> str | None:
    """The file with the store's authority; None: the system's own are right."""
    return f"{_CA}/{CA}" if endpoint.ca_secret or endpoint.ca_config_map else None


def bucket_env(endpoint: BucketEndpoint) -> dict[str, str]:
    """Variables by which programs in Go and OpenSSL's kin trust the store, and with it no other server."""
    file = bucket_ca(endpoint)
    return {"SSL_CERT_FILE": file} if file else {}


def to_bucket(endpoint: BucketEndpoint) -> EgressRule:
    """Reach the store."""
    if endpoint.app is None or endpoint.namespace is None:
        return to_anywhere(endpoint.port)
    return to_app(endpoint.app, endpoint.namespace, endpoint.port)
