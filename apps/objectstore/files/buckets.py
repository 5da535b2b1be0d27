"""Makes buckets what `buckets.json` says, over S3 alone, so that it is the same for every store. Run again, it goes on.

    buckets.py FILE ENDPOINT REGION KEYS

KEYS is a folder with the files `access-key` and `secret-key`. What stands in a bucket is never touched, and a bucket
that the file no longer names stays. OpenStack's Swift has no lifecycle: there only `expireDays` is an error.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

#: Parts of uploads that never ended are removed after these days.
UNFINISHED_DAYS = 2


class UnableError(Exception):
    """What was asked for and this store cannot do, with what to do instead."""


def client(endpoint: str, region: str, keys: Path) -> Any:  # noqa: ANN401 - boto3 makes its classes as it runs
    """A client that any S3 understands: buckets in the path, and no checksums that only the newest know."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=(keys / "access-key").read_text().strip(),
        aws_secret_access_key=(keys / "secret-key").read_text().strip(),
        config=Config(
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            connect_timeout=5,
            retries={"mode": "standard", "max_attempts": 5},
        ),
    )


def rules(bucket: dict[str, Any]) -> list[dict[str, Any]]:
    """The bucket's lifecycle. https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleRule.html"""
    whole = {"Status": "Enabled", "Filter": {"Prefix": ""}}
    made = [{"ID": "unfinished", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": UNFINISHED_DAYS}} | whole]
    if bucket.get("expireDays"):
        made.append({"ID": "expire", "Expiration": {"Days": bucket["expireDays"]}} | whole)
    if bucket.get("versioned"):
        days = bucket["keepVersionsDays"]
        made.append({"ID": "versions", "NoncurrentVersionExpiration": {"NoncurrentDays": days}} | whole)
    return made


def converge(s3: Any, region: str, bucket: dict[str, Any]) -> str:  # noqa: ANN401
    """Make one bucket, or change what differs. Returns what was done."""
    name, done = bucket["name"], []
    try:
        s3.head_bucket(Bucket=name)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status == 400:  # a HEAD has no words
            raise UnableError(f"the store does not take the request; is {region} its region?") from error
        if status != 404:
            raise
        # The one region that must not be named: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
        where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=name, **where)
        done.append("made")
    wanted = "Enabled" if bucket.get("versioned") else "Suspended"
    # A bucket that never had versions has no status, and stays so.
    if s3.get_bucket_versioning(Bucket=name).get("Status", "Suspended") != wanted:
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": wanted})
        done.append(f"versions {wanted.lower()}")
    found, stays = lifecycle(s3, name), ""
    if found is None:
        stays = f"; this store has no lifecycle: {without_lifecycle(bucket)}"
    elif found != by_id(rules(bucket)):
        s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules(bucket)})
        done.append("lifecycle set")
    return f"bucket {name}: {', '.join(done) or 'as declared'}{stays}"


def without_lifecycle(bucket: dict[str, Any]) -> str:
    """What then stays in the bucket. That objects go after some days is a promise, and an error where it cannot be."""
    if days := bucket.get("expireDays"):
        why = f"expireDays: {days} cannot be, for this store has no lifecycle and keeps every object for ever"
        raise UnableError(f"{why}; leave expireDays out, or use another store")
    return "unfinished uploads and old versions stay" if bucket.get("versioned") else "unfinished uploads stay"


def lifecycle(s3: Any, name: str) -> dict[str, Any] | None:  # noqa: ANN401
    """The rules that a bucket has; None where the store knows no such thing."""
    try:
        answer = s3.get_bucket_lifecycle_configuration(Bucket=name)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code not in ("NoSuchLifecycleConfiguration", "NotImplemented"):
            raise
        return None if code == "NotImplemented" else {}
    # Swift takes `?lifecycle` for the bucket itself and answers with what is in it. So never delete a lifecycle: there
    # it deletes the bucket.
    return by_id(answer["Rules"]) if "Rules" in answer else None


def by_id(found: list[dict[str, Any]]) -> dict[str, Any]:
    """What a rule does, by its name; stores differ in how they give back what it applies to."""
    return {
        rule["ID"]: {key: value for key, value in rule.items() if key not in ("ID", "Filter", "Prefix")}
        for rule in found
    }


def main() -> int:
    """Every bucket in the file; the first failure ends it."""
    file, endpoint, region, keys = sys.argv[1:]
    s3 = client(endpoint, region, Path(keys))
    for bucket in json.loads(Path(file).read_text(encoding="utf-8")):
        try:
            print(converge(s3, region, bucket), flush=True)
        except (ClientError, BotoCoreError, UnableError) as error:
            print(f"error: bucket {bucket['name']}: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
