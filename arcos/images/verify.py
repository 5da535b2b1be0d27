"""Is an image what the release says, what its recipe gives, and does it run?

Owns the questions; every answer that is not yes is one sentence. Nothing is mended here.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arcos.images.build import BuiltImage, build, build_into, labels
from arcos.images.catalogue import Image
from arcos.images.oci import Layout
from arcos.images.smoke import smoke
from arcos.progress import Progress
from arcos.site.release import Release


@dataclass(frozen=True)
class Verdict:
    """What was found about one image."""

    name: str
    version: str
    digest: str
    problems: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether nothing was found."""
        return not self.problems


def verify(image: Image, release: Release, progress: Progress, *, from_nothing: bool = False) -> Verdict:
    """Look at an image from every side, and build it a second time.

    Args:
        image: The image.
        release: What it is held against.
        progress: Told of builds.
        from_nothing: Let the second build compile everything, with a Go cache of its own: minutes instead of seconds.

    Raises:
        ArcosError: It could not be built.
    """
    built = build(image, progress)
    problems = (
        *against_release(image, built, release),
        *inside(image, built),
        *_again(image, built, progress, from_nothing=from_nothing),
        *smoke(image, built),
    )
    return Verdict(image.name, image.version, built.digest, problems)


def against_release(image: Image, built: BuiltImage, release: Release) -> tuple[str, ...]:
    """Where the built image and the release file differ."""
    pin = release.images.get(image.name)
    if pin is None:
        return (f"release {release.name} does not have it",)
    found = []
    if pin.version != image.version:
        found.append(f"release {release.name} has version {pin.version}, image.yaml says {image.version}")
    if pin.digest is None:
        found.append(f"release {release.name} has no digest for it yet: ./arcosctl images lock {image.name}")
    elif pin.digest != built.digest:
        found.append(f"release {release.name} has {pin.digest}, built here is {built.digest}")
    return tuple(found)


def inside(image: Image, built: BuiltImage) -> tuple[str, ...]:
    """What is wrong with the files of a built image and its bill of materials."""
    layout, attached = Layout(built.layout), Layout(built.sbom)
    if damaged := (*layout.damaged(), *attached.damaged()):
        return (f"damaged in the cache ({', '.join(damaged)}): rm -r {built.layout.parent}",)
    config = json.loads(layout.blob(layout.manifest()["config"]["digest"]).read_bytes())["config"]
    found = []
    if config["Labels"] != labels(image):
        found.append("its labels are not what image.yaml says")
    if config["User"].split(":")[0] in ("", "0", "root"):
        found.append("it runs as root")
    return (*found, *_bill_of_materials(attached.manifest(), attached, built))


def _bill_of_materials(manifest: dict[str, Any], attached: Layout, built: BuiltImage) -> tuple[str, ...]:
    if manifest.get("subject", {}).get("digest") != built.digest:
        return ("its bill of materials belongs to another image",)
    bill = json.loads(attached.blob(manifest["layers"][0]["digest"]).read_bytes())
    return () if bill.get("components") else ("its bill of materials is empty",)


def _again(image: Image, built: BuiltImage, progress: Progress, *, from_nothing: bool) -> tuple[str, ...]:
    with tempfile.TemporaryDirectory() as folder:
        settings = {"GOCACHE": f"{folder}/go-cache"} if from_nothing else {}
        second = build_into(image, progress, Path(folder) / "second", **settings)
    if (second.digest, second.sbom_digest) != (built.digest, built.sbom_digest):
        return (f"a second build gave another image: {second.digest} (bill of materials {second.sbom_digest})",)
    return ()
