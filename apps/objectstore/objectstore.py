"""`objectstore`: buckets for apps and people, in SeaweedFS in the cluster, in an S3 elsewhere, or in the cloud's own.

Owns which of them it is; each stands in a file of its own, but buckets that a cloud makes without keys: those come with
the cluster. Apps ask with `components.bucket.Bucket` and never know. Why SeaweedFS: docs/adr/0013-object-store.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from pulumi import ComponentResource, ResourceOptions

from apps.objectstore import external, seaweedfs
from apps.objectstore.config import CloudStorage, ExternalS3, ObjectStoreConfig, SeaweedFs
from apps.objectstore.names import OBJECTSTORE
from components.bucket import S3, Bucket, BucketEndpoint, ObjectStorage
from components.bucket_access import BucketKeys
from components.facts import Facts
from components.namespace import Quota
from components.needs import Needs
from components.quantity import mebibytes


@dataclass(frozen=True, kw_only=True)
class ObjectStoreArgs:
    """All buckets of the site, and where they are to be; `keys` open a store outside, unless they are brought."""

    config: ObjectStoreConfig
    facts: Facts
    images: Callable[[str], str]
    buckets: Sequence[Bucket]
    keys: BucketKeys | None = None


class ObjectStore(ComponentResource):
    """The site's buckets, wherever they are."""

    def __init__(self, name: str, args: ObjectStoreArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:apps:ObjectStore", name, None, opts)
        child = ResourceOptions(parent=self, depends_on=opts.depends_on if opts else None)
        binding = args.config.binding
        if isinstance(binding, SeaweedFs):
            inside = seaweedfs.SeaweedFsArgs(config=binding, facts=args.facts, images=args.images, buckets=args.buckets)
            seaweedfs.SeaweedFsStore("seaweedfs", inside, opts=child)
        elif (there := endpoint(args.config, args.facts)).keys:
            outside = external.ExternalBucketsArgs(
                image=args.images("seaweedfs"),
                buckets=args.buckets,
                endpoint=there,
                authority=_outside(binding, args.facts).authority,
                keys=args.keys,
            )
            external.ExternalBuckets("external-buckets", outside, opts=child)
        self.register_outputs({})


def endpoint(config: ObjectStoreConfig, facts: Facts) -> BucketEndpoint:
    """Where the buckets are.

    Raises:
        ValueError: The cloud has no storage, which `check` refuses.
    """
    if isinstance(config.binding, SeaweedFs):
        return seaweedfs.ENDPOINT
    there = _outside(config.binding, facts)
    return BucketEndpoint(
        url=there.url,
        region=there.region,
        prefix=config.prefix(facts.name),
        keys=there.keys if isinstance(there, ObjectStorage) else True,
        port=urlsplit(there.url).port or 443,
        ca_config_map=external.AUTHORITY if there.authority else None,
    )


def _outside(binding: ExternalS3 | CloudStorage, facts: Facts) -> S3:
    if isinstance(binding, ExternalS3):
        return binding
    if facts.object_storage is None:
        raise ValueError("`check` refuses the cloud's own storage where it has none")
    return facts.object_storage


def needs(config: ObjectStoreConfig, facts: Facts) -> Needs:
    """Buckets for people; and for SeaweedFS a way to it, figures and alerts."""
    buckets = tuple(config.buckets_asked().values())
    if not isinstance(config.binding, SeaweedFs):
        return Needs(buckets=buckets)
    return Needs(
        buckets=buckets, routes=(seaweedfs.route(facts),), targets=(seaweedfs.TARGET,), alerts=seaweedfs.ALERTS
    )


def quotas(config: ObjectStoreConfig) -> dict[str, Quota]:
    """Room for the store, or the jobs at somebody else's, and the seeders, of which each bucket has one."""
    ours = isinstance(config.binding, SeaweedFs)
    store = mebibytes(config.binding.memory) if isinstance(config.binding, SeaweedFs) else 0
    return {OBJECTSTORE: Quota(pods=64, cpu="4", memory=f"{store + 4096}Mi", volumes=ours)}
