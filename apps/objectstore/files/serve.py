"""Runs SeaweedFS in its pod, with an identity for each bucket, and keeps the buckets as declared.

Identities are made from the mounted Secrets into memory (`/dev/shm`): their keys reach no disk. The one that may do
everything is made anew at each start and never leaves the pod. Killed at any moment, the next start goes on.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

CONFIG = Path(os.environ.get("ARCOS_CONFIG", "/etc/arcos"))
KEYS = Path(os.environ.get("ARCOS_KEYS", "/run/buckets"))
DATA = Path(os.environ.get("ARCOS_DATA", "/data"))
MEMORY = Path(os.environ.get("ARCOS_MEMORY", "/dev/shm"))
PLAIN = os.environ.get("ARCOS_ENDPOINT", "http://127.0.0.1:8333")
MASTER = os.environ.get("ARCOS_MASTER", "127.0.0.1:9333")
READY = MEMORY / "ready"
#: Seconds between two looks at whether the buckets are as declared, and after one that failed.
PAUSE, AGAIN = 900.0, 2.0


def policy(bucket: str) -> dict[str, Any]:
    """What an app may do: all with the objects of its bucket but end a kept version, with the bucket only list it.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/security_iam_service-with-iam.html
    """
    on_bucket = ["s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads", "s3:ListBucketVersions"]
    on_objects = [
        *("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject"),
        *("s3:GetObjectTagging", "s3:PutObjectTagging", "s3:DeleteObjectTagging"),
        *("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"),
    ]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": on_bucket, "Resource": f"arn:aws:s3:::{bucket}"},
            {"Effect": "Allow", "Action": on_objects, "Resource": f"arn:aws:s3:::{bucket}/*"},
        ],
    }


def identities(keys: dict[str, tuple[str, str]], root: tuple[str, str]) -> dict[str, Any]:
    """SeaweedFS's identities: root, and one a bucket. https://github.com/seaweedfs/seaweedfs/wiki/Amazon-S3-API"""

    def credentials(pair: tuple[str, str]) -> list[dict[str, str]]:
        return [{"accessKey": pair[0], "secretKey": pair[1]}]

    made: list[dict[str, Any]] = [{"name": "root", "credentials": credentials(root), "actions": ["Admin"]}]
    made += [{"name": name, "credentials": credentials(pair), "policyNames": [name]} for name, pair in keys.items()]
    return {"identities": made, "policies": [{"name": name, "content": json.dumps(policy(name))} for name in keys]}


def quotas(buckets: list[dict[str, Any]]) -> str:
    """The orders for `weed shell` that set every bucket's quota. A MiB is the least it knows."""
    return "".join(
        f"s3.bucket.quota -name {one['name']} -op set -sizeMB {max(one['quota'] // 2**20, 1)}\n" for one in buckets
    )


def prepare(buckets: list[dict[str, Any]]) -> None:
    """Write the identities, and the root's keys for `buckets.py`."""
    READY.unlink(missing_ok=True)
    root = (secrets.token_hex(16), secrets.token_urlsafe(32))
    keys = {
        one["name"]: ((KEYS / one["name"] / "access-key").read_text(), (KEYS / one["name"] / "secret-key").read_text())
        for one in buckets
    }
    os.umask(0o077)
    (MEMORY / "root").mkdir(exist_ok=True)
    for name, value in zip(("access-key", "secret-key"), root, strict=True):
        (MEMORY / "root" / name).write_text(value)
    (MEMORY / "identities.json").write_text(json.dumps(identities(keys, root)))


def answers() -> bool:
    """Whether S3 is up."""
    try:
        with urllib.request.urlopen(f"{PLAIN}/healthz", timeout=2) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)
    except OSError:
        return False


def converge(buckets: list[dict[str, Any]]) -> bool:
    """Make the buckets what they are declared to be, and their quotas. False: not yet."""
    # In a process of its own: what it needs for a second would stay with this one for ever.
    order = [sys.executable, str(CONFIG / "buckets.py"), str(CONFIG / "buckets.json"), PLAIN, "us-east-1"]
    if subprocess.run([*order, str(MEMORY / "root")], check=False).returncode:
        return False
    shell = ["weed", "shell", f"-master={MASTER}"]
    done = subprocess.run(shell, input=quotas(buckets), check=False, capture_output=True, text=True, cwd=CONFIG)
    if done.returncode:
        print(f"error: quotas: {' '.join((done.stdout + done.stderr).split())}", file=sys.stderr, flush=True)
    return done.returncode == 0


def main() -> int:
    """Start SeaweedFS, look after the buckets for as long as it runs, and end as it ends."""
    buckets = json.loads((CONFIG / "buckets.json").read_text(encoding="utf-8"))
    prepare(buckets)
    # `master.toml` and `security.toml` are looked for in the working folder.
    options = [f"-options={CONFIG / 'weed.options'}", f"-dir={DATA}", *sys.argv[1:]]
    store = subprocess.Popen(["weed", "-logtostderr=true", "server", *options], cwd=CONFIG)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: store.send_signal(number))
    due = time.monotonic()
    while store.poll() is None:
        if time.monotonic() >= due and answers():
            done = converge(buckets)
            due = time.monotonic() + (PAUSE if done else AGAIN)
            if done:
                READY.touch()
        time.sleep(0.2)
    return store.returncode


if __name__ == "__main__":
    sys.exit(main())
