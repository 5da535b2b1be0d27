"""Writing what was built, or what others' registries name, into the release file: versions and digests alone."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import yaml

from arcos.errors import USAGE, ArcosError
from arcos.images.build import build
from arcos.images.catalogue import AnyImage, GoRecipe, Image, LayersRecipe
from arcos.images.debian import AUTHORITIES, LOCK, Lock, read_lock, resolve
from arcos.images.upstream import ask
from arcos.paths import RELEASES
from arcos.progress import Progress
from arcos.toolchain.together import together


@dataclass(frozen=True)
class Pin:
    """What a release file says of an image."""

    version: str
    digest: str


def lock(images: Sequence[AnyImage], release: str, progress: Progress, releases: Path = RELEASES) -> dict[str, Pin]:
    """Build images, or ask those who do, and write versions and digests into `releases/<release>.yaml`: all or none.

    Returns:
        Those that the file did not have so before.

    Raises:
        ArcosError: There is no such release, its file cannot be edited line by line, or an image could not be built;
            a registry does not answer, or names another image for a tag than it did before.
    """
    file = releases / f"{release}.yaml"
    if not file.is_file():
        names = ", ".join(sorted(one.stem for one in releases.glob("*.yaml")))
        raise ArcosError(f"there is no release `{release}`", where=str(file), why=f"there is: {names}", exit_code=USAGE)
    before = file.read_text(encoding="utf-8")
    digests = together([partial(_digest, image, before, str(file), progress) for image in images])
    built = {image.name: Pin(image.version, digest) for image, digest in zip(images, digests, strict=True)}
    after = edited(before, built, str(file))
    if after != before:
        _write(file, after)
    return {name: pin for name, pin in built.items() if edited(before, {name: pin}, str(file)) != before}


def _digest(image: AnyImage, text: str, where: str, progress: Progress) -> str:
    """What an image is now. A tag of others that leads elsewhere than it did is an alarm, not an update."""
    if isinstance(image, Image):
        return build(image, progress).digest
    digest = ask(image, progress)
    entry = ((yaml.safe_load(text) or {}).get("images") or {}).get(image.name) or {}
    if str(entry.get("version")) == image.version and entry.get("digest") not in (None, digest):
        raise ArcosError(
            f"{image.recipe.reference} is another image than it was",
            where=f"{where}: images.{image.name}.digest",
            why=f"locked is {entry['digest']}, the registry names {digest} now",
            fix="find out from its makers why; to take the new one, set the digest to null and run it again",
        )
    return digest


def lock_packages(images: Sequence[AnyImage]) -> list[Path]:
    """Choose the newest Debian packages for those images that are made of some; the files that were changed.

    Raises:
        ArcosError: apt is not there, or does not know a package.
    """
    changed = []
    for image in images:
        if locked := _packages(image):
            file = image.folder / LOCK
            known = file.is_file() and read_lock(image.folder).packages == locked.packages
            if not known:
                file.write_text(locked.text(), encoding="utf-8")
                changed.append(file)
    return changed


def _packages(image: AnyImage) -> Lock | None:
    recipe = image.recipe
    if isinstance(recipe, LayersRecipe):
        return resolve(recipe.packages, recipe.without)
    if isinstance(recipe, GoRecipe) and recipe.authorities:
        whole = resolve([AUTHORITIES], [])
        return replace(whole, packages=tuple(one for one in whole.packages if one.name == AUTHORITIES))
    return None


def edited(text: str, pins: Mapping[str, Pin], where: str) -> str:
    """The text of a release file with the pins in it; comments and all else stay. An image it lacks is added."""
    found = re.search(r"^images:[ \t]*(#.*)?\n((?:[ \t]+.*\n|[ \t]*#.*\n|\n)*)", text, re.MULTILINE)
    if not found:
        raise ArcosError(
            "the release file has no block `images:`", where=where, fix="write `images:` on a line of its own there"
        )
    block = found[2]
    for name, pin in sorted(pins.items()):
        block = _with(block, name, pin, where)
    return text[: found.start(2)] + block + text[found.end(2) :]


def _with(block: str, name: str, pin: Pin, where: str) -> str:
    entry = re.compile(rf"^  {re.escape(name)}:[ \t]*(#.*)?\n((?:    .*\n)*)", re.MULTILINE)
    found = entry.search(block)
    if not found:
        if re.search(rf"^\s*[\"']?{re.escape(name)}[\"']?\s*:", block, re.MULTILINE):
            raise ArcosError(
                f"the entry of {name} cannot be edited",
                where=where,
                why="it is not in the usual form",
                fix=f"write it as three lines: `  {name}:`, `    version: ...`, `    digest: null`",
            )
        return f'{block.rstrip()}\n  {name}:\n    version: "{pin.version}"\n    digest: {pin.digest}\n'.lstrip("\n")
    lines = _set(_set(found[2], "version", f'"{pin.version}"'), "digest", pin.digest)
    return block[: found.start(2)] + lines + block[found.end(2) :]


def _set(lines: str, key: str, value: str) -> str:
    """Change a key's value and keep a comment behind it."""
    changed, count = re.subn(
        rf"^(    {key}:[ \t]*)(\"[^\"]*\"|'[^']*'|[^\s#]*)", rf"\g<1>{value}", lines, count=1, flags=re.MULTILINE
    )
    return changed if count else f"{lines}    {key}: {value}\n"


def _write(file: Path, text: str) -> None:
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=file.parent, prefix=f".{file.name}.", delete=False
    ) as new:
        new.write(text)
    Path(new.name).chmod(0o644)
    Path(new.name).replace(file)
