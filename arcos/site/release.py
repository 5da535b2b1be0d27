"""A release: the versions and digests that every site of that release runs, one file `releases/<name>.yaml`.

A digest is written by `./arcosctl images lock`, never by hand. Until then it is null, which is called unresolved: the
release loads and renders, and cannot run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from arcos.errors import USAGE, ArcosError
from arcos.paths import RELEASES
from arcos.site.diagnostics import SiteErrors, nearest
from arcos.site.document import parse
from arcos.site.files import listing, read_text, shown
from arcos.site.validate import validate
from components.units import Day, DnsLabel, Many, Settings, refuse

#: Stands where a digest belongs that is not locked yet.
UNRESOLVED = "unresolved"

Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]


class ImagePin(Settings):
    """One image of a release."""

    version: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$")]
    """The tag."""

    digest: Digest | None = None
    """SHA-256 of the image's manifest or index; null while unresolved."""

    platforms: Annotated[Many[str], Field(min_length=1)] = ("linux/amd64",)
    """What the image runs on."""


class SupportWindow(Settings):
    """The days a release is supported, first and last included."""

    first: Annotated[Day, Field(alias="from")]
    """First day."""

    until: Day
    """Last day."""

    @field_validator("until")
    @classmethod
    def _ends_after_start(cls, value: Day, info: ValidationInfo) -> Day:
        first = info.data.get("first")
        if first is not None and value < first:
            raise refuse("is before `from`", f"a day from {first} on")
        return value


class Release(Settings):
    """What `releases/<name>.yaml` says."""

    outside: ClassVar[tuple[str, ...]] = ("name",)

    name: str
    """The file's name without `.yaml`."""

    kubernetes: Annotated[str, StringConstraints(pattern=r"^1\.[0-9]{2}$")]
    """The Kubernetes minor, in quotes: "1.37"."""

    supported: SupportWindow
    """When the release is supported."""

    images: dict[DnsLabel, ImagePin]
    """Every image by its folder in `images/`."""

    def image(self, registry: str, name: str) -> str:
        """The full reference of an image: `registry/name:version@sha256:...`.

        An unresolved digest gives `registry/name:version@unresolved`: it renders, everybody sees it, and no container
        runtime accepts it, so nothing ever runs by tag alone.

        Raises:
            ArcosError: The release does not have the image.
        """
        pin = self.images.get(name)
        if pin is None:
            raise ArcosError(
                f"release {self.name} has no image `{name}`",
                where=f"releases/{self.name}.yaml",
                why=f"it has: {', '.join(sorted(self.images))}",
                fix="./arcosctl images list",
            )
        return f"{registry}/{name}:{pin.version}@{pin.digest or UNRESOLVED}"

    def unresolved(self) -> tuple[str, ...]:
        """Names of the images whose digest is not locked yet; `./arcosctl images lock` mends that."""
        return tuple(sorted(name for name, pin in self.images.items() if pin.digest is None))


def release_names(releases: Path = RELEASES) -> tuple[str, ...]:
    """The releases there are, oldest first."""
    return tuple(name[:-5] for name in listing(releases) if name.endswith(".yaml") and len(name) > 5)


def load_release(name: str, releases: Path = RELEASES) -> Release:
    """Read `releases/<name>.yaml`.

    Raises:
        ArcosError: There is no such release.
        SiteErrors: The file is wrong; every mistake with its place.
    """
    names = release_names(releases)
    if name not in names:
        better = nearest(name, names) or (names[-1] if names else "")
        raise ArcosError(
            f"there is no release `{name}`",
            where=shown(releases),
            why=f"there is: {', '.join(names) or 'none'}",
            fix=f'name one that there is, as in release: "{better}"' if better else "git checkout releases",
            exit_code=USAGE,
        )
    file = releases / f"{name}.yaml"
    text, problem = read_text(file, releases)
    if problem:
        raise SiteErrors([problem])
    document = parse(shown(file), text, nulls=True)
    release, findings = validate(Release, document.data, document, extra={"name": name})
    if release is None:
        raise SiteErrors(findings)
    return release
