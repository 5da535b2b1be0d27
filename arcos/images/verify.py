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
from arcos.images.catalogue import AnyImage, Image, UpstreamImage
from arcos.images.oci import Layout
from arcos.images.smoke import smoke
from arcos.images.upstream import UpstreamCopy, ask, fetch
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


def verify(image: AnyImage, release: Release, progress: Progress, *, from_nothing: bool = False) -> Verdict:
    """Look at an image from every side, and build it a second time, or ask those who do a second time.

    Args:
        image: The image.
        release: What it is held against.
        progress: Told of builds.
        from_nothing: Let the second build compile everything, with a Go cache of its own: minutes instead of seconds.

    Raises:
        ArcosError: It could not be built, or its registry does not answer.
    """
    if isinstance(image, UpstreamImage):
        return _verify_copy(image, release, progress)
    built = build(image, progress)
    problems = (
        *against_release(image, built.digest, release),
        *inside(image, built),
        *_again(image, built, progress, from_nothing=from_nothing),
        *smoke(image, built),
    )
    return Verdict(image.name, image.version, built.digest, problems)


def against_release(image: AnyImage, digest: str, release: Release) -> tuple[str, ...]:
    """Where an image's version or digest and the release file differ."""
    pin = release.images.get(image.name)
    if pin is None:
        return (f"release {release.name} does not have it",)
    found = []
    if pin.version != image.version:
        found.append(f"release {release.name} has version {pin.version}, image.yaml says {image.version}")
    if pin.digest is None:
        found.append(f"release {release.name} has no digest for it yet: ./arcosctl images lock {image.name}")
    elif pin.digest != digest:
        now = "built here is" if isinstance(image, Image) else f"{image.recipe.reference} is now"
        found.append(f"release {release.name} has {pin.digest}, {now} {digest}")
    return tuple(found)


def inside(image: Image, built: BuiltImage) -> tuple[str, ...]:
    """What is wrong with the files of a built image and its bill of materials."""
    layout, attached = Layout(built.layout), Layout(built.sbom)
    if damaged := (*layout.damaged(), *attached.damaged()):
        return (f"damaged in the cache ({', '.join(damaged)}): rm -r {built.layout.parent}",)
    config = _config(layout)
    found = []
    if config["Labels"] != labels(image):
        found.append("its labels are not what image.yaml says")
    if config["User"].split(":")[0] in ("", "0", "root"):
        found.append("it runs as root")
    return (*found, *_bill_of_materials(attached.manifest(), attached, built))


def _verify_copy(image: UpstreamImage, release: Release, progress: Progress) -> Verdict:
    """An image that others build is what the release says while their tag still leads to it, and it runs."""
    pin = release.images.get(image.name)
    if pin is None or pin.digest is None:
        return Verdict(image.name, image.version, "", against_release(image, "", release))
    problems = against_release(image, ask(image, progress), release)
    copy = fetch(image, pin.digest, progress)
    return Verdict(image.name, image.version, copy.digest, (*problems, *_inside_copy(image, copy)))


def _inside_copy(image: UpstreamImage, copy: UpstreamCopy) -> tuple[str, ...]:
    layout = Layout(copy.layout)
    if damaged := layout.damaged():
        return (f"damaged in the cache ({', '.join(damaged)}): rm -r {copy.layout.parent}",)
    found = []
    if list(_config(layout).get("Entrypoint") or ()) != list(image.entrypoint):
        found.append("its entry point is not what image.yaml says")
    return (*found, *smoke(image, copy))


def _config(layout: Layout) -> dict[str, Any]:
    config: dict[str, Any] = json.loads(layout.blob(layout.manifest()["config"]["digest"]).read_bytes())["config"]
    return config


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
