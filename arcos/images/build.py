"""From a recipe to an OCI image in the cache: no container engine, no base image, the same digest on every machine.

Owns what is in an image and the place of the built one. Beside the image lies its bill of materials, as an artifact
that refers to the image: attached so, it cannot change the image's digest.
https://specs.opencontainers.org/image-spec/manifest/#guidelines-for-artifact-usage
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from arcos.errors import ArcosError
from arcos.images import oci
from arcos.images.catalogue import Image, LayersRecipe
from arcos.images.oci import Blob, File, Layout
from arcos.images.sbom import MEDIA_TYPE as SBOM
from arcos.images.sbom import sbom
from arcos.images.sources import PLATFORM, Material, material, recipe
from arcos.paths import cache_dir
from arcos.progress import Progress
from arcos.toolchain.cache import made_once
from arcos.toolchain.go import Go, go

#: Every image is as old as Unix: a time of building would change its digest.
_CREATED = "1970-01-01T00:00:00Z"


@dataclass(frozen=True)
class BuiltImage:
    """An image that lies in the cache."""

    name: str
    version: str
    digest: str
    """Of its manifest."""
    size: int
    """Bytes a machine downloads for it."""
    layout: Path
    """The image, as an OCI layout."""
    sbom_digest: str
    sbom: Path
    """Its bill of materials, as an OCI layout of an artifact that refers to the image."""


def build(image: Image, progress: Progress) -> BuiltImage:
    """The image from the cache, built where it is not there.

    Raises:
        ArcosError: It could not be built; nothing is left of the try.
    """
    folder = cache_dir() / "images" / f"{image.name}-{recipe(image)}"
    made_once(folder, partial(build_into, image, progress))
    return described(image, folder)


def build_into(image: Image, progress: Progress, into: Path, **settings: str) -> BuiltImage:
    """Build into an empty folder, past the cache; `settings` go to Go's environment."""
    compiler = go(progress, exactly=True)
    with progress.step(f"building image {image.name} {image.version}"), tempfile.TemporaryDirectory() as work:
        made = material(image, compiler, Path(work), **settings)
        bill = oci.canonical(sbom(image, made, compiler))
        subject = _write_image(image, made, into, Path(work), compiler)
        _write_sbom(subject, bill, into)
    return described(image, into)


def described(image: Image, folder: Path) -> BuiltImage:
    """What lies in a folder that `build_into` filled."""
    layout, attached = Layout(folder / "image"), Layout(folder / "sbom")
    return BuiltImage(
        name=image.name,
        version=image.version,
        digest=layout.manifest_blob().digest,
        size=sum(blob.size for blob in layout.blobs()),
        layout=layout.folder,
        sbom_digest=attached.manifest_blob().digest,
        sbom=attached.folder,
    )


def labels(image: Image) -> dict[str, str]:
    """https://specs.opencontainers.org/image-spec/annotations/ ; nothing that changes after the build."""
    prefix = "org.opencontainers.image."
    return {
        f"{prefix}title": image.title,
        f"{prefix}description": image.description,
        f"{prefix}authors": ", ".join(image.authors),
        f"{prefix}vendor": image.owner,
        f"{prefix}licenses": image.licence,
        f"{prefix}source": image.source,
        f"{prefix}version": image.version,
    } | ({"dev.arcos.citation": image.citation} if image.citation else {})


def configuration(image: Image, layers: Sequence[str]) -> dict[str, Any]:
    """How the image runs; `layers` are the digests of the layers before compression."""
    env = image.recipe.env if isinstance(image.recipe, LayersRecipe) else {}
    return {
        **PLATFORM,
        "created": _CREATED,
        "config": {
            "User": f"{image.user}:{image.user}",
            "Entrypoint": list(image.entrypoint),
            "WorkingDir": image.home or "/",
            "Labels": labels(image),
        }
        | ({"Env": [f"{name}={value}" for name, value in sorted(env.items())]} if env else {}),
        "rootfs": {"type": "layers", "diff_ids": list(layers)},
        "history": [{"created": _CREATED, "created_by": f"arcosctl images build {image.name}"} for _ in layers],
    }


def _files(image: Image, made: Material) -> dict[str, File]:
    """All that is in an image: its program, and a name for its user, which some programs ask for."""
    if made.program is None:
        raise ValueError(f"{image.name} has no program")
    user = f"root:x:0:0:root:/:/nologin\narcos:x:{image.user}:{image.user}:arcos:/:/nologin\n"
    return {
        image.entrypoint[0]: File(made.program, 0o755),
        "/etc/passwd": File(user.encode()),
        "/etc/group": File(f"root:x:0:\narcos:x:{image.user}:\n".encode()),
        **made.files,
    }


def _write_image(image: Image, made: Material, into: Path, work: Path, compiler: Go) -> Blob:
    layout = Layout(into / "image")
    if made.tree:
        tars = made.tree.layers
    else:
        tars = [work / "layer.tar"]
        oci.write_tar(_files(image, made), tars[0])
    plain = []
    for tar in tars:
        with tar.open("rb") as stream:
            plain.append(oci.sha256(stream))
    layers = [layout.add(oci.LAYER, _compress(tar, compiler)) for tar in tars]
    config = layout.add(oci.CONFIG, oci.canonical(configuration(image, plain)))
    return layout.finish(
        {
            "schemaVersion": 2,
            "mediaType": oci.MANIFEST,
            "config": config.descriptor(),
            "layers": [layer.descriptor() for layer in layers],
        }
    )


def _write_sbom(subject: Blob, bill: bytes, into: Path) -> None:
    layout = Layout(into / "sbom")
    layout.finish(
        {
            "schemaVersion": 2,
            "mediaType": oci.MANIFEST,
            "artifactType": SBOM,
            "config": layout.add(oci.EMPTY, b"{}").descriptor(),
            "layers": [layout.add(SBOM, bill).descriptor()],
            "subject": subject.descriptor(),
        }
    )


def _compress(tar: Path, compiler: Go) -> Path:
    """Compress with the locked Go's own compressor (why: `gzip/main.go`). It is compiled in a second."""
    program, out = tar.with_name("gzip"), tar.with_suffix(".tar.gz")
    compiler.run(["build", "-o", str(program), "."], Path(__file__).parent / "gzip")
    with tar.open("rb") as stream, out.open("wb") as compressed:
        done = subprocess.run([str(program)], stdin=stream, stdout=compressed, stderr=subprocess.PIPE)
    if done.returncode:
        why = done.stderr.decode(errors="replace").strip()
        raise ArcosError("a layer could not be compressed", where=str(tar), why=why, fix="free disk space, try again")
    return out
