"""Images that others build: their registry is asked which image a tag is, and that one is copied, bit for bit.

Owns the asking and the copy in the cache. A tag is only ever asked about; everything else goes by the digest that
`./arcosctl images lock` wrote. Of an image for several machines, ours is the one for linux/amd64.
https://github.com/opencontainers/distribution-spec/blob/main/spec.md ; why: docs/adr/0020-upstream-images.md
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from arcos.errors import USAGE, ArcosError
from arcos.images.catalogue import UpstreamImage
from arcos.images.crane import ASKING, crane, run
from arcos.images.oci import Layout
from arcos.images.sources import PLATFORM
from arcos.paths import cache_dir
from arcos.progress import Progress
from arcos.toolchain.cache import made_once

_PLATFORM = f"--platform={PLATFORM['os']}/{PLATFORM['architecture']}"


@dataclass(frozen=True)
class UpstreamCopy:
    """An image of others that lies in the cache."""

    name: str
    version: str
    digest: str
    """Of its manifest."""
    size: int
    """Bytes a machine downloads for it."""
    layout: Path
    """The image, as an OCI layout."""


def ask(image: UpstreamImage, progress: Progress) -> str:
    """The digest that the registry names for the image's tag now, for our kind of machine.

    Raises:
        ArcosError: The registry does not answer, or has no such image.
    """
    reference = image.recipe.reference
    with progress.step(f"asking for {reference}"):
        said = run(crane(progress), "digest", _PLATFORM, reference, about=reference, timeout=ASKING).strip()
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", said):
        raise ArcosError("the registry names no digest", where=reference, why=f"it says: {said[:200]}")
    return said


def fetch(image: UpstreamImage, digest: str, progress: Progress) -> UpstreamCopy:
    """The image with this digest from the cache, copied where it is not there.

    Raises:
        ArcosError: The registry does not give it; nothing is left of the try.
    """
    folder = cache_dir() / "images" / f"{image.name}-{digest.removeprefix('sha256:')[:16]}"
    made_once(folder, partial(_copy, image, digest, progress))
    layout = Layout(folder / "image")
    size = sum(blob.size for blob in layout.blobs())
    return UpstreamCopy(image.name, image.version, digest, size, layout.folder)


def unresolved(image: UpstreamImage, release: str) -> ArcosError:
    """What is said where an image of others is wanted, and nobody has asked yet which one it is."""
    return ArcosError(
        f"image {image.name} has no digest yet",
        where=f"releases/{release}.yaml: images.{image.name}.digest, for the field {image.recipe.field} of a site",
        why=f"others build it ({image.recipe.reference}), and their registry has not been asked which one that is",
        fix=f"./arcosctl images lock {image.name}  (needs the network)",
        exit_code=USAGE,
    )


def _copy(image: UpstreamImage, digest: str, progress: Progress, into: Path) -> None:
    source = f"{image.recipe.reference.rpartition(':')[0]}@{digest}"
    with progress.step(f"copying image {image.name} {image.version}"):
        run(crane(progress), "pull", "--format=oci", _PLATFORM, source, str(into / "image"), about=source)
    layout = Layout(into / "image")
    found = layout.manifest_blob().digest
    if found != digest or layout.damaged():
        raise ArcosError(
            f"the copy of image {image.name} is not what was asked for",
            where=source,
            why=f"its digest is {found}" if found != digest else "a part of it is damaged",
            fix="run it again; if it stays so, do not use this registry",
        )
