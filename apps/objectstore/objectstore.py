"""`objectstore`: buckets for apps and people, in SeaweedFS in the cluster or in an S3 that somebody else runs.

Owns which of the two it is; each stands in a file of its own. Apps ask with `components.bucket.Bucket` and never know.
Why SeaweedFS: docs/adr/0013-object-store.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from pulumi import ComponentResource, ResourceOptions

from apps.objectstore import external, seaweedfs
from apps.objectstore.config import ExternalS3, ObjectStoreConfig, SeaweedFs
from apps.objectstore.names import OBJECTSTORE
from components.bucket import Bucket, BucketEndpoint
from components.facts import Facts
from components.namespace import Quota
from components.needs import Needs
from components.quantity import mebibytes


@dataclass(frozen=True, kw_only=True)
class ObjectStoreArgs:
    """All buckets of the site, and where they are to be."""

    config: ObjectStoreConfig
    facts: Facts
    images: Callable[[str], str]
    buckets: Sequence[Bucket]


class ObjectStore(ComponentResource):
    """The site's buckets, wherever they are."""

    def __init__(self, name: str, args: ObjectStoreArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:apps:ObjectStore", name, None, opts)
        child = ResourceOptions(parent=self, depends_on=opts.depends_on if opts else None)
        binding = args.config.binding
        if isinstance(binding, SeaweedFs):
            inside = seaweedfs.SeaweedFsArgs(config=binding, facts=args.facts, images=args.images, buckets=args.buckets)
            seaweedfs.SeaweedFsStore("seaweedfs", inside, opts=child)
        else:
            outside = external.ExternalBucketsArgs(
                image=args.images("seaweedfs"),
                buckets=args.buckets,
                endpoint=endpoint(args.config),
                authority=binding.authority,
            )
            external.ExternalBuckets("external-buckets", outside, opts=child)
        self.register_outputs({})


def endpoint(config: ObjectStoreConfig) -> BucketEndpoint:
    """Where the buckets are."""
    binding = config.binding
    if isinstance(binding, ExternalS3):
        port = urlsplit(binding.url).port or 443
        ca = external.AUTHORITY if binding.authority else None
        return BucketEndpoint(
            url=binding.url, region=binding.region, prefix=binding.prefix, port=port, ca_config_map=ca
        )
    return seaweedfs.ENDPOINT


def needs(config: ObjectStoreConfig, facts: Facts) -> Needs:
    """Buckets for people; and for SeaweedFS a way to it, figures and alerts."""
    buckets = tuple(config.buckets_asked().values())
    if isinstance(config.binding, ExternalS3):
        return Needs(buckets=buckets)
    return Needs(
        buckets=buckets, routes=(seaweedfs.route(facts),), targets=(seaweedfs.TARGET,), alerts=seaweedfs.ALERTS
    )


def quotas(config: ObjectStoreConfig) -> dict[str, Quota]:
    """Room for the store, or the jobs at somebody else's, and the seeders, of which each bucket has one."""
    ours = isinstance(config.binding, SeaweedFs)
    store = mebibytes(config.binding.memory) if isinstance(config.binding, SeaweedFs) else 0
    return {OBJECTSTORE: Quota(pods=64, cpu="4", memory=f"{store + 4096}Mi", volumes=ours)}
