"""Copying images into a registry: the same bytes, so the same digest, wherever a site takes its images from.

The work is crane's (`toolchain/crane`). Who may push is the registry's business: crane uses the login that
`crane auth login` or `docker login` left. https://github.com/google/go-containerregistry/blob/main/cmd/crane/doc/crane.md
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from arcos.errors import ArcosError
from arcos.images.build import BuiltImage, build
from arcos.images.catalogue import Image
from arcos.progress import Progress
from arcos.toolchain.programs import ensure


@dataclass(frozen=True)
class Pushed:
    """An image that a registry has."""

    name: str
    reference: str
    """`registry/name:version@sha256:...`, as pods name it."""
    sbom: str
    """`registry/name@sha256:...` of its bill of materials."""


def push(image: Image, registry: str, progress: Progress) -> Pushed:
    """Copy an image and its bill of materials; what the registry has already is not sent again.

    Args:
        image: The image; built where it is not in the cache.
        registry: Host and path that images lie under, such as `registry.example.edu.au/arcos`.
        progress: Told of builds and of the copying.

    Raises:
        ArcosError: It could not be built, or the registry refuses it.
    """
    built = build(image, progress)
    crane = ensure(["crane"], progress) / "crane"
    repository = f"{registry}/{image.name}"
    with progress.step(f"pushing {repository}:{image.version}"):
        # A later build of this version takes its tag over; a tag of its own keeps this one from being tidied away.
        kept = f"{repository}:{image.version}-{built.digest.removeprefix('sha256:')[:12]}"
        _crane(crane, "push", str(built.layout), kept)
        _crane(crane, "tag", kept, image.version)
        bill = f"{repository}@{built.sbom_digest}"
        _crane(crane, "push", str(built.sbom), bill)
        _check(crane, f"{repository}:{image.version}", built)
    return Pushed(image.name, f"{repository}:{image.version}@{built.digest}", bill)


def _check(crane: Path, reference: str, built: BuiltImage) -> None:
    digest = _crane(crane, "digest", reference).strip()
    if digest != built.digest:
        raise ArcosError(
            "the registry changed the image",
            where=reference,
            why=f"pushed was {built.digest}, it has {digest}",
            fix="let the registry keep OCI manifests as they are, or use another",
        )


def _crane(crane: Path, *arguments: str) -> str:
    done = subprocess.run([str(crane), *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode == 0:
        return done.stdout
    said = (done.stderr.strip().splitlines() or ["it was ended from outside"])[-1]
    reference = arguments[-1] if arguments[0] != "tag" else arguments[1]
    denied = any(word in said for word in ("UNAUTHORIZED", "DENIED", "401", "403"))
    host = reference.partition("/")[0]
    raise ArcosError(
        f"crane {arguments[0]} failed",
        where=reference,
        why=said.removeprefix("Error: "),
        fix=f"{crane} auth login {host}" if denied else f"check that {host} can be reached, then run it again",
    )
