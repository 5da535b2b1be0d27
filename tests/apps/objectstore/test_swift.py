"""Buckets in OpenStack's own object storage: the Job that a site would run, against a real Swift and a real Keystone.

Keys are EC2 credentials of a person. See `serve_swift.py` in `tests/openstack`.
"""

from __future__ import annotations

import hmac
import os
import subprocess
import sys
import urllib.error
import urllib.request
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openstack
import pytest
from botocore.exceptions import ClientError

from arcos.checks import Level
from arcos.preflight import openstack_storage
from components.bucket import Bucket
from tests.apps.objectstore.cloud import REGION, ROLE, Cloud, Keys, Project
from tests.apps.objectstore.jobs import URL, job
from tests.arcos.preflight.openstack_services import ec2_of

#: Starting Keystone and Swift, and twenty runs of the Job: half a minute.
pytestmark = pytest.mark.api

LAYERS = Bucket(name="layers", app="registry", namespace="registry", quota="1Gi", versioned=True)
DUMPS = Bucket(name="dumps", app="database", namespace="database", quota="1Gi")
SCRATCH = Bucket(name="scratch", app="objectstore", namespace="objectstore", quota="1Gi", expire_days=30)


@dataclass(frozen=True)
class Site:
    """Runs the Jobs of a site with a project's keys, below a folder."""

    project: Project
    folder: Path

    def job(self, bucket: Bucket, keys: Keys | None = None, region: str = REGION, *, fails: bool = False) -> str:
        """The Job's files and command, with our Python and boto3 for those of its image."""
        files, [_, *command] = job(bucket, region)
        access, secret = keys or self.project.keys
        for folder, told in (("etc/arcos", files), ("run/bucket", {"access-key": access, "secret-key": secret})):
            (self.folder / folder).mkdir(parents=True, exist_ok=True)
            for name, text in told.items():
                (self.folder / folder / name).write_text(text)
        real = [self.project.url if one == URL else f"{self.folder}{one}" if one[0] == "/" else one for one in command]
        done = subprocess.run(
            [sys.executable, *real], capture_output=True, text=True, timeout=60, env={"PATH": os.defpath}
        )
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture
def site(project: Project, tmp_path: Path) -> Site:
    return Site(project, tmp_path)


def refused(call: Any, **told: Any) -> str:
    """The store's word for why it does not."""
    with pytest.raises(ClientError) as caught:
        call(**told)
    return str(caught.value.response["Error"]["Code"])


def test_an_application_credential_gets_no_keys_so_the_site_cannot_make_its_own(cloud: Cloud) -> None:
    wide = cloud.identity.credential("wide", roles=["member", ROLE], unrestricted=True)
    told = {"load_yaml_config": False, "load_envvars": False}
    program = openstack.connect(**wide, **told)

    answer = program.identity.post(ec2_of(program), json={"tenant_id": cloud.identity.project})

    assert answer.status_code == 403, "whoever changes this may let the platform make its keys: docs/adr/0013"
    assert "Delegated tokens cannot access credentials" in answer.text


def test_a_versioned_bucket_is_made_as_declared_and_keeps_what_is_overwritten(site: Site) -> None:
    lacks = "this store has no lifecycle: unfinished uploads and old versions stay"
    assert site.job(LAYERS) == f"bucket arcos-x-layers: made, versions enabled; {lacks}\n"
    s3, there = site.project.s3(), {"Bucket": "arcos-x-layers", "Key": "a/layer"}
    first = s3.put_object(**there, Body=b"first")["VersionId"]
    s3.put_object(**there, Body=b"second")
    assert s3.get_object(**there)["Body"].read() == b"second"

    assert site.job(LAYERS) == f"bucket arcos-x-layers: as declared; {lacks}\n"

    assert s3.get_object(**there, VersionId=first)["Body"].read() == b"first"
    s3.delete_object(**there)
    assert refused(s3.get_object, **there) == "NoSuchKey"
    assert s3.get_object(**there, VersionId=first)["Body"].read() == b"first"


def test_a_plain_bucket_has_no_versions_and_a_second_run_changes_nothing(site: Site) -> None:
    lacks = "this store has no lifecycle: unfinished uploads stay"
    assert site.job(DUMPS) == f"bucket arcos-x-dumps: made; {lacks}\n"
    assert site.job(DUMPS) == f"bucket arcos-x-dumps: as declared; {lacks}\n"
    assert "Status" not in site.project.s3().get_bucket_versioning(Bucket="arcos-x-dumps")


def test_days_after_which_objects_go_are_refused_each_time_and_what_is_in_it_stays(site: Site) -> None:
    wanted = "error: bucket arcos-x-scratch: expireDays: 30 cannot be, for this store has no lifecycle and keeps every "
    wanted += "object for ever; leave expireDays out, or use another store\n"
    assert site.job(SCRATCH, fails=True) == wanted, "silence would fill a project for ever"
    s3 = site.project.s3()
    s3.put_object(Bucket="arcos-x-scratch", Key="a", Body=b"kept")

    assert site.job(SCRATCH, fails=True) == wanted

    assert s3.get_object(Bucket="arcos-x-scratch", Key="a")["Body"].read() == b"kept"


def test_keys_of_another_project_see_nothing_of_it_and_have_a_bucket_of_that_name_of_their_own(
    site: Site, cloud: Cloud
) -> None:
    site.job(DUMPS)
    site.project.s3().put_object(Bucket="arcos-x-dumps", Key="theirs", Body=b"of the first")
    keys = cloud.project("another").keys

    assert refused(site.project.s3(keys).get_object, Bucket="arcos-x-dumps", Key="theirs") == "NoSuchBucket"
    assert "bucket arcos-x-dumps: made" in site.job(DUMPS, keys), (
        "so new keys must be of the same project: the guide says"
    )
    assert site.project.s3(keys).list_objects_v2(Bucket="arcos-x-dumps")["KeyCount"] == 0


def test_somebody_without_the_role_of_the_storage_is_refused(site: Site, cloud: Cloud) -> None:
    said = site.job(DUMPS, cloud.project("without", ["member"]).keys, fails=True)

    assert "Traceback" not in said
    assert said.startswith("error: bucket arcos-x-dumps: ")
    assert "403" in said


def test_keys_are_changed_by_a_second_pair_and_the_first_taken_back_opens_nothing(site: Site, cloud: Cloud) -> None:
    site.job(DUMPS)
    owner, first = site.project.who, site.project.keys
    second = cloud.identity.ec2(owner)
    for keys in (first, second):
        site.project.s3(keys).put_object(Bucket="arcos-x-dumps", Key="a", Body=b"with both")

    assert owner.identity.delete(f"{ec2_of(owner)}/{first[0]}").ok

    assert refused(site.project.s3(first).get_object, Bucket="arcos-x-dumps", Key="a") == "SignatureDoesNotMatch"
    assert site.project.s3(second).get_object(Bucket="arcos-x-dumps", Key="a")["Body"].read() == b"with both"


def test_another_region_than_the_stores_is_told_in_one_sentence(site: Site) -> None:
    said = site.job(DUMPS, region="melbourne", fails=True)
    assert said == "error: bucket arcos-x-dumps: the store does not take the request; is melbourne its region?\n"


def test_preflight_knows_the_store_and_its_region_without_anybodys_keys(cloud: Cloud) -> None:
    assert openstack_storage.check(cloud.url, REGION).level is Level.OK
    wrong = openstack_storage.check(cloud.url, "melbourne")
    assert (wrong.level, wrong.fix) == (Level.FAIL, f"region: {REGION}")
    unsigned = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with pytest.raises(urllib.error.HTTPError) as caught:
        unsigned.open(cloud.url)
    with caught.value as answer:
        assert b"<Error>" not in answer.read(), (
            "if Swift comes to say S3's words to the unsigned, preflight may be so too"
        )


def test_the_keys_open_the_storage_and_sign_nobody_in(cloud: Cloud, project: Project) -> None:
    access, secret = project.keys
    scope = f"{datetime.now(UTC):%Y%m%d}/{REGION}/s3/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{datetime.now(UTC):%Y%m%dT%H%M%SZ}\n{scope}\n{'0' * 64}"
    key = f"AWS4{secret}".encode()
    for part in [*scope.split("/"), text]:
        key = hmac.digest(key, part.encode(), "sha256")
    signed = {"access": access, "token": b64encode(text.encode()).decode(), "signature": key.hex()}

    def token(who: Any, path: str) -> int:
        status: int = who.identity.post(path, json={"credentials": signed}).status_code
        return status

    assert token(cloud.identity.first, "/s3tokens") == 200, "so it is signed as it must be: the store may ask"
    assert token(project.who, "/s3tokens") == 403
    assert token(project.who, "/ec2tokens") == 403
