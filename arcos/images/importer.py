"""An image as one file that a container runtime takes in under the name by which pods ask for it.

A pod names an image by registry, tag and digest; containerd drops the tag where there is a digest, and looks for the
rest. https://github.com/containerd/containerd/blob/main/docs/cri/registry.md , reference.ParseDockerRef
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from arcos.errors import ArcosError
from arcos.images import oci
from arcos.images.build import build
from arcos.images.catalogue import AnyImage, Image, catalogue
from arcos.images.oci import File, Layout
from arcos.images.upstream import fetch
from arcos.progress import Progress
from arcos.toolchain.cache import made_once
from arcos.toolchain.together import together


def archive_for(image: AnyImage, reference: str, progress: Progress) -> Path:
    """A tar for `ctr --namespace k8s.io images import`.

    Args:
        image: The image; built where it is not in the cache, or copied from those who build it.
        reference: How pods name it: `registry/name:version@sha256:...`.
        progress: Told when it is built.

    Raises:
        ArcosError: What is built here is not what the reference asks for, or could not be built.
    """
    digest = reference.partition("@")[2]
    had = build(image, progress) if isinstance(image, Image) else fetch(image, digest, progress)
    if digest and digest != had.digest:
        raise ArcosError(
            f"the image {image.name} that is built here is not the one of the release",
            where=f"images/{image.name}",
            why=f"its digest is {had.digest}, asked for is {digest}",
            fix=f"./arcosctl images lock {image.name}  (if its recipe was changed on purpose)",
        )
    known_as = name_in_runtime(reference)
    folder = had.layout.parent.with_name(
        f"{had.layout.parent.name}-{hashlib.sha256(known_as.encode()).hexdigest()[:8]}"
    )
    made_once(folder, lambda into: _write(Layout(had.layout), known_as, into / "image.tar"))
    return folder / "image.tar"


def name_in_runtime(reference: str) -> str:
    """The name under which containerd looks for a reference: no tag where there is a digest."""
    name, at, digest = reference.partition("@")
    if not at:
        return reference
    host, slash, rest = name.rpartition("/")
    return f"{host}{slash}{rest.partition(':')[0]}@{digest}"


def _write(layout: Layout, known_as: str, out: Path) -> None:
    manifest = layout.manifest_blob()
    named: dict[str, Any] = {**manifest.descriptor(), "annotations": {"io.containerd.image.name": known_as}}
    index = oci.canonical({"schemaVersion": 2, "mediaType": oci.INDEX, "manifests": [named]})
    files = {f"/{layout.blob(blob.digest).relative_to(layout.folder)}": blob.digest for blob in layout.blobs()}
    oci.write_tar(
        {
            "/oci-layout": File(layout.folder / "oci-layout"),
            "/index.json": File(index),
            **{place: File(layout.blob(digest)) for place, digest in files.items()},
        },
        out,
    )


def archives_for(
    references: Iterable[str], progress: Progress, beside: Sequence[Callable[[], Path]] = ()
) -> list[tuple[str, Path]]:
    """Each reference to an image of the catalogue with its archive; others come from their registry.

    Args:
        references: How pods name them.
        progress: Told what is built.
        beside: What else is to be built, at the same time.

    Raises:
        ArcosError: See `archive_for`; and whatever `beside` raises.
    """
    known = {image.name: image for image in catalogue()}
    names = {reference: _short_name(reference) for reference in sorted(set(references))}
    wanted = [(reference, known[name]) for reference, name in names.items() if name in known]
    tasks: list[Callable[[], Path]] = [*beside]
    tasks += [partial(archive_for, image, reference, progress) for reference, image in wanted]
    made = together(tasks)[len(beside) :]
    return [(reference, archive) for (reference, _), archive in zip(wanted, made, strict=True)]


def _short_name(reference: str) -> str:
    return name_in_runtime(reference).partition("@")[0].rpartition("/")[2].partition(":")[0]
