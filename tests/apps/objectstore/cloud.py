"""A real Swift beside a real Keystone, and projects in it with keys of their owners, which are EC2 credentials."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from arcos.local.ports import free_ports
from tests.arcos.preflight.openstack_services import Keystone, keystone, swift
from tests.components.clusters.openstack.services import PYTHON

#: Swift's own default for who may use a project's storage, beside `admin`; and its default region.
ROLE, REGION = "swiftoperator", "us-east-1"
Keys = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Project:
    """Somebody in a project, and keys of theirs."""

    url: str
    who: Any
    keys: Keys

    def s3(self, keys: Keys | None = None) -> Any:
        """S3, as an app has it with the bucket's keys."""
        access, secret = keys or self.keys
        pair = {"aws_access_key_id": access, "aws_secret_access_key": secret}
        told = Config(s3={"addressing_style": "path"})
        return boto3.client("s3", endpoint_url=self.url, region_name=REGION, config=told, **pair)

    def held(self, bucket: str) -> int:
        """How many bytes are in a bucket."""
        pages = self.s3().get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return sum(one["Size"] for page in pages for one in page.get("Contents", ()))


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """Keystone, and the address of S3."""

    identity: Keystone
    url: str

    def project(self, name: str, roles: Sequence[str] = ("member", ROLE)) -> Project:
        """A new one, with somebody in it who has these roles."""
        who = self.identity.person(f"owner-of-{name}"[:60], name[:60], roles)
        return Project(url=self.url, who=who, keys=self.identity.ec2(who))


@contextmanager
def serving(base: Path) -> Iterator[Cloud]:
    """Keystone and Swift, which has no project yet but Keystone's own."""
    if not PYTHON.exists():
        pytest.skip("needs the OpenStack services in .venv-openstack: ./arcosctl test installs it")
    mine, theirs, (port,) = base / "keystone", base / "swift", free_ports(1)
    mine.mkdir()
    theirs.mkdir()
    try:
        os.setxattr(theirs, "user.arcos", b"1")
    except OSError:
        pytest.skip(f"needs a file system with extended attributes at {base}, where Swift keeps what it knows")
    url = f"http://127.0.0.1:{port}"
    catalog = {"object-store": f"{url}/v1/AUTH_%(project_id)s", "s3": url}
    with keystone(mine, catalog, ["member", ROLE]) as identity, swift(theirs, port, mine, region=REGION, role=ROLE):
        yield Cloud(identity=identity, url=url)
