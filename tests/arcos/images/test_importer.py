"""An archive carries an image under the name that a container runtime looks for when a pod asks for it."""

from __future__ import annotations

import json
import tarfile

import pytest

from arcos.errors import ArcosError
from arcos.images.build import build
from arcos.images.catalogue import find
from arcos.images.importer import archive_for, archives_for, name_in_runtime
from arcos.progress import Progress

DIGEST = f"sha256:{'0' * 64}"


@pytest.mark.parametrize(
    ("asked", "looked_for"),
    [
        (f"arcos.localhost/welcome:1.0.0@{DIGEST}", f"arcos.localhost/welcome@{DIGEST}"),
        (f"127.0.0.1:5000/arcos/welcome:1.0.0@{DIGEST}", f"127.0.0.1:5000/arcos/welcome@{DIGEST}"),
        (f"127.0.0.1:5000/welcome@{DIGEST}", f"127.0.0.1:5000/welcome@{DIGEST}"),
        ("arcos.localhost/welcome:1.0.0", "arcos.localhost/welcome:1.0.0"),
    ],
)
def test_containerd_drops_the_tag_where_there_is_a_digest(asked: str, looked_for: str) -> None:
    assert name_in_runtime(asked) == looked_for


@pytest.mark.api
def test_an_archive_has_the_whole_image_under_its_name(progress: Progress) -> None:
    built = build(find("pause"), progress)
    reference = f"arcos.localhost/pause:1.0.0@{built.digest}"
    archive = archive_for(find("pause"), reference, progress)
    assert archive_for(find("pause"), reference, progress) == archive
    with tarfile.open(archive) as tar:
        names = tar.getnames()
        index = json.load(tar.extractfile("index.json"))  # type: ignore[arg-type]
    (entry,) = index["manifests"]
    assert entry["digest"] == built.digest
    assert entry["annotations"]["io.containerd.image.name"] == f"arcos.localhost/pause@{built.digest}"
    assert len([name for name in names if name.startswith("blobs/sha256/")]) == 3


@pytest.mark.api
def test_an_image_that_is_not_the_one_asked_for_is_refused(progress: Progress) -> None:
    with pytest.raises(ArcosError) as caught:
        archive_for(find("pause"), f"arcos.localhost/pause:1.0.0@{DIGEST}", progress)
    assert "images lock pause" in caught.value.fix


def test_images_of_others_are_left_to_their_registries(progress: Progress) -> None:
    assert archives_for(["docker.io/library/postgres:15"], progress) == []
