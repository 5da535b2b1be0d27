"""Every image says what it is, who answers for it, and how it is proved to work; a mistake there is named."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
import yaml

from arcos.errors import USAGE, ArcosError
from arcos.images.catalogue import Image, catalogue, find
from arcos.paths import IMAGES
from arcos.site.release import load_release, release_names

GOOD = yaml.safe_load((IMAGES / "pause" / "image.yaml").read_text())


def described(folder: Path, **changes: object) -> Image:
    (folder / "pause").mkdir(exist_ok=True)
    (folder / "pause" / "image.yaml").write_text(yaml.safe_dump(GOOD | changes))
    return find("pause", folder)


def test_every_folder_of_images_is_in_the_catalogue() -> None:
    assert [image.name for image in catalogue()] == sorted(path.name for path in IMAGES.iterdir() if path.is_dir())


def test_the_newest_release_has_every_image_at_its_version() -> None:
    release = load_release(release_names()[-1])
    assert {image.name: image.version for image in catalogue()} == {
        name: pin.version for name, pin in release.images.items()
    }, "./arcosctl images lock writes them"


@pytest.mark.parametrize("image", catalogue(), ids=lambda image: image.name)
def test_no_image_is_supported_shorter_than_the_release_it_is_in(image: Image) -> None:
    window = load_release(release_names()[-1]).supported
    assert image.supported.until >= window.until
    assert image.supported.first < image.supported.until


@pytest.mark.parametrize("image", catalogue(), ids=lambda image: image.name)
def test_our_own_sources_are_where_the_image_says(image: Image) -> None:
    assert image.source.startswith("https://") or image.source == f"images/{image.name}"


def test_dates_and_states_are_typed(tmp_path: Path) -> None:
    image = described(tmp_path, state="golden")
    assert image.state == "golden"
    assert image.supported.first == datetime.date(2026, 11, 1)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"state": "gold"}, "state"),
        ({"user": 0}, "user"),
        ({"tests": []}, "tests"),
        ({"version": "latest"}, "version"),
        ({"recipe": {"kind": "docker"}}, "recipe"),
        ({"recipe": {"kind": "wheel"}}, "recipe.wheel.file"),
        ({"source": "somewhere"}, "source"),
        ({"licence": ""}, "licence"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_description_names_the_key(tmp_path: Path, changes: dict[str, object], named: str) -> None:
    with pytest.raises(ArcosError) as caught:
        described(tmp_path, **changes)
    assert caught.value.exit_code == USAGE
    assert named in caught.value.why


def test_a_description_that_is_no_yaml_is_named_too(tmp_path: Path) -> None:
    (tmp_path / "pause").mkdir()
    (tmp_path / "pause" / "image.yaml").write_text("title: [")
    with pytest.raises(ArcosError, match="not described well"):
        catalogue(tmp_path)


@pytest.mark.parametrize("name", ["pauze", "../images/pause", ""])
def test_an_unknown_image_is_answered_with_those_there_are(name: str) -> None:
    with pytest.raises(ArcosError) as caught:
        find(name)
    assert "pause" in caught.value.why
