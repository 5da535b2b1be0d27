"""What the parts of `objectstore` call the same things."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from components.bucket import KEEP_VERSIONS_DAYS, Bucket, BucketEndpoint
from components.quantity import to_bytes

OBJECTSTORE = "objectstore"
#: The user in `images/seaweedfs`, which has Python and boto3 as well.
USER = 10089
PYTHON = "/opt/venv/bin/python3"
_FILES = Path(__file__).parent / "files"


def read(*names: str) -> dict[str, str]:
    """The app's real files by name."""
    return {name: (_FILES / name).read_text(encoding="utf-8") for name in names}


def declared(buckets: Sequence[Bucket], endpoint: BucketEndpoint) -> str:
    """`buckets.json`: what the buckets are to be. Nothing in it is secret."""
    return json.dumps(
        [
            {
                "name": endpoint.name(one),
                "quota": to_bytes(one.quota),
                "versioned": one.versioned,
                "keepVersionsDays": KEEP_VERSIONS_DAYS,
                "expireDays": one.expire_days,
            }
            for one in sorted(buckets, key=lambda bucket: bucket.name)
        ],
        indent=1,
    )
