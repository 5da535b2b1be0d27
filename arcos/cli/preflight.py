"""``arcosctl preflight``: what stands in a site's way, asked before anything is spent or changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from arcos.checks import Check


def register(app: typer.Typer) -> None:
    """Add this module's verb."""
    app.command(epilog="Example: ./arcosctl preflight hpc-perth")(preflight)


def preflight(
    name: Annotated[str, typer.Argument(metavar="SITE")],
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
    role: Annotated[bool, typer.Option("--role", help="Print the roles that are enough for `up`, to bind.")] = False,
) -> None:
    """Ask cloud and cluster whether the site can be what its file says: rights, quota, storage, GPUs. Reads only."""
    from arcos.cli.connect import kubectl_for
    from arcos.preflight import rights
    from arcos.preflight.examine import examine
    from arcos.render.evaluate import evaluate
    from arcos.render.yaml_text import dump
    from arcos.site.loader import load_site

    site = load_site(name)
    if role:
        typer.echo(dump(rights.role(kubectl_for(site), evaluate(site))), nl=False)
        return
    show(examine(site, lambda: kubectl_for(site)), as_json=as_json)


def show(checks: Sequence[Check], *, as_json: bool) -> None:
    """Print checks, and leave with 1 when one of them fails."""
    from arcos.checks import Level

    if as_json:
        typer.echo(json.dumps([check.as_dict() for check in checks], indent=2))
    else:
        wide = max((len(check.name) for check in checks), default=0) + 1
        for check in checks:
            typer.secho(f"{check.level:>5}  ", nl=False, fg={"ok": "green", "warn": "yellow"}.get(check.level, "red"))
            typer.echo(f"{check.name:<{wide}} {check.detail}")
            if check.fix:
                typer.echo(f"{'':7}{'':{wide}} {check.fix}")
    if any(check.level is Level.FAIL for check in checks):
        raise typer.Exit(1)
