"""A role of AWS as a pod on EKS has it: a moto server that holds everybody to IAM's rights, and the agent of a node.

The agent hands the role's keys, good for an hour, to whoever shows the pod's token.
https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
"""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3

from components.clusters.aws_eks import policies
from tests.arcos.preflight.aws_api import moto

REGION = "ap-southeast-2"
TOKEN = "eyJhbGciOiJSUzI1NiJ9.the-pods-own.token_of-the-cluster"
#: S3 asks for the right on each object that is deleted, moto on the bucket where several are named in one request.
_MOTO = policies.text([{"Effect": "Allow", "Action": ["s3:DeleteObject"], "Resource": ["arn:aws:s3:::arcos-x-dumps"]}])


@dataclass
class Role:
    """A role for one bucket, `arcos-x-dumps`, beside another bucket that is none of its business."""

    s3: str
    agent: str
    token: Path
    keys: dict[str, str]
    asked: list[int] = field(default_factory=list)
    root: Any = None

    def environment(self, token: str) -> dict[str, str]:
        """What EKS puts into the pod; `token` is where its file stands there."""
        return {"AWS_CONTAINER_CREDENTIALS_FULL_URI": self.agent, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": token}

    def objects(self, bucket: str) -> list[str]:
        """What stands in a bucket, as the account's administrator sees it."""
        return sorted(one["Key"] for one in self.root.list_objects_v2(Bucket=bucket).get("Contents", []))


@contextmanager
def role(folder: Path) -> Iterator[Role]:
    """The role, with exactly the rights that an app's role has."""
    with moto() as url:
        known = {"region_name": REGION, "endpoint_url": url}
        anybody = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
        iam, s3 = (boto3.client(name, **known, **anybody) for name in ("iam", "s3"))
        for bucket in ("arcos-x-dumps", "arcos-x-layers"):
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        trust = policies.trusts_pod("arcos-x", "database", ["database-backup"])
        made = iam.create_role(RoleName="dumps", AssumeRolePolicyDocument=trust)["Role"]
        rights = {"objects": policies.objects("arcos-x-dumps", REGION), "moto": _MOTO}
        for name, policy in rights.items():
            iam.put_role_policy(RoleName="dumps", PolicyName=name, PolicyDocument=policy)
        taken = boto3.client("sts", **known, **anybody).assume_role(RoleArn=made["Arn"], RoleSessionName="pod")
        iam.create_user(UserName="root")
        every = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
        iam.put_user_policy(UserName="root", PolicyName="all", PolicyDocument=every)
        root = iam.create_access_key(UserName="root")["AccessKey"]
        strict = urllib.request.Request(f"{url}/moto-api/reset-auth", data=b"0", headers={"Content-Type": "text/plain"})
        urllib.request.urlopen(strict, timeout=5).close()
        told = taken["Credentials"]
        keys = {name: told[name] for name in ("AccessKeyId", "SecretAccessKey")} | {"Token": told["SessionToken"]}
        (folder / "token").write_text(TOKEN)
        here = Role(s3=url, agent="", token=folder / "token", keys=keys)
        here.root = boto3.client(
            "s3", **known, aws_access_key_id=root["AccessKeyId"], aws_secret_access_key=root["SecretAccessKey"]
        )
        with _agent(here) as here.agent:
            yield here


@contextmanager
def _agent(role: Role) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path == "/v1/credentials" and self.headers["Authorization"] == TOKEN
            role.asked.append(200 if known else 401)
            told = role.keys | {"Expiration": "2099-01-01T00:00:00Z", "AccountId": "123456789012"} if known else {}
            body = json.dumps(told).encode()
            self.send_response(role.asked[-1])
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_HEAD(self) -> None:
            self.send_response(405)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/credentials"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
