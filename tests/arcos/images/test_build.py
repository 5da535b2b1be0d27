"""An image is the same bit for bit wherever and however often it is built, and says what it is made of."""

from __future__ import annotations

import json
import ssl
from pathlib import Path

import pytest

from arcos.images.build import build, build_into, labels
from arcos.images.catalogue import Image, find
from arcos.images.oci import Layout
from arcos.images.smoke import smoke
from arcos.images.sources import recipe
from arcos.images.unpack import unpack
from arcos.images.verify import inside, verify
from arcos.progress import Progress
from arcos.site.release import load_release, release_names

pytestmark = pytest.mark.api  # compiles, as that tier does


def test_two_builds_from_nothing_give_the_digest_of_the_release(tmp_path: Path, progress: Progress) -> None:
    image = find("pause")
    pinned = load_release(release_names()[-1]).images["pause"].digest
    for name in ("first", "second"):
        built = build_into(image, progress, tmp_path / name, GOCACHE=str(tmp_path / f"{name}-go"))
        assert built.digest == pinned, "the release promises this digest to everybody"


@pytest.mark.parametrize("name", ["jupyterhub", "keycloak"])
def test_an_image_of_packages_is_the_same_again(name: str, tmp_path: Path, progress: Progress) -> None:
    pinned = load_release(release_names()[-1]).images[name].digest
    again = build_into(find(name), progress, tmp_path / "again").digest
    assert again == pinned, "neither this machine's Python and pip nor the folder's name and the time may show"


@pytest.mark.parametrize("name", ["seeder", "welcome"])
def test_every_small_image_passes_its_own_verification(name: str, progress: Progress) -> None:
    assert verify(find(name), load_release(release_names()[-1]), progress).problems == ()


def test_an_image_is_built_once_and_again_when_its_recipe_changes(
    image: Image, own_cache: Path, progress: Progress
) -> None:
    first = build(image, progress)
    assert build(image, progress) == first
    before = recipe(image)
    (image.folder / "main_test.go").write_text("package main")
    assert recipe(image) == before, "a test does not go into the image"
    source = (image.folder / "main.go").read_text()
    (image.folder / "main.go").write_text(source.replace("takes no arguments", "takes no argument"))
    second = build(image, progress)
    assert second.digest != first.digest
    assert len([path for path in (own_cache / "images").iterdir() if path.is_dir()]) == 2


def test_the_digest_does_not_know_of_the_images_state(image: Image, tmp_path: Path, progress: Progress) -> None:
    golden = image.model_copy(update={"state": "golden", "supported": image.supported})
    one, two = (build_into(each, progress, tmp_path / each.state) for each in (image, golden))
    assert one.digest == two.digest, "an image becomes golden without becoming another"


def test_an_image_runs_as_its_user_and_carries_its_labels(progress: Progress) -> None:
    image = find("welcome")
    layout = Layout(build(image, progress).layout)
    config = json.loads(layout.blob(layout.manifest()["config"]["digest"]).read_bytes())
    assert config["config"]["User"] == "10081:10081"
    assert config["config"]["Labels"] == labels(image)
    assert config["config"]["Labels"]["org.opencontainers.image.version"] == image.version
    assert (config["os"], config["architecture"]) == ("linux", "amd64")


def test_the_bill_of_materials_belongs_to_the_image_and_names_the_compiler(progress: Progress) -> None:
    built = build(find("pause"), progress)
    attached = Layout(built.sbom)
    assert attached.manifest()["subject"]["digest"] == built.digest
    bill = json.loads(attached.blob(attached.manifest()["layers"][0]["digest"]).read_bytes())
    assert bill["bomFormat"] == "CycloneDX"
    assert [part["name"] for part in bill["components"]] == ["stdlib"]
    assert set(bill["dependencies"][0]["dependsOn"]) == {part["bom-ref"] for part in bill["components"]}


def test_a_command_that_does_not_do_what_it_should_is_found(image: Image, progress: Progress) -> None:
    built = build(image, progress)
    assert smoke(image, built) == ()
    test = image.tests[0]
    wrong = {
        "did not print": test.model_copy(update={"prints": "pause 2"}),
        "left with 0": test.model_copy(update={"fails": True}),
        "left with 2": test.model_copy(update={"run": ("/pause", "--help")}),
    }
    for says, changed in wrong.items():
        assert says in smoke(image.model_copy(update={"tests": (changed,)}), built)[0]


def test_damage_in_the_cache_is_found(image: Image, own_cache: Path, progress: Progress) -> None:
    built = build(image, progress)
    layout = Layout(built.layout)
    layout.blob(layout.blobs()[0].digest).parent.joinpath("x").touch()  # what is not referred to does not matter
    assert inside(image, built) == ()
    layout.blob(layout.blobs()[2].digest).write_bytes(b"cut off")
    assert "damaged" in inside(image, built)[0]


def test_nothing_in_an_image_can_be_changed_by_its_user(tmp_path: Path, progress: Progress) -> None:
    unpack(Layout(build(find("pause"), progress).layout), tmp_path)
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")) == [
        "etc",
        "etc/group",
        "etc/passwd",
        "pause",
    ]
    assert all(path.stat().st_mode & 0o022 == 0 for path in tmp_path.rglob("*"))


def test_a_program_that_asks_addresses_outside_brings_the_worlds_authorities(
    tmp_path: Path, progress: Progress
) -> None:
    """Alertmanager, whose receivers are anywhere; a static program has no system to look them up in."""
    built = build(find("alertmanager"), progress)
    unpack(Layout(built.layout), tmp_path)
    bundle = tmp_path / "etc/ssl/certs/ca-certificates.crt"  # the first place where Go looks
    assert ssl.create_default_context(cafile=str(bundle)).cert_store_stats()["x509_ca"] > 100
    attached = Layout(built.sbom)
    bill = attached.blob(attached.manifest()["layers"][0]["digest"]).read_text()
    assert "pkg:deb/debian/ca-certificates@" in bill, "and says from where they are"
