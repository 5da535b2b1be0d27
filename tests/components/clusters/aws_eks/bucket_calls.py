"""What a site's buckets become: the calls of S3 and IAM that make, read, change and delete each resource type.

The provider reads everything that a bucket could have, whether somebody set it or not, and tags buckets by the API of
S3 Control. https://github.com/hashicorp/terraform-provider-aws/tree/main/internal/service/s3
"""

from __future__ import annotations

from tests.components.clusters.aws_eks import shapes
from tests.components.clusters.aws_eks.kind import Kind, one

#: None of these reads or writes an object.
BUCKETS: dict[str, Kind] = {
    "aws:s3/bucket:Bucket": Kind(
        service="s3",
        create=one("CreateBucket", shapes.bucket),
        read=(
            "HeadBucket", "GetBucketPolicy", "GetBucketAcl", "GetBucketCors", "GetBucketWebsite", "GetBucketVersioning",
            "GetBucketAccelerateConfiguration", "GetBucketRequestPayment", "GetBucketLogging",
            "GetBucketLifecycleConfiguration", "GetBucketReplication", "GetBucketEncryption",
            "GetObjectLockConfiguration", "s3control:ListTagsForResource",
        ),
        update=("s3control:TagResource", "s3control:UntagResource"),
        delete=("DeleteBucket",),
    ),
    "aws:s3/bucketVersioning:BucketVersioning": Kind(
        service="s3",
        create=one("PutBucketVersioning", shapes.upper()),
        read=("GetBucketVersioning",),
        # Deleting it suspends the versions.
        delete=("PutBucketVersioning",),
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": Kind(
        service="s3",
        create=one("PutBucketLifecycleConfiguration", shapes.lifecycle),
        read=("GetBucketLifecycleConfiguration",),
        delete=("DeleteBucketLifecycle",),
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": Kind(
        service="s3",
        create=one("PutPublicAccessBlock", shapes.public_access),
        read=("GetPublicAccessBlock",),
        delete=("DeletePublicAccessBlock",),
    ),
    "aws:s3/bucketPolicy:BucketPolicy": Kind(
        service="s3",
        create=one("PutBucketPolicy", shapes.upper()),
        read=("GetBucketPolicy",),
        delete=("DeleteBucketPolicy",),
    ),
    "aws:iam/policy:Policy": Kind(
        service="iam",
        create=one("CreatePolicy", shapes.iam(name="PolicyName", policy="PolicyDocument")),
        read=("GetPolicy", "GetPolicyVersion"),
        # A change is a version more; of five the oldest goes first.
        update=(
            "CreatePolicyVersion", "SetDefaultPolicyVersion", "ListPolicyVersions", "DeletePolicyVersion", "TagPolicy",
            "UntagPolicy",
        ),
        delete=("ListPolicyVersions", "DeletePolicyVersion", "DeletePolicy"),
    ),
}  # fmt: skip
