"""Buckets at somebody else's store: the very jobs that a site would run, against a real store, again and again.

The store is SeaweedFS from our own image, run as somebody else would: its own identities, nothing of `serve.py`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from arcos.images.build import build
from arcos.images.catalogue import find
from arcos.images.inside import inside
from arcos.images.oci import Layout
from arcos.images.smoke import unpack
from arcos.progress import Progress
from components.bucket import Bucket
from tests.apps.objectstore.jobs import URL, job
from tests.real.site import free_port

pytestmark = [
    pytest.mark.api,  # makes the image, as that tier compiles
    pytest.mark.skipif(not shutil.which("unshare"), reason="needs unshare (apt-get install util-linux)"),
]

DUMPS = Bucket(name="dumps", app="database", namespace="database", quota="10Gi", expire_days=30)
LAYERS = Bucket(name="layers", app="registry", namespace="registry", quota="1Gi", versioned=True)
PYTHON = "/opt/venv/bin/python3"
LOOK = """
import json, sys
sys.path.insert(0, "/etc/arcos")
from pathlib import Path
import buckets
s3 = buckets.client(sys.argv[1], "us-east-1", Path("/run/root"))
print(json.dumps({
    one["Name"]: [
        s3.get_bucket_versioning(Bucket=one["Name"]).get("Status"),
        {name: sorted(set(rule) - {"Status"}) for name, rule in buckets.lifecycle(s3, one["Name"]).items()},
    ]
    for one in s3.list_buckets()["Buckets"]
}))
"""


@dataclass
class Store:
    """Somebody else's S3, and our image in a folder."""

    root: Path
    url: str

    def job(self, bucket: Bucket, *, keys: str = "", fails: bool = False) -> str:
        """Run the Job that a site has for a bucket: its files, its command, the keys that the operator brought."""
        files, command = job(bucket)
        self._write("etc/arcos", files)
        self._write("run/bucket", {"access-key": keys or bucket.name, "secret-key": f"secret-of-{keys or bucket.name}"})
        return self.run(command, fails=fails)

    def run(self, command: list[str], *, fails: bool = False) -> str:
        """Run a program of the image, with the store's address where the site file has another."""
        real = inside(self.root, [self.url if part == URL else part for part in command])
        done = subprocess.run(real, capture_output=True, text=True, timeout=60, env={"PATH": "/usr/bin:/bin"})
        said = done.stdout + done.stderr
        assert (done.returncode != 0) == fails, said
        return said

    def buckets(self) -> dict[str, Any]:
        """Every bucket of the store: versioning, and the lifecycle."""
        found: dict[str, Any] = json.loads(self.run([PYTHON, "-c", LOOK, URL]).splitlines()[-1])
        return found

    def _write(self, folder: str, files: dict[str, str]) -> None:
        (self.root / folder).mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (self.root / folder / name).write_text(text)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("store")
    unpack(Layout(build(find("seaweedfs"), Progress(quiet=True)).layout), root)
    (root / "tmp").mkdir(exist_ok=True)
    return root


@pytest.fixture
def store(image: Path, tmp_path: Path) -> Iterator[Store]:
    """A store with nothing in it: an administrator, and an identity for each bucket that its owner granted."""
    (image / "data").mkdir()
    ours = Store(image, f"http://127.0.0.1:{free_port()}")
    ours._write("run/root", {"access-key": "root", "secret-key": "secret-of-root"})
    identities = [_identity("root", "Admin"), *(_identity(name, f"Admin:site-{name}") for name in ("dumps", "layers"))]
    ours._write("etc", {"identities.json": json.dumps({"identities": identities})})
    ports = [f"-{part}.port{grpc}={free_port()}" for part in ("master", "volume", "filer") for grpc in ("", ".grpc")]
    here = [
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-dir=/data",
        "-master.volumeSizeLimitMB=64",
        "-master.telemetry=false",
    ]
    s3 = [
        "-s3",
        f"-s3.port={ours.url.rpartition(':')[2]}",
        f"-s3.port.grpc={free_port()}",
        "-s3.config=/etc/identities.json",
    ]
    off = ["-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.iam=false", "-s3.autoCreateBucket=false"]
    command = inside(image, ["/opt/venv/bin/weed", "-logtostderr=true", "server", *here, *ports, *s3, *off])
    with (tmp_path / "weed.log").open("wb") as log:
        weed = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env={"PATH": "/usr/bin:/bin"})
    try:
        _answers(ours.url, weed, tmp_path / "weed.log")
        yield ours
    finally:
        weed.kill()
        weed.wait(30)
        shutil.rmtree(image / "data")


def _identity(name: str, action: str) -> dict[str, Any]:
    credentials = [{"accessKey": name, "secretKey": f"secret-of-{name}"}]
    return {"name": name, "credentials": credentials, "actions": [action]}


def _answers(url: str, weed: subprocess.Popen[bytes], log: Path) -> None:
    opener, end = urllib.request.build_opener(urllib.request.ProxyHandler({})), time.monotonic() + 60
    while time.monotonic() < end:
        assert weed.poll() is None, log.read_text()
        try:
            with opener.open(f"{url}/healthz", timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(log.read_text())


def test_each_bucket_is_made_as_declared_and_a_second_run_changes_nothing(store: Store) -> None:
    assert "bucket site-dumps: made, lifecycle set" in store.job(DUMPS)
    assert "bucket site-layers: made, versions enabled, lifecycle set" in store.job(LAYERS)
    made = store.buckets()
    assert made["site-dumps"] == [
        None,
        {"unfinished": ["AbortIncompleteMultipartUpload"], "expire": ["Expiration"]},
    ]
    assert made["site-layers"] == [
        "Enabled",
        {"unfinished": ["AbortIncompleteMultipartUpload"], "versions": ["NoncurrentVersionExpiration"]},
    ]
    assert "bucket site-dumps: as declared" in store.job(DUMPS)
    assert "bucket site-layers: as declared" in store.job(LAYERS)
    assert store.buckets() == made


def test_a_change_of_the_site_file_is_a_change_of_the_bucket_and_what_is_in_it_stays(store: Store) -> None:
    store.job(LAYERS)
    put = "import sys; sys.path.insert(0, '/etc/arcos'); import buckets; from pathlib import Path\n"
    put += "s3 = buckets.client(sys.argv[1], 'us-east-1', Path('/run/bucket'))\n"
    store.run([PYTHON, "-c", put + "s3.put_object(Bucket='site-layers', Key='a', Body=b'kept')", URL])
    plain = Bucket(name="layers", app="registry", namespace="registry", quota="1Gi", expire_days=7)
    assert "versions suspended, lifecycle set" in store.job(plain)
    [versioning, rules] = store.buckets()["site-layers"]
    assert (versioning, set(rules)) == ("Suspended", {"unfinished", "expire"})
    read = "print(s3.get_object(Bucket='site-layers', Key='a')['Body'].read())"
    assert "kept" in store.run([PYTHON, "-c", put + read, URL])


def test_keys_that_do_not_open_the_bucket_are_told_in_one_line(store: Store) -> None:
    for keys in ("nobody", "dumps"):
        said = store.job(LAYERS, keys=keys, fails=True)
        assert said.startswith("error: bucket site-layers: "), said
        assert "Traceback" not in said
    assert "site-layers" not in store.buckets(), "and nothing is made"
