"""The real registry with its images in a cloud's own object storage: a real Swift, by keys as a site has them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.apps.objectstore.cloud import REGION, Project
from tests.apps.registry.running import Running, image, programs, running

pytestmark = [
    pytest.mark.api,  # compiles the programs, as that tier does
    pytest.mark.skipif(not shutil.which("skopeo"), reason="needs skopeo (apt-get install skopeo)"),
]
BUCKET = "site-registry"


@pytest.fixture
def registry(project: Project, tmp_path: Path) -> Iterator[Running]:
    project.s3().create_bucket(Bucket=BUCKET)
    for name, key in zip(("access-key", "secret-key"), project.keys, strict=True):
        (tmp_path / name).write_text(key)
    # As the pod has them, see `store` of `apps/registry/distribution.py`.
    bucket = {
        "REGISTRY_STORAGE_S3_REGIONENDPOINT": project.url,
        "REGISTRY_STORAGE_S3_REGION": REGION,
        "REGISTRY_STORAGE_S3_BUCKET": BUCKET,
        "REGISTRY_STORAGE_S3_ROOTDIRECTORY": "/images",
        "REGISTRY_STORAGE_S3_ACCESSKEY_FILE": f"{tmp_path}/access-key",
        "REGISTRY_STORAGE_S3_SECRETKEY_FILE": f"{tmp_path}/secret-key",
    }
    (tmp_path / "registry").mkdir()
    with running(programs(tmp_path), tmp_path / "registry", bucket) as here:
        yield here


def test_what_is_pushed_is_pulled_and_what_no_tag_leads_to_is_removed(
    registry: Running, project: Project, tmp_path: Path
) -> None:
    # Several parts of an upload.
    large = image(tmp_path / "large", os.urandom(12_000_000))
    small = image(tmp_path / "small", b"some content" * 1000)
    registry.push(small, "lab/analysis:1.0")
    before = project.held(BUCKET)
    registry.push(large, "lab/analysis:latest")
    registry.pull("lab/analysis:latest", tmp_path / "pulled", "reader")
    pushed, pulled = ({f.name for f in (at / "blobs/sha256").iterdir()} for at in (large, tmp_path / "pulled"))
    assert pushed == pulled
    assert project.held(BUCKET) > before + 12_000_000

    bearer = registry.token("repository:lab/analysis:pull,push,delete")
    assert registry.ask("DELETE", "/v2/lab/analysis/manifests/latest", bearer)[0] == 202
    registry.run_collect()

    assert project.held(BUCKET) == before, "the layer's room is had back"
    registry.pull("lab/analysis:latest", tmp_path / "gone", "reader", fails=True)
    registry.pull("lab/analysis:1.0", tmp_path / "kept", "reader")
