"""The real store: each bucket's own keys, quotas, versions, expiry, the way in for people, and a kill in mid-write.

What speaks S3 here runs in the store's own container, which has boto3, or in PostgreSQL's, which has rclone.
"""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest

from apps.objectstore.names import read
from tests.real.site import RealSite

pytestmark = pytest.mark.real

#: Run before every script below: a client with a bucket's own keys, and what a call answers, in one word.
CLIENT = """
import json, subprocess, sys, time
sys.path.insert(0, "/etc/arcos")
import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from pathlib import Path

STORE = "https://objectstore.objectstore.svc.cluster.local:8334"

def client(keys, endpoint=STORE, ca="/run/tls/ca.crt"):
    read = lambda name: (Path(keys) / name).read_text()
    return boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", verify=ca,
        aws_access_key_id=read("access-key"), aws_secret_access_key=read("secret-key"),
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}))

def word(call, **arguments):
    try:
        call(**arguments)
        return "yes"
    except ClientError as error:
        return error.response["Error"]["Code"]

def shell(orders):
    done = subprocess.run(["weed", "shell", "-master=127.0.0.1:9333"], input=orders, cwd="/etc/arcos",
        capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr

group, scratch = client("/run/buckets/group-data"), client("/run/buckets/scratch")
"""


def inside(site: RealSite, script: str) -> dict[str, Any]:
    """What a script in the store's container says, as one line of JSON."""
    said = site.kubectl("exec", "-n", "objectstore", "objectstore-0", "--", "python3", "-c", CLIENT + script)
    answer: dict[str, Any] = json.loads(said.splitlines()[-1])
    return answer


@pytest.fixture(scope="module", autouse=True)
def full(site: RealSite) -> None:
    """Fill the bucket of 8Mi; the store looks at quotas once a minute, and the last test here asks what came of it."""
    inside(
        site,
        """
import os
for number in range(3):
    scratch.put_object(Bucket="scratch", Key=f"large/{number}", Body=os.urandom(4 * 2**20))
print("{}")
""",
    )


def test_keys_open_their_own_bucket_and_no_other(site: RealSite) -> None:
    said = inside(
        site,
        """
from botocore import UNSIGNED
nobody = boto3.client("s3", endpoint_url=STORE, region_name="us-east-1", verify="/run/tls/ca.crt",
    config=Config(signature_version=UNSIGNED, s3={"addressing_style": "path"}))
print(json.dumps({
    "own": word(group.put_object, Bucket="group-data", Key="a", Body=b"1"),
    "read": word(scratch.get_object, Bucket="group-data", Key="a"),
    "write": word(scratch.put_object, Bucket="group-data", Key="b", Body=b"1"),
    "list": word(scratch.list_objects_v2, Bucket="database-backup"),
    "copy": word(scratch.copy_object, Bucket="scratch", Key="stolen", CopySource="group-data/a"),
    "unsigned": word(nobody.get_object, Bucket="group-data", Key="a"),
    "buckets": [one["Name"] for one in scratch.list_buckets()["Buckets"]],
}))
""",
    )
    assert said == {
        "own": "yes",
        "read": "AccessDenied",
        "write": "AccessDenied",
        "list": "AccessDenied",
        "copy": "AccessDenied",
        "unsigned": "AccessDenied",
        "buckets": ["scratch"],
    }


def test_keys_change_nothing_about_their_bucket(site: RealSite) -> None:
    said = inside(
        site,
        """
rule = {"ID": "x", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
everybody = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::group-data/*"}]}
print(json.dumps([
    word(group.put_bucket_versioning, Bucket="group-data", VersioningConfiguration={"Status": "Suspended"}),
    word(group.put_bucket_lifecycle_configuration, Bucket="group-data", LifecycleConfiguration={"Rules": [rule]}),
    word(group.put_bucket_policy, Bucket="group-data", Policy=json.dumps(everybody)),
    word(group.put_bucket_acl, Bucket="group-data", ACL="public-read"),
    word(group.delete_bucket, Bucket="group-data"),
    word(group.create_bucket, Bucket="another"),
]))
""",
    )
    assert said == ["AccessDenied"] * 6


def test_a_versioned_bucket_keeps_what_was_overwritten_and_deleted_from_its_own_keys_too(site: RealSite) -> None:
    said = inside(
        site,
        """
first = group.put_object(Bucket="group-data", Key="kept", Body=b"first")["VersionId"]
group.put_object(Bucket="group-data", Key="kept", Body=b"second")
group.delete_object(Bucket="group-data", Key="kept")
print(json.dumps({
    "gone": word(group.get_object, Bucket="group-data", Key="kept"),
    "first": group.get_object(Bucket="group-data", Key="kept", VersionId=first)["Body"].read().decode(),
    "end": word(group.delete_object, Bucket="group-data", Key="kept", VersionId=first),
}))
""",
    )
    assert said == {"gone": "NoSuchKey", "first": "first", "end": "AccessDenied"}


def test_what_is_older_than_the_bucket_allows_is_removed_and_nothing_else(site: RealSite) -> None:
    """A day cannot pass in a test: an object's time is set back in the filer, then the master's own order is run."""
    [order] = [line.strip() for line in read("master.toml")["master.toml"].splitlines() if "run-shard" in line]
    said = inside(
        site,
        f"""
def varint(number):
    return bytes([number & 127 | 128]) + varint(number >> 7) if number > 127 else bytes([number])

root = client("/dev/shm/root")
root.put_object(Bucket="expiring", Key="aged/old", Body=b"1")
at = int(root.head_object(Bucket="expiring", Key="aged/old")["LastModified"].timestamp())
shell("fs.meta.save -o /tmp/aged.meta /buckets/expiring/aged\\n")
# The same chunk once more, under another name and of three days ago. Loading ends before its last entry is made.
saved = Path("/tmp/aged.meta").read_bytes().replace(b"\\n\\x03old", b"\\n\\x03odd")
Path("/tmp/aged.meta").write_bytes(saved.replace(b"\\x10" + varint(at), b"\\x10" + varint(at - 3 * 86400)))
shell("fs.meta.load /tmp/aged.meta\\nsleep 1\\n")
names = lambda: [one["Key"] for one in root.list_objects_v2(Bucket="expiring").get("Contents", [])]
before = names()
shell("lock\\n{order}\\nunlock\\n")
print(json.dumps([before, names()]))
""",
    )
    before, after = said
    assert before == ["aged/odd", "aged/old"], "the object of three days ago was there"
    assert after == ["aged/old"], "what is of today stays"


def test_people_reach_their_bucket_through_the_ingress(site: RealSite) -> None:
    authority = base64.b64encode(site.authority.read_bytes()).decode()
    said = inside(
        site,
        f"""
import base64
Path("/tmp/site.crt").write_bytes(base64.b64decode("{authority}"))
person = client("/run/buckets/group-data", "https://s3.{site.domain}:{site.https}", "/tmp/site.crt")
person.put_object(Bucket="group-data", Key="from outside/ä b.txt", Body=b"x" * 9 * 2**20)
print(json.dumps(person.head_object(Bucket="group-data", Key="from outside/ä b.txt")["ContentLength"]))
""",
    )
    assert said == 9 * 2**20, "the signature must survive the proxy"


def test_rotated_keys_end_the_old_ones(site: RealSite) -> None:
    keys = ("get", "secret", "bucket-group-data", "-n", "objectstore", "-o", "jsonpath={.data}")
    old = json.loads(site.kubectl(*keys))

    site.arcosctl("secrets", "rotate", site.name, "objectstore/bucket-group-data")

    said = inside(
        site,
        f"""
import base64
Path("/tmp/old").mkdir(exist_ok=True)
for name, value in {old!r}.items():
    (Path("/tmp/old") / name).write_bytes(base64.b64decode(value))
old = client("/tmp/old")
print(json.dumps([word(each.get_object, Bucket="group-data", Key="a") for each in (old, group)]))
""",
    )
    assert said == ["InvalidAccessKeyId", "yes"]


def test_a_store_that_is_killed_in_mid_write_loses_nothing_that_it_confirmed(site: RealSite) -> None:
    data = json.loads(site.kubectl("get", "secret", "bucket-group-data", "-n", "objectstore", "-o", "jsonpath={.data}"))
    access, secret = (base64.b64decode(data[key]).decode() for key in ("access-key", "secret-key"))
    ca = json.loads(site.kubectl("get", "secret", "objectstore-ca", "-n", "database", "-o", "jsonpath={.data}"))
    setting = f"""
echo {ca["ca.crt"]} | base64 -d > /tmp/store-ca.crt
export RCLONE_CONFIG=/dev/null RCLONE_CA_CERT=/tmp/store-ca.crt RCLONE_S3_NO_CHECK_BUCKET=true
export RCLONE_CONFIG_STORE_TYPE=s3 RCLONE_CONFIG_STORE_PROVIDER=Other RCLONE_CONFIG_STORE_FORCE_PATH_STYLE=true
export RCLONE_CONFIG_STORE_ENDPOINT=https://objectstore.objectstore.svc.cluster.local:8334
export RCLONE_CONFIG_STORE_ACCESS_KEY_ID={access} RCLONE_CONFIG_STORE_SECRET_ACCESS_KEY={secret}
once="--retries=1 --low-level-retries=1 --contimeout=1s --timeout=3s"
"""
    write = """
number=0
while [ $number -lt 400 ]; do
    number=$((number + 1))
    head -c 200000 /dev/urandom > /tmp/crash-$number
    if rclone copyto $once --quiet /tmp/crash-$number store:group-data/crash/$number 2>/dev/null; then
        sha256sum < /tmp/crash-$number | sed "s/ .*/ $number/"
        [ -e /tmp/crash-failed ] && after=$((${after:-0} + 1)) && [ $after -ge 3 ] && break
    else
        touch /tmp/crash-failed
        sleep 0.5
    fi
done
[ -e /tmp/crash-failed ] && echo failed
rm -f /tmp/crash-*
"""
    inside_database = ("kubectl", site.name, "--", "exec", "-n", "database", "database-0", "--", "/bin/sh", "-c")
    with site.start(*inside_database, setting + write) as writer:
        time.sleep(4)
        site.kubectl("delete", "pod", "objectstore-0", "-n", "objectstore", "--grace-period=0", "--force")
        output, _ = writer.communicate(timeout=180)

    lines = output.split("\n")
    confirmed = dict(reversed(line.split()) for line in lines if len(line.split()) == 2 and len(line) > 64)
    assert "failed" in lines, f"the kill must have met a write: {output[-500:]}"
    assert len(confirmed) > 5, output[-500:]
    site.kubectl("rollout", "status", "statefulset/objectstore", "-n", "objectstore", "--timeout=60s")
    said = inside(
        site,
        """
import hashlib
listed = group.list_objects_v2(Bucket="group-data", Prefix="crash/")["Contents"]
read = {one["Key"]: group.get_object(Bucket="group-data", Key=one["Key"])["Body"].read() for one in listed}
print(json.dumps({key[6:]: hashlib.sha256(content).hexdigest() for key, content in read.items()}))
""",
    )
    assert {number: said.get(number) for number in confirmed} == confirmed, "a confirmed object is there, every byte"


def test_a_full_bucket_takes_no_more_and_can_be_emptied(site: RealSite) -> None:
    end = time.monotonic() + 100
    write = 'print(json.dumps(word(scratch.put_object, Bucket="scratch", Key="more", Body=b"1")))'
    while (said := inside(site, write)) == "yes" and time.monotonic() < end:
        time.sleep(3)
    assert said != "yes", "12Mi are in a bucket of 8Mi, and a minute has passed"
    said = inside(
        site,
        """
print(json.dumps([
    word(scratch.get_object, Bucket="scratch", Key="large/0"),
    *(word(scratch.delete_object, Bucket="scratch", Key=f"large/{number}") for number in range(3)),
    word(group.put_object, Bucket="group-data", Key="c", Body=b"1"),
]))
""",
    )
    assert said == ["yes"] * 5, "what is there is read and deleted, and other buckets go on"
