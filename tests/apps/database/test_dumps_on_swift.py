"""Dumps in a cloud's own object storage: the very lines of our scripts, by the image's rclone, against a real Swift."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from arcos.images.build import build
from arcos.images.catalogue import find
from arcos.images.inside import inside
from arcos.images.oci import Layout
from arcos.images.unpack import unpack
from arcos.paths import ROOT
from arcos.progress import Progress
from tests.apps.objectstore.cloud import REGION, Project

pytestmark = [
    pytest.mark.api,  # makes the image, as that tier compiles
    pytest.mark.skipif(not shutil.which("unshare"), reason="needs unshare (apt-get install util-linux)"),
]
HERE = ROOT / "apps" / "database"
BUCKET = "site-database-backup"
_BEFORE = """
set -eu
. /tmp/common.sh
work=/tmp name=hub now=20261126T000000Z stamp=20261126T000000Z
# Large enough for an upload in parts, as every dump above 200 MiB is.
export RCLONE_S3_UPLOAD_CUTOFF=5Mi
head -c 12000000 /dev/urandom >/tmp/hub.dump
sum=$(sha256sum /tmp/hub.dump)
"""


@pytest.fixture
def image(tmp_path: Path, project: Project) -> Path:
    root = tmp_path / "image"
    unpack(Layout(build(find("postgresql"), Progress(quiet=True)).layout), root)
    keys = root / "run" / "bucket"
    keys.mkdir(parents=True)
    for name, key in zip(("access-key", "secret-key"), project.keys, strict=True):
        (keys / name).write_text(key)
    (root / "tmp").mkdir(exist_ok=True)
    shutil.copy(HERE / "common.sh", root / "tmp")
    project.s3().create_bucket(Bucket=BUCKET)
    return root


def lines(script: str) -> list[str]:
    """What a script of ours has the store do."""
    return [one.strip() for one in (HERE / script).read_text().splitlines() if one.strip().startswith("store ")]


def run(root: Path, project: Project, *script: str, keep: str = "30d") -> str:
    told = {"ARCOS_ENDPOINT": project.url, "ARCOS_REGION": REGION, "ARCOS_BUCKET": BUCKET, "ARCOS_KEEP": keep}
    command = inside(root, ["/bin/sh", "-c", "\n".join((_BEFORE, *script))])
    env = told | {"PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_dump_goes_there_and_comes_back_as_it_was(image: Path, project: Project) -> None:
    put, tidy = lines("backup.sh")
    [get] = lines("restore.sh")

    found = run(
        image, project, put, tidy, 'store lsf "store:$ARCOS_BUCKET/$name/"', 'rm "$work/hub.dump"', get,
        'test "$sum" = "$(sha256sum /tmp/hub.dump)"',
    )  # fmt: skip

    assert found == "20261126T000000Z.dump\n", "and what is new is not tidied away"
    assert project.held(BUCKET) == 12_000_000


def test_a_dump_older_than_is_kept_goes(image: Path, project: Project) -> None:
    put, tidy = lines("backup.sh")

    run(image, project, put, tidy, keep="0s")

    assert project.held(BUCKET) == 0
