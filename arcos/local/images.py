"""Images on a local node: put into its container runtime from files, with no registry anywhere."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arcos.errors import ArcosError
from arcos.images import importer
from arcos.local import state as states
from arcos.progress import Progress
from arcos.site.release import load_release
from arcos.toolchain.together import together

if TYPE_CHECKING:
    from arcos.site.model import Site

_POD_TEMPLATES = {"Pod": ("spec",), "CronJob": ("spec", "jobTemplate", "spec", "template", "spec")}
_TEMPLATE = ("spec", "template", "spec")


def named(manifests: Iterable[Mapping[str, Any]]) -> list[str]:
    """Every image that the manifests' pods run, once each, in order."""
    found = {str(container["image"]): None for manifest in manifests for container in _containers(manifest)}
    return sorted(found)


def _containers(manifest: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    part: Any = manifest
    for key in _POD_TEMPLATES.get(str(manifest["kind"]), _TEMPLATE):
        part = part.get(key) if isinstance(part, Mapping) else None
    if isinstance(part, Mapping):
        yield from part.get("initContainers") or ()
        yield from part.get("containers") or ()


def sandbox_image(site: Site) -> str:
    """The image that holds each pod's namespaces; no manifest names it."""
    return load_release(site.release).image(site.registry, "pause")


def archives_for(
    manifests: Iterable[Mapping[str, Any]],
    site: Site,
    progress: Progress,
    beside: Sequence[Callable[[], Path]] = (),
) -> list[tuple[str, Path]]:
    """Every image that a local site needs and this checkout builds: its reference, and the file that has it.

    `beside` is built at the same time.

    Raises:
        ArcosError: One cannot be built, or is not the one of the release.
    """
    return importer.archives_for([*named(manifests), sandbox_image(site)], progress, beside)


def import_images(site: Site, archives: Sequence[tuple[str, Path]], progress: Progress) -> None:
    """Put images into the runtime of the site's running node; those it has already are skipped.

    Args:
        site: The site, its real node running.
        archives: Each image's full reference and the file that has it.
        progress: Where to show the steps.

    Raises:
        ArcosError: The node is not running, or the runtime refuses an image.
    """
    ctr = _ctr(site)
    listed = set(_run([*ctr, "images", "ls", "-q"], site).split())
    missing = [(name, archive) for name, archive in archives if importer.name_in_runtime(name) not in listed]
    if not missing:
        return
    with progress.step(f"import {len(missing)} images") as step:

        def one(name: str, archive: Path) -> None:
            step.note(name.partition("@")[0])
            _run([*ctr, "images", "import", "--local", str(archive)], site)

        # The largest first: nothing is left alone at the end on one core.
        largest_first = sorted(missing, key=lambda found: found[1].stat().st_size, reverse=True)
        together([partial(one, name, archive) for name, archive in largest_first])


def _ctr(site: Site) -> list[str]:
    """containerd's own client; the node's socket is reached through the file system of its first process."""
    known = states.read(site.name)
    inside = states.numbers_outside(known.pid) if known.running and not known.simulate else {}
    if 1 not in inside:
        raise ArcosError(f"the real node of {site.name} is not running", fix=f"./arcosctl up {site.name}")
    socket = f"/proc/{inside[1]}/root/run/containerd/containerd.sock"
    program = str(Path(known.settings["programs"]) / "ctr")
    return [program, "--address", socket, "--namespace", "k8s.io"]


def _run(command: list[str], site: Site) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ArcosError(
            "the node's container runtime refused an image",
            where=command[-1],
            why=done.stderr.strip()[-500:],
            fix=f"./arcosctl logs {site.name} containerd",
        )
    return done.stdout
