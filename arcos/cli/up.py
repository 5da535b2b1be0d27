"""``arcosctl up`` and ``down``: bring a site to what its file says, and take it away again."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arcos.errors import FAILED, USAGE, ArcosError
from arcos.progress import Progress

if TYPE_CHECKING:
    from arcos.site.model import Site

#: The port that an address needs not name.
HTTPS = 443
Manifest = dict[str, Any]
SITE = Annotated[str, typer.Argument(metavar="SITE")]
DELETE_DATA = Annotated[
    bool, typer.Option("--delete-data", help="Also delete volumes, and for `down` the site's data folder.")
]


def register(app: typer.Typer) -> None:
    """Add this module's verbs."""
    app.command(epilog="Example: ./arcosctl up local")(up)
    app.command(epilog="Example: ./arcosctl down local")(down)


def up(
    name: SITE,
    simulate: Annotated[bool, typer.Option("--simulate", help="Simulated nodes: no root, no containers.")] = False,
    cluster_only: Annotated[
        bool, typer.Option("--cluster-only", help="Start the local cluster and stop there, for `pulumi up`.")
    ] = False,
    delete_data: DELETE_DATA = False,
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Take objects and fields that somebody else made or manages.")
    ] = False,
    timeout: Annotated[int, typer.Option(min=1, help="Seconds to wait until everything is ready.")] = 300,
) -> None:
    """Make the site what its file says: start its cluster (kind local), apply, prune, wait until all is ready."""
    from arcos.site.loader import load_site

    site = load_site(name)
    _refuse_unless_local(site, {"--simulate": simulate, "--cluster-only": cluster_only})
    if delete_data:
        _confirm(f"Delete the volumes of site '{name}' that its file asks for no more? What is on them is gone then.")
    progress = Progress()
    with _alone(site):
        if site.cluster.kind == "local":
            from arcos.local.node import check

            # A taken port or a missing right shows before minutes of building.
            check(site, simulate=simulate)
        manifests = _render(site, progress, checked=not simulate)
        if site.cluster.kind == "local":
            _start_local(site, manifests, progress, simulate=simulate)
        if cluster_only:
            progress.say(f"the cluster runs; `pulumi up -s {site.name}` brings the platform")
            return
        _apply(site, manifests, progress, delete_data=delete_data, take_over=take_over, timeout=timeout)
    _say_where(site, progress)


def down(name: SITE, delete_data: DELETE_DATA = False) -> None:
    """Stop a local site and keep its data; on another's cluster, remove what ARCOS applied. Asks before data goes."""
    from arcos.site.loader import load_site

    site = load_site(name)
    progress = Progress()
    if delete_data:
        _confirm(f"Delete all data of site '{name}'? Notebooks, volumes, databases are gone then.")
    with _alone(site):
        if site.cluster.kind == "local":
            from arcos.local.node import stop

            stop(site, progress, delete_data=delete_data)
            return
        from arcos.apply.up import remove
        from arcos.cli.connect import kubectl_for

        remove(site.name, kubectl_for(site), progress, delete_data=delete_data)


def _refuse_unless_local(site: Site, flags: Mapping[str, bool]) -> None:
    if site.cluster.kind != "local" and (given := [flag for flag, on in flags.items() if on]):
        raise ArcosError(
            f"{' and '.join(given)} is for sites of kind local",
            where=f"stacks/Pulumi.{site.name}.yaml: cluster.kind {site.cluster.kind}",
            why="the cluster of this site is not started from here",
            fix=f"./arcosctl up {site.name}",
            exit_code=USAGE,
        )


def _alone(site: Site) -> AbstractContextManager[object]:
    """Nobody else works on a local site from its first step on; on another's cluster the Lease there sees to it."""
    if site.cluster.kind != "local":
        return nullcontext()
    from arcos.local.lock import hold
    from arcos.local.state import site_folder

    return hold(site_folder(site.name).with_suffix(".lock"), f"site {site.name}")


def _render(site: Site, progress: Progress, *, checked: bool) -> list[Manifest]:
    from arcos.render.evaluate import evaluate

    with progress.step("render the site"):
        manifests = evaluate(site)
    if checked:
        refuse_unresolved(site, manifests)
    return manifests


def _apply(
    site: Site,
    manifests: list[Manifest],
    progress: Progress,
    *,
    delete_data: bool,
    take_over: bool,
    timeout: int,
) -> None:
    from arcos.apply.up import apply
    from arcos.cli.connect import kubectl_for
    from arcos.preflight.examine import refuse
    from arcos.site.release import load_release

    kubectl = kubectl_for(site)
    if site.cluster.kind != "local":
        # A local cluster offers what the platform itself has put there a moment ago.
        refuse(site, load_release(site.release), kubectl, manifests, progress)
    apply(
        site.name,
        manifests,
        kubectl,
        progress,
        delete_data=delete_data,
        take_over=take_over,
        timeout=timeout,
    )


def _start_local(site: Site, manifests: list[Manifest], progress: Progress, *, simulate: bool) -> None:
    from arcos.local.images import archives_for, import_images
    from arcos.local.node import built_programs, start

    programs = partial(built_programs, progress, simulate=simulate)
    archives = [] if simulate else archives_for(manifests, site, progress, beside=[programs])
    start(site, progress, simulate=simulate)
    if archives:
        import_images(site, archives, progress)


def refuse_unresolved(site: Site, manifests: list[Manifest]) -> None:
    """An image without a digest is a promise nobody made; it never reaches a cluster."""
    from arcos.images.catalogue import UpstreamImage, catalogue
    from arcos.render.evaluate import unresolved

    if not (references := unresolved(manifests)):
        return
    names = [reference.rpartition("/")[2].partition(":")[0] for reference in references]
    others = {one.name: one.recipe for one in catalogue() if isinstance(one, UpstreamImage) and one.name in names}
    fields = [f"images.{name}.digest" for name in names]
    asked = [f"; {recipe.field} in stacks/Pulumi.{site.name}.yaml asks for {name}" for name, recipe in others.items()]
    raise ArcosError(
        f"no digest is known of {', '.join(references)}; nothing was changed",
        where=f"releases/{site.release}.yaml: {', '.join(fields)}{''.join(asked)}",
        why="an image is only run by its digest, and for what others build their registry has to be asked once",
        fix=f"./arcosctl images lock {' '.join(names)}",
        exit_code=USAGE,
    )


def _confirm(question: str) -> None:
    """Ask on a terminal; in a script the flag itself is the answer."""
    import sys

    if sys.stdin.isatty() and not typer.confirm(question):
        raise ArcosError("nothing was changed", why="deleting data was not confirmed", exit_code=FAILED)


def _say_where(site: Site, progress: Progress) -> None:
    slow = sorted(progress.times.items(), key=lambda item: -item[1])[:5]
    progress.say(
        f"up in {progress.elapsed():.0f} s ({', '.join(f'{title} {seconds:.0f} s' for title, seconds in slow)})"
    )
    typer.echo(address(site))


def address(site: Site) -> str:
    """Where the site's landing page is; a local site may publish another port than 443."""
    port = getattr(site.cluster, "https_port", HTTPS)
    return f"https://{site.domain}{'' if port == HTTPS else f':{port}'}/"
