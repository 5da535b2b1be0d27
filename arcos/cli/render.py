"""``arcosctl render`` and ``arcosctl diff``: what the platform would be, on paper and against the live cluster."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from arcos.errors import USAGE, ArcosError


def register(app: typer.Typer) -> None:
    """Add this module's verbs."""
    app.command(epilog="Example: ./arcosctl render nectar-qld --out rendered")(render)
    app.command(epilog="Example: ./arcosctl diff local --exit-code")(diff)


def render(
    names: Annotated[list[str] | None, typer.Argument(metavar="[SITE]...", help="Sites; all without a name.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder: one folder a site, one file an object.")] = None,
    jobs: Annotated[int, typer.Option(min=0, help="Processes; as many as there are cores by default.")] = 0,
) -> None:
    """Write the manifests of sites: one object a file, or one site to standard output. Needs no cluster."""
    from arcos.site.loader import every_site

    wanted = names or every_site()
    if out is None:
        if len(wanted) != 1:
            raise ArcosError("several sites need a folder", fix="./arcosctl render --out rendered", exit_code=USAGE)
        from arcos.render.evaluate import evaluate
        from arcos.render.files import dump
        from arcos.site.loader import load_site

        typer.echo(dump(evaluate(load_site(wanted[0]))), nl=False)
        return
    from arcos.render.files import render_sites

    for name, count in render_sites(wanted, out, jobs=jobs or None).items():
        typer.echo(f"{out / name}: {count} objects")


def diff(
    name: Annotated[str, typer.Argument(metavar="SITE")],
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Leave with 1 when something differs.")] = False,
) -> None:
    """Compare what the site file asks for with the live cluster. Changes nothing; secret data is never shown."""
    from arcos.apply.diff import compare, format_text
    from arcos.cli.connect import kubectl_for
    from arcos.render.evaluate import evaluate
    from arcos.site.loader import load_site

    site = load_site(name)
    changes = compare(site.name, evaluate(site), kubectl_for(site))
    if as_json:
        typer.echo(json.dumps([change.as_dict() for change in changes], indent=2))
    else:
        typer.echo(format_text(changes, colour=sys.stdout.isatty()))
    if exit_code and any(change.action != "unchanged" for change in changes):
        raise typer.Exit(1)
