"""``arcosctl kubectl``: the site's own cluster, without a thought for kubeconfigs."""

from __future__ import annotations

import os
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add this module's verb."""
    app.command(
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
        epilog="Example: ./arcosctl kubectl local -- get pods --all-namespaces",
    )(kubectl)


def kubectl(
    name: Annotated[str, typer.Argument(metavar="SITE")],
    arguments: Annotated[list[str] | None, typer.Argument(metavar="-- ARGUMENTS", help="Handed to kubectl.")] = None,
) -> None:
    """Run kubectl against the site's cluster."""
    from arcos.cli.connect import kubectl_for
    from arcos.site.loader import load_site

    command = kubectl_for(load_site(name)).command(*(arguments or []))
    os.execvp(command[0], command)  # noqa: S606  (the user's own command line)
