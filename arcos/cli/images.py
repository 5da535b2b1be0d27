"""``arcosctl images``: the golden containers, from their recipe to a registry."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from arcos.errors import ArcosError
from arcos.progress import Progress

if TYPE_CHECKING:
    from arcos.images.catalogue import AnyImage
    from arcos.site.release import Release

app = typer.Typer(no_args_is_help=True, help="The golden containers: list, show, build, verify, push, load, lock.")
NAMES = Annotated[list[str] | None, typer.Argument(metavar="[IMAGE]...", help="Images; all without a name.")]
JSON = Annotated[bool, typer.Option("--json", help="For scripts.")]
RELEASE = Annotated[str, typer.Option("--release", help="A file in releases/; the newest by default.")]


@app.command("list", epilog="Example: ./arcosctl images list --json")
def list_(as_json: JSON = False) -> None:
    """List the images: version, state, licence, who builds them, and the digest that the newest release locks."""
    from rich.console import Console
    from rich.table import Column, Table

    from arcos.images.catalogue import UpstreamImage
    from arcos.site.release import UNRESOLVED, load_release

    release = load_release(_newest())
    rows = []
    for image in _images(None):
        pin = release.images.get(image.name)
        digest = (pin.digest if pin else None) or UNRESOLVED
        source = image.recipe.reference if isinstance(image, UpstreamImage) else "built here"
        rows.append((image.name, image.version, image.state.value, image.licence, source, digest))
    if as_json:
        keys = ("name", "version", "state", "licence", "from", "digest")
        typer.echo(json.dumps([dict(zip(keys, row, strict=True)) for row in rows], indent=2))
        return
    # A digest is for copying: on a narrow terminal it goes on in the next line, it is never cut.
    digest_column = Column("digest", overflow="fold")
    table = Table("image", "version", "state", "licence", "from", digest_column, box=None, header_style="bold")
    for row in rows:
        table.add_row(*row)
    Console(soft_wrap=True).print(table)


@app.command(epilog="Example: ./arcosctl images show traefik")
def show(name: Annotated[str, typer.Argument(metavar="IMAGE")]) -> None:
    """Show all that is known of an image, as JSON: owner, licence, source, support window, tests."""
    from arcos.images.catalogue import find

    typer.echo(find(name).model_dump_json(indent=2, exclude={"folder"}))


@app.command(epilog="Example: ./arcosctl images build welcome")
def build(names: NAMES = None, release: RELEASE = "") -> None:
    """Build images into the cache, or copy what others build; what is there already is left alone."""
    from arcos.images.obtain import obtain
    from arcos.site.release import load_release
    from arcos.toolchain.together import together

    progress, pinned = Progress(), load_release(release or _newest())
    wanted = _obtainable(names, pinned, progress)
    for had in together([partial(obtain, image, pinned, progress) for image in wanted]):
        typer.echo(f"{had.name} {had.version} {had.digest} {had.layout}")


@app.command(epilog="Example: ./arcosctl images verify --from-nothing")
def verify(
    names: NAMES = None,
    from_nothing: Annotated[
        bool, typer.Option("--from-nothing", help="Build the second time with an empty compiler cache.")
    ] = False,
    release: RELEASE = "",
) -> None:
    """Build images a second time, or ask those who do, and check digest, contents, bill of materials, that they run."""
    from arcos.images.verify import verify as verify_image
    from arcos.site.release import load_release

    progress, pinned = Progress(), load_release(release or _newest())
    verdicts = [verify_image(image, pinned, progress, from_nothing=from_nothing) for image in _images(names)]
    for verdict in verdicts:
        typer.echo(f"{verdict.name}: {'; '.join(verdict.problems) or f'ok {verdict.digest}'}")
    if any(verdict.problems for verdict in verdicts):
        raise typer.Exit(1)


@app.command(epilog="Example: ./arcosctl images push registry.example.edu.au/arcos")
def push(
    registry: Annotated[str, typer.Argument(metavar="REGISTRY", help="Host and path, as in a site's `registry`.")],
    names: NAMES = None,
    release: RELEASE = "",
) -> None:
    """Copy images and their bills of materials to a registry; the digests stay the same."""
    from arcos.images.publish import push as push_image
    from arcos.site.release import load_release

    progress, pinned = Progress(), load_release(release or _newest())
    for image in _obtainable(names, pinned, progress):
        typer.echo(push_image(image, registry, pinned, progress).reference)


@app.command(epilog="Example: ./arcosctl images load my-laptop")
def load(name: Annotated[str, typer.Argument(metavar="SITE")]) -> None:
    """Put a site's images into a cluster of kind, k3d or minikube on this machine, with no registry."""
    from arcos.cli.connect import kubectl_for
    from arcos.cli.up import refuse_unresolved
    from arcos.laptop import load as load_images
    from arcos.render.evaluate import evaluate
    from arcos.site.loader import load_site

    site = load_site(name)
    manifests = evaluate(site)
    refuse_unresolved(site, manifests)
    for reference in load_images(kubectl_for(site), manifests, Progress()):
        typer.echo(reference)


@app.command(epilog="Example: ./arcosctl images lock; for new Debian packages: images lock --packages postgresql")
def lock(
    names: NAMES = None,
    release: RELEASE = "",
    packages: Annotated[
        bool, typer.Option("--packages", help="First choose the newest Debian packages and write debian.lock.")
    ] = False,
) -> None:
    """Build images, ask the registries of those that others build, and write versions and digests into the release."""
    from arcos.images.lock import lock as lock_images
    from arcos.images.lock import lock_packages

    name, images = release or _newest(), _images(names)
    if packages:
        for changed_file in lock_packages(images):
            typer.echo(f"{changed_file}: written")
    changed = lock_images(images, name, Progress())
    for image, pin in changed.items():
        typer.echo(f"releases/{name}.yaml: {image} {pin.version} {pin.digest}")
    if not changed:
        typer.echo(f"releases/{name}.yaml is up to date")


def _obtainable(names: Sequence[str] | None, release: Release, progress: Progress) -> list[AnyImage]:
    """The images; without names all but those that others build and nobody has asked for yet, which are said."""
    from arcos.images.catalogue import Image

    found = []
    for image in _images(names):
        pin = release.images.get(image.name)
        if names or isinstance(image, Image) or (pin and pin.digest):
            found.append(image)
        else:
            progress.say(f"  !! {image.name} is left out, it has no digest yet: ./arcosctl images lock {image.name}")
    return found


def _images(names: Sequence[str] | None) -> list[AnyImage]:
    from arcos.images.catalogue import catalogue, find

    return [find(name) for name in names] if names else list(catalogue())


def _newest() -> str:
    from arcos.paths import RELEASES

    releases = sorted(path.stem for path in RELEASES.glob("*.yaml"))
    if not releases:
        raise ArcosError("there is no release", where=str(RELEASES), fix="write one, as docs/forkers.md says")
    return releases[-1]
