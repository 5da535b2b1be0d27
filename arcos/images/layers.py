"""The recipe `layers`: Debian packages, wheels, Node packages, archives and files, put into one tree and cut in layers.

Owns the order in which the tree is filled and how it is cut: Debian's files first, then /opt, then the image's own, so
that images with the same lock share the layer. Nothing here needs root or a container engine.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from arcos.errors import ArcosError
from arcos.images import debian, node, wheels
from arcos.images.catalogue import Archive, Image, LayersRecipe
from arcos.images.fetch import fetch
from arcos.images.inside import inside

#: The folder of an image that is copied as it is.
FILES = "files"


@dataclass(frozen=True)
class Tree:
    """A filled tree, cut in layers, and what it was filled with: hashes by `name==version`."""

    layers: list[Path]
    packages: list[debian.Package] = field(default_factory=list)
    wheels: dict[str, str] = field(default_factory=dict)
    modules: dict[str, str] = field(default_factory=dict)
    archives: tuple[Archive, ...] = ()


def make(image: Image, recipe: LayersRecipe, work: Path) -> Tree:
    """Fill the tree in the folder `work` and write its layers there.

    Raises:
        ArcosError: Something could not be had, or a step failed.
    """
    root = work / "root"
    root.mkdir()
    lock = debian.read_lock(image.folder)
    debian.unpack(lock, root)
    base = set(_paths(root))
    found_wheels = wheels.install(image.folder, root, work) if recipe.python else {}
    found_modules = node.install(image.folder, root) if recipe.node else {}
    for archive in recipe.archives:
        _archive(archive, root)
    if (image.folder / FILES).is_dir():
        shutil.copytree(image.folder / FILES, root, symlinks=True, dirs_exist_ok=True)
    _people(image, root)
    for step in recipe.run:
        _run(image, recipe, step, root)
    for pattern in recipe.remove:
        for path in root.glob(pattern):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
    if (root / f"usr/bin/python{wheels.VERSION}").exists():
        wheels.compile_all(root)
    parts = _cut(root, base)
    layers = [write_tree(root, paths, work / f"layer{number}.tar") for number, paths in enumerate(parts)]
    return Tree(layers, list(lock.packages), found_wheels, found_modules, recipe.archives)


def write_tree(root: Path, paths: list[str], out: Path) -> Path:
    """A tar of some paths of a tree: sorted, of root, without times; only whether a file may be run is kept."""
    with tarfile.open(out, "w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(paths):
            entry, place = tarfile.TarInfo(path), root / path
            if place.is_symlink():
                entry.type, entry.mode, entry.linkname = tarfile.SYMTYPE, 0o777, str(place.readlink())
                tar.addfile(entry)
            elif place.is_dir():
                entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if path in ("tmp", "var/tmp") else 0o755
                tar.addfile(entry)
            else:
                status = place.stat()
                entry.mode, entry.size = 0o755 if status.st_mode & stat.S_IXUSR else 0o644, status.st_size
                with place.open("rb") as content:
                    tar.addfile(entry, content)
    return out


def _paths(root: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            yield os.path.relpath(os.path.join(folder, name), root)  # noqa: PTH118 - thousands of times


def _cut(root: Path, base: set[str]) -> list[list[str]]:
    """Debian's files and their bytecode; what is in /opt; the rest. An empty part is left out."""
    first, second, third = [], [], []
    for path in _paths(root):
        if path == "opt" or path.startswith("opt/"):
            second.append(path)
        elif path in base or "/__pycache__" in path:
            first.append(path)
        else:
            third.append(path)
    return [part for part in (first, second, third) if part]


def _people(image: Image, root: Path) -> None:
    """Names for root and the image's user, which some programs ask for; and folders every system has."""
    home = image.home or "/"
    (root / "etc").mkdir(exist_ok=True)
    (root / "etc/passwd").write_text(
        f"root:x:0:0:root:/:/usr/sbin/nologin\narcos:x:{image.user}:{image.user}:arcos:{home}:/bin/sh\n",
        encoding="utf-8",
    )
    (root / "etc/group").write_text(f"root:x:0:\narcos:x:{image.user}:\n", encoding="utf-8")
    for folder in ("tmp", "var/tmp", "run", "proc", "sys", "dev", home.strip("/")):
        (root / folder).mkdir(parents=True, exist_ok=True)


def _archive(archive: Archive, root: Path) -> None:
    file, into = fetch([archive.url], archive.sha256), root / archive.to.strip("/")
    into.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(file) as opened:
        for info in opened.infolist():
            parts = Path(info.filename).parts[archive.strip :]
            if info.is_dir() or not parts or ".." in parts:
                continue
            place = into.joinpath(*parts)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(opened.read(info))
            place.chmod(0o755 if (info.external_attr >> 16) & stat.S_IXUSR else 0o644)


def _run(image: Image, recipe: LayersRecipe, step: tuple[str, ...], root: Path) -> None:
    done = subprocess.run(
        inside(root, step),
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "SOURCE_DATE_EPOCH": "0", **recipe.env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    if done.returncode:
        raise ArcosError(
            f"a step of the image {image.name} failed: {' '.join(step)}",
            where=str(image.folder / "image.yaml"),
            why=" ".join(done.stdout.strip().splitlines()[-5:]),
            fix="run it again; if it stays so, correct `recipe.run` there",
        )
