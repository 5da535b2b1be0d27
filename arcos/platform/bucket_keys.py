"""The pair of keys that a stack holds for a store whose pods cannot have roles: encrypted, and in push delivery only.

Why a person has to make them: docs/adr/0013.
"""

from __future__ import annotations

from pulumi import Config

from apps.objectstore.config import CloudStorage
from arcos.errors import USAGE, ArcosError
from arcos.platform.gather import bucket_endpoint
from arcos.site.model import Site
from components.bucket_access import BucketKeys

#: What they are called in the stack, below `arcos:`.
BUCKET_KEYS = ("bucketAccessKey", "bucketSecretKey")


def needed(site: Site) -> bool:
    """Whether nobody but the stack can have them: the cluster is made in the same run as its buckets' Secrets."""
    config, there = site.apps.objectstore, bucket_endpoint(site)
    return bool(config and there and there.keys and isinstance(config.binding, CloudStorage))


def bucket_keys(site: Site) -> BucketKeys | None:
    """The pair; None where the site needs none, or brings each bucket's another way.

    Raises:
        ArcosError: One of the two is missing, or both where they are needed.
    """
    config = Config("arcos")
    access, secret = (config.get_secret(name) for name in BUCKET_KEYS)
    if access is not None and secret is not None:
        return BucketKeys(access_key=access, secret_key=secret)
    missing = [name for name, value in zip(BUCKET_KEYS, (access, secret), strict=True) if value is None]
    if len(missing) == 2 and not needed(site):
        return None
    raise ArcosError(
        " and ".join(f"`arcos:{name}`" for name in missing) + (" are" if missing[1:] else " is") + " missing",
        where=f"stacks/Pulumi.{site.name}.yaml",
        why="the object storage is opened by a pair of keys, which a person has made: apps/objectstore/README.md",
        fix="; ".join(commands(site.name, missing)),
        exit_code=USAGE,
    )


def commands(site: str, missing: list[str]) -> list[str]:
    """What puts them there."""
    return [f"pulumi config set --secret arcos:{name} -s {site}" for name in missing]
