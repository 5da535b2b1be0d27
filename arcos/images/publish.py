"""Copying images into a registry: the same bytes, so the same digest, wherever a site takes its images from.

Images that others build go there too, so that a site pulls from one place only. Who may push is the registry's
business: crane uses the login that `crane auth login` or `docker login` left.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from arcos.errors import ArcosError
from arcos.images.build import BuiltImage
from arcos.images.catalogue import AnyImage
from arcos.images.crane import crane, run
from arcos.images.obtain import obtain
from arcos.progress import Progress
from arcos.site.release import Release


@dataclass(frozen=True)
class Pushed:
    """An image that a registry has."""

    name: str
    reference: str
    """`registry/name:version@sha256:...`, as pods name it."""
    sbom: str
    """`registry/name@sha256:...` of its bill of materials; "" for an image that others build."""


def push(image: AnyImage, registry: str, release: Release, progress: Progress) -> Pushed:
    """Copy an image and its bill of materials; what the registry has already is not sent again.

    Args:
        image: The image; built or copied where it is not in the cache.
        registry: Host and path that images lie under, such as `registry.example.edu.au/arcos`.
        release: Which image is meant, of those that others build.
        progress: Told of builds and of the copying.

    Raises:
        ArcosError: It could not be had, or the registry refuses it.
    """
    had = obtain(image, release, progress)
    program = crane(progress)
    repository = f"{registry}/{image.name}"
    with progress.step(f"pushing {repository}:{image.version}"):
        # A later build of this version takes its tag over; a tag of its own keeps this one from being tidied away.
        kept = f"{repository}:{image.version}-{had.digest.removeprefix('sha256:')[:12]}"
        run(program, "push", str(had.layout), kept, about=kept)
        run(program, "tag", kept, image.version, about=kept)
        bill = ""
        if isinstance(had, BuiltImage):
            bill = f"{repository}@{had.sbom_digest}"
            run(program, "push", str(had.sbom), bill, about=bill)
        _check(program, f"{repository}:{image.version}", had.digest)
    return Pushed(image.name, f"{repository}:{image.version}@{had.digest}", bill)


def _check(program: Path, reference: str, pushed: str) -> None:
    digest = run(program, "digest", reference, about=reference).strip()
    if digest != pushed:
        raise ArcosError(
            "the registry changed the image",
            where=reference,
            why=f"pushed was {pushed}, it has {digest}",
            fix="let the registry keep OCI manifests as they are, or use another",
        )
