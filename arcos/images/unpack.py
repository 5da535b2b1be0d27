"""An image's files in a folder, as a container runtime would lay them there.

Layers that were built here hold no links and no removals, so Python's own tar does. What others built is taken apart by
GNU tar, which never writes outside the folder, whatever names and links an archive holds.
https://specs.opencontainers.org/image-spec/layer/#whiteouts
"""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from pathlib import Path, PurePosixPath

from arcos.errors import ArcosError
from arcos.images.oci import Layout

_REMOVED, _ALL_REMOVED = ".wh.", ".wh..wh..opq"


def unpack(layout: Layout, root: Path) -> None:
    """Put the files of an image that was built here into a folder."""
    for layer in layout.manifest()["layers"]:
        with tarfile.open(layout.blob(layer["digest"])) as tar:
            # Debian 12's Python (3.11.2) has no filters yet; the layer is our own, written a moment ago.
            tar.extraction_filter = getattr(tarfile, "tar_filter", None)
            tar.extractall(root)  # noqa: S202


def unpack_others(layout: Layout, root: Path) -> None:
    """Put the files of an image that others built into a folder that is there, without devices and setuid bits.

    Raises:
        ArcosError: A layer cannot be read.
    """
    for layer in layout.manifest()["layers"]:
        file = layout.blob(layer["digest"])
        for name in _tar("--list", file).splitlines():
            _remove(root, PurePosixPath(name))
        options = ("--extract", "--no-same-owner", "--no-same-permissions", "--delay-directory-restore")
        left_out = (f"--exclude={_REMOVED}*", "--anchored", "--exclude=dev/*", "--exclude=./dev/*")
        _tar(*options, f"--directory={root}", *left_out, file)


def _remove(root: Path, entry: PurePosixPath) -> None:
    """Take away what an entry of a layer says is gone from the layers below it."""
    if not entry.name.startswith(_REMOVED):
        return
    folder = root / entry.parent
    if ".." in entry.parts or not folder.resolve().is_relative_to(root.resolve()) or not folder.is_dir():
        return
    gone = list(folder.iterdir()) if entry.name == _ALL_REMOVED else [folder / entry.name.removeprefix(_REMOVED)]
    for one in gone:
        if one.is_dir() and not one.is_symlink():
            shutil.rmtree(one)
        else:
            one.unlink(missing_ok=True)


def _tar(*arguments: str | Path) -> str:
    """Run GNU tar; the archive is the last argument."""
    *options, archive = map(str, arguments)
    command = ["tar", *options, f"--file={archive}"]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, umask=0o022)
    if done.returncode:
        raise ArcosError("a layer cannot be read", where=archive, why=done.stderr.strip()[-300:])
    return done.stdout
