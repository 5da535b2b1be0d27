"""The site's buckets in S3, and who may use each: a role for the pods of its app, a policy where people do. No keys.

Owns buckets and those rights; what may stand in the documents is decided in `policies.py`. S3 encrypts whatever it is
given, and a bucket's objects are its owner's alone: both since 2023 for every new bucket, so neither is asked for.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi_aws.eks as eks
import pulumi_aws.iam as iam
import pulumi_aws.s3 as s3
from pulumi import ComponentResource, Resource, ResourceOptions

from components.bucket import KEEP_VERSIONS_DAYS, Bucket
from components.clusters.aws_eks import policies
from components.clusters.aws_eks.addons import EksAddonsArgs, pod_role
from components.clusters.aws_eks.names import role_name, tags
from components.clusters.aws_eks.roles import PATH
from components.clusters.contract import CloudBucket

#: Parts of uploads that never ended cost as objects do; they are removed after these days.
_UNFINISHED_DAYS = 2


@dataclass(frozen=True, kw_only=True)
class EksBucketsArgs:
    """All buckets that the site asks for."""

    addons: EksAddonsArgs
    buckets: Sequence[CloudBucket]


class EksBuckets(ComponentResource):
    """Buckets, and the rights to use them."""

    made: list[Resource]
    """What must be there before a pod uses its bucket: it learns of its role as it is made."""

    def __init__(self, name: str, args: EksBucketsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:components:EksBuckets", name, None, opts)
        child = ResourceOptions(parent=self)
        self.made = []
        for one in args.buckets:
            made = _bucket(one, args.addons, child)
            # Never taken away but with their bucket: S3 deletes none that is not empty, and that one stays closed.
            its = ResourceOptions.merge(child, ResourceOptions(retain_on_delete=True))
            self.made += [*_closed(one, made, args.addons.region, its), *_kept(one.bucket, made, its)]
            self.made += _used(one, args.addons, child)
        self.register_outputs({})


def rules(bucket: Bucket) -> list[s3.BucketLifecycleConfigurationRuleArgsDict]:
    """The bucket's lifecycle. https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleRule.html"""
    made: list[s3.BucketLifecycleConfigurationRuleArgsDict] = [
        _rule("unfinished", {"abort_incomplete_multipart_upload": {"days_after_initiation": _UNFINISHED_DAYS}})
    ]
    if bucket.expire_days:
        made.append(_rule("expire", {"expiration": {"days": bucket.expire_days}}))
    if bucket.versioned:
        made.append(_rule("versions", {"noncurrent_version_expiration": {"noncurrent_days": KEEP_VERSIONS_DAYS}}))
    return made


def _rule(name: str, does: s3.BucketLifecycleConfigurationRuleArgsDict) -> s3.BucketLifecycleConfigurationRuleArgsDict:
    whole: s3.BucketLifecycleConfigurationRuleArgsDict = {
        "id": name,
        "status": "Enabled",
        "filter": {"prefix": ""},
        **does,
    }
    return whole


def _bucket(one: CloudBucket, args: EksAddonsArgs, opts: ResourceOptions) -> s3.Bucket:
    """Protected; and S3 itself deletes none that has an object in it."""
    return s3.Bucket(
        one.bucket.name,
        bucket=one.name,
        tags=tags(args.site, args.tags),
        opts=ResourceOptions.merge(opts, ResourceOptions(protect=True)),
    )


def _closed(one: CloudBucket, made: s3.Bucket, region: str, opts: ResourceOptions) -> list[Resource]:
    """Nobody from elsewhere, whatever a policy says one day, and nobody without TLS."""
    name = one.bucket.name
    block = s3.BucketPublicAccessBlock(
        name,
        bucket=made.id,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=opts,
    )
    # S3 refuses two changes of one bucket at a time.
    after = ResourceOptions.merge(opts, ResourceOptions(depends_on=[block]))
    return [block, s3.BucketPolicy(name, bucket=made.id, policy=policies.only_tls(one.name, region), opts=after)]


def _kept(bucket: Bucket, made: s3.Bucket, opts: ResourceOptions) -> list[Resource]:
    """What is kept of what was overwritten or deleted, and for how long anything is."""
    versions: list[Resource] = []
    if bucket.versioned:
        status: s3.BucketVersioningVersioningConfigurationArgsDict = {"status": "Enabled"}
        # Deleting it suspends them. Protected, for that is what a site file may say by mistake.
        lost = ResourceOptions(retain_on_delete=False, deleted_with=made, protect=True)
        until = ResourceOptions.merge(opts, lost)
        versions = [s3.BucketVersioning(bucket.name, bucket=made.id, versioning_configuration=status, opts=until)]
    after = ResourceOptions.merge(opts, ResourceOptions(depends_on=versions))
    return [*versions, s3.BucketLifecycleConfiguration(bucket.name, bucket=made.id, rules=rules(bucket), opts=after)]


def _used(one: CloudBucket, args: EksAddonsArgs, opts: ResourceOptions) -> list[Resource]:
    """A role for the app's pods; for a bucket of people a policy, which an operator gives to whom it is for."""
    bucket, part = one.bucket, f"bucket-{one.bucket.name}"
    may = policies.objects(one.name, args.region)
    if not bucket.accounts:
        name = role_name(args.site, part)
        return [iam.Policy(part, name=name, path=PATH, policy=may, tags=tags(args.site, args.tags), opts=opts)]
    role = pod_role(args, part, accounts=bucket.accounts, namespace=bucket.namespace, policy=may, opts=opts)
    return [
        eks.PodIdentityAssociation(
            f"{part}-{account}",
            cluster_name=args.cluster_name,
            namespace=bucket.namespace,
            service_account=account,
            role_arn=role.arn,
            tags=tags(args.site, args.tags),
            opts=ResourceOptions.merge(opts, ResourceOptions(depends_on=role.rights)),
        )
        for account in bucket.accounts
    ]
