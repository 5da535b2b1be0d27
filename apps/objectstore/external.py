"""Buckets in an S3 that somebody else runs: a Job for each makes it as declared, with the bucket's own keys.

Owns the jobs, and the keys' Secrets where the stack holds a pair for all; else they are the operator's to bring, and no
job sees another's: each runs in the namespace of the app that uses the bucket. Quotas belong to whoever runs the store.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi_kubernetes as k8s
from pulumi import ComponentResource, Resource, ResourceOptions

from apps.objectstore.names import OBJECTSTORE, PYTHON, USER, declared, read
from components.bucket import ACCESS_KEY, CA, SECRET_KEY, Bucket, BucketEndpoint
from components.bucket_access import KEYS, BucketKeys, bucket_ca, bucket_mounts, to_bucket
from components.metadata import digest, metadata, resource_name, selector
from components.pod import Mount, PodArgs, Resources, pod_template

#: The ConfigMap with the store's authority, in each namespace with a bucket.
AUTHORITY = "bucket-authority"


@dataclass(frozen=True, kw_only=True)
class ExternalBucketsArgs:
    """All buckets, where they are to be, who signed that address where the world does not know, the stack's keys."""

    image: str
    buckets: Sequence[Bucket]
    endpoint: BucketEndpoint
    authority: str | None = None
    keys: BucketKeys | None = None


class ExternalBuckets(ComponentResource):
    """A Job for each bucket."""

    def __init__(self, name: str, args: ExternalBucketsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:apps:ExternalBuckets", name, None, opts)
        child = ResourceOptions(parent=self, depends_on=opts.depends_on if opts else None)
        known = _authorities(args, child)
        for bucket in args.buckets:
            files = read("buckets.py") | {"buckets.json": declared([bucket], args.endpoint)}
            first = [
                *known,
                *_keys(bucket, args.keys, child),
                _config(bucket, files, child),
                _account(bucket, child),
                _policy(bucket, args.endpoint, child),
            ]
            _job(bucket, args, files, ResourceOptions.merge(child, ResourceOptions(depends_on=first)))
        self.register_outputs({})


def pod(bucket: Bucket, args: ExternalBucketsArgs) -> PodArgs:
    """The Job's pod."""
    ca = bucket_ca(args.endpoint)
    return PodArgs(
        app=bucket.secret,
        image=args.image,
        user=USER,
        resources=Resources(cpu="10m", cpu_limit="1", memory="192Mi"),
        service_account=bucket.secret,
        command=[PYTHON, "/etc/arcos/buckets.py"],
        args=["/etc/arcos/buckets.json", args.endpoint.url, args.endpoint.region, KEYS],
        env={"AWS_CA_BUNDLE": ca} if ca else {},
        mounts=[
            Mount(path="/etc/arcos", config_map=_config_name(bucket)),
            Mount(path="/tmp", scratch="16Mi"),
            *bucket_mounts(bucket, args.endpoint),
        ],
    )


def _authorities(args: ExternalBucketsArgs, opts: ResourceOptions) -> list[Resource]:
    """The store's authority, for each namespace whose pods use a bucket."""
    if args.authority is None:
        return []
    return [
        k8s.core.v1.ConfigMap(
            resource_name("ConfigMap", AUTHORITY, namespace),
            metadata=metadata(AUTHORITY, app=OBJECTSTORE, namespace=namespace),
            data={CA: args.authority},
            opts=opts,
        )
        for namespace in sorted({bucket.namespace for bucket in args.buckets})
    ]


def _keys(bucket: Bucket, keys: BucketKeys | None, opts: ResourceOptions) -> list[Resource]:
    """The bucket's Secret, made of the pair that the stack holds: the one object that is never rendered."""
    if keys is None:
        return []
    return [
        k8s.core.v1.Secret(
            resource_name("Secret", bucket.secret, bucket.namespace),
            metadata=metadata(bucket.secret, app=bucket.secret, namespace=bucket.namespace),
            string_data={ACCESS_KEY: keys.access_key, SECRET_KEY: keys.secret_key},
            opts=opts,
        )
    ]


def _config_name(bucket: Bucket) -> str:
    return f"{bucket.secret}-config"


def _config(bucket: Bucket, files: dict[str, str], opts: ResourceOptions) -> Resource:
    name = _config_name(bucket)
    return k8s.core.v1.ConfigMap(
        resource_name("ConfigMap", name, bucket.namespace),
        metadata=metadata(name, app=bucket.secret, namespace=bucket.namespace),
        data=files,
        opts=opts,
    )


def _account(bucket: Bucket, opts: ResourceOptions) -> Resource:
    name = bucket.secret
    return k8s.core.v1.ServiceAccount(
        resource_name("ServiceAccount", name, bucket.namespace),
        metadata=metadata(name, app=name, namespace=bucket.namespace),
        automount_service_account_token=False,
        opts=opts,
    )


def _policy(bucket: Bucket, endpoint: BucketEndpoint, opts: ResourceOptions) -> Resource:
    name = bucket.secret
    return k8s.networking.v1.NetworkPolicy(
        resource_name("NetworkPolicy", name, bucket.namespace),
        metadata=metadata(name, app=name, namespace=bucket.namespace),
        spec={
            "pod_selector": {"match_labels": selector(name)},
            "policy_types": ["Ingress", "Egress"],
            "egress": to_bucket(endpoint),
        },
        opts=opts,
    )


def _job(bucket: Bucket, args: ExternalBucketsArgs, files: dict[str, str], opts: ResourceOptions) -> Resource:
    """A Job's template cannot change, so its name carries a hash of it and of what the bucket is to be."""
    template = pod_template(pod(bucket, args), restart="OnFailure")
    name = f"{bucket.secret}-{digest([template, files])}"
    return k8s.batch.v1.Job(
        resource_name("Job", name, bucket.namespace),
        metadata=metadata(name, app=bucket.secret, namespace=bucket.namespace),
        spec={"backoff_limit": 10, "template": template},
        opts=opts,
    )
