"""Node packages as files of an image: what `package-lock.json` beside the `image.yaml` names, below /opt/node.

Each package is one tarball of the registry, checked by the lock's own hash; no script of any package runs.
https://docs.npmjs.com/cli/configuring-npm/package-lock-json
"""

from __future__ import annotations

import base64
import json
import os
import tarfile
from pathlib import Path

from arcos.errors import ArcosError
from arcos.images.fetch import fetch

LOCK = "package-lock.json"
NODE = "opt/node"
_REGISTRY = "https://registry.npmjs.org"


def install(folder: Path, root: Path) -> dict[str, str]:
    """Put all packages into `root`/opt/node/node_modules.

    Returns:
        SHA-512 of each package by `name==version`.

    Raises:
        ArcosError: A package could not be had, or the lock names none from a registry.
    """
    lock = json.loads((folder / LOCK).read_text(encoding="utf-8"))
    found = {}
    for place, package in sorted(lock["packages"].items()):
        if not place or package.get("dev") or package.get("optional"):
            continue
        algorithm, _, hashed = package.get("integrity", "").partition("-")
        name = place.rpartition("node_modules/")[2]
        if algorithm != "sha512":
            raise ArcosError(
                f"{place} is not locked", where=str(folder / LOCK), fix="make the lock with npm 9 or newer"
            )
        digest = base64.b64decode(hashed).hex()
        # The lock may leave the address out, and then it is where the registry keeps all of them.
        address = f"{_REGISTRY}/{name}/-/{name.rpartition('/')[2]}-{package['version']}.tgz"
        _unpack(fetch([package.get("resolved") or address], digest, "sha512"), root / NODE / place)
        found[f"{name}=={package['version']}"] = digest
    _commands(root / NODE)
    return found


def _unpack(tarball: Path, into: Path) -> None:
    with tarfile.open(tarball) as tar:
        tar.extraction_filter = getattr(tarfile, "data_filter", None)
        for member in tar:
            # All is below one folder, whatever its name.
            _, _, member.name = member.name.partition("/")
            if member.isfile() and member.name and ".." not in Path(member.name).parts:
                member.mode |= 0o644
                tar.extract(member, into)


def _commands(node: Path) -> None:
    """The commands of the packages at the top, as npm would link them."""
    folder = node / "node_modules" / ".bin"
    folder.mkdir(parents=True, exist_ok=True)
    for file in sorted((node / "node_modules").glob("*/package.json")):
        told = json.loads(file.read_text(encoding="utf-8"))
        commands = told.get("bin") or {}
        for name, place in ({told["name"]: commands} if isinstance(commands, str) else commands).items():
            target = file.parent / place
            if target.is_file():
                target.chmod(0o755)
                (folder / name).symlink_to(os.path.relpath(target, folder))
