"""``arcosctl mend``: go on after a `pulumi up` that was cut short."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add this module's verb."""
    app.command(epilog="Example: ./arcosctl mend nectar-qld && pulumi up -s nectar-qld")(mend)


def mend(name: Annotated[str, typer.Argument(metavar="SITE")]) -> None:
    """After a run that was killed or lost its connection: take in what the cloud has made and the state does not know.

    Then `pulumi up` goes on, and makes nothing twice. Safe to run at any time.
    """
    from arcos.engine.mend import mend as mend_site
    from arcos.progress import Progress
    from arcos.site.loader import load_site

    site, progress = load_site(name), Progress()
    with progress.step("look for what nobody heard of"):
        found = mend_site(site.name)
    for urn, id_ in found.items():
        typer.echo(f"taken in: {urn.rpartition('::')[2]} ({id_})")
    typer.echo(f"{len(found)} taken in; next: pulumi up -s {site.name}")
