"""Images for a cluster on a laptop: kind, k3d and minikube take them in by a command of their own, with no registry.

Such a site is of kind `existing`; which of the three it is, its kubeconfig tells. On minikube the runtime has to be
containerd (`minikube start --container-runtime=containerd`): Docker does not know an image by its digest before it was
pulled. https://kind.sigs.k8s.io/docs/user/quick-start/#loading-an-image-into-your-cluster,
https://k3d.io/stable/usage/commands/k3d_image_import/,
https://minikube.sigs.k8s.io/docs/commands/image/#minikube-image-load
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arcos.apply.kubectl import Kubectl
from arcos.errors import USAGE, ArcosError
from arcos.images import importer
from arcos.local.images import named
from arcos.progress import Progress
from arcos.render.order import Manifest

_MINIKUBE = "minikube.sigs.k8s.io"


@dataclass(frozen=True, kw_only=True)
class Laptop:
    """A cluster as the program that made it knows it."""

    program: str
    cluster: str

    def command(self, archive: Path) -> list[str]:
        """What loads one archive."""
        load = {
            "kind": ["load", "image-archive", str(archive), "--name", self.cluster],
            "k3d": ["image", "import", str(archive), "--cluster", self.cluster],
            "minikube": ["image", "load", str(archive), "--profile", self.cluster],
        }
        return [self.program, *load[self.program]]


def load(kubectl: Kubectl, manifests: Iterable[Manifest], progress: Progress) -> list[str]:
    """Build what pods run, and load it; the references that were loaded.

    Raises:
        ArcosError: It is no cluster on a laptop, its program is missing or refuses, or an image cannot be built.
    """
    laptop = detect(kubectl.json("config", "view", "--minify"), kubectl.where)
    if shutil.which(laptop.program) is None:
        what = f"`{laptop.program}` is not on the PATH"
        why = f"only it can put images into the cluster {laptop.cluster}"
        raise ArcosError(what, why=why, fix=f"install {laptop.program}, or run this where it is")
    archives = importer.archives_for(named(manifests), progress)
    with progress.step(f"load {len(archives)} images into {laptop.program} cluster {laptop.cluster}") as step:
        for reference, archive in archives:
            step.note(reference.partition("@")[0])
            _run(laptop.command(archive))
    return [reference for reference, _ in archives]


def detect(config: dict[str, Any], where: str) -> Laptop:
    """Which program made the cluster that a kubeconfig of one context leads to.

    Raises:
        ArcosError: None of the three did.
    """
    context = str(config.get("current-context") or (config.get("contexts") or [{}])[0].get("name", ""))
    for program in ("kind", "k3d"):
        if context.startswith(f"{program}-"):
            return Laptop(program=program, cluster=context.removeprefix(f"{program}-"))
    for cluster in config.get("clusters") or ():
        for extension in cluster["cluster"].get("extensions") or ():
            if extension.get("extension", {}).get("provider") == _MINIKUBE:
                return Laptop(program="minikube", cluster=str(cluster["name"]))
    raise ArcosError(
        "this is no cluster of kind, k3d or minikube",
        where=f"{where}: context {context or 'none'}",
        why="only they take images in without a registry",
        fix="./arcosctl images push REGISTRY, with the site's `registry`",
        exit_code=USAGE,
    )


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise ArcosError(
            f"{command[0]} did not take an image in",
            where=" ".join(command),
            why=" ".join(said) or f"it left with {done.returncode}",
            fix=f"run that command by hand; is the cluster up? {command[0]} --help",
        )
