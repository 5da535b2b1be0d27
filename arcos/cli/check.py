"""``arcosctl check``, ``sites`` and ``schema``: what can be said of the site files alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arcos.errors import USAGE

if TYPE_CHECKING:
    from arcos.site.model import Site


class Format(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


def register(app: typer.Typer) -> None:
    """Add this module's verbs."""
    app.command(epilog="Example: ./arcosctl check nectar-qld --format github")(check)
    app.command(epilog="Example: ./arcosctl sites --json")(sites)
    app.command(epilog="Example: ./arcosctl schema --write")(schema)


def check(
    names: Annotated[list[str] | None, typer.Argument(metavar="[SITE]...", help="Sites; all without a name.")] = None,
    output: Annotated[Format, typer.Option("--format", help="text, json, or github annotations.")] = Format.TEXT,
) -> None:
    """Check site files: every mistake with its place and the way out. Exit code 2 if there is one."""
    from arcos.site.loader import check_sites, render_findings, site_names

    findings = check_sites(names or ())
    text = render_findings(findings, output.value)
    if text:
        typer.echo(text)
    if findings:
        raise typer.Exit(USAGE)
    wanted = names or site_names()
    for notice in _notices(wanted):
        typer.echo(f"::warning::{notice}" if output is Format.GITHUB else notice, err=output is not Format.GITHUB)
    if output is Format.TEXT:
        typer.echo(f"{len(wanted)} site{'s' if len(wanted) != 1 else ''} checked, no mistakes")


def _notices(names: Sequence[str]) -> list[str]:
    """What is right today and will not be soon."""
    from arcos.site.loader import load_site
    from arcos.site.release import load_release
    from arcos.site.support import notices

    loaded = [load_site(name) for name in names]
    return notices([(site, load_release(site.release)) for site in loaded], datetime.now(UTC).date())


def sites(as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False) -> None:
    """List the sites: name, cluster kind, domain, release and apps. A file with mistakes hides no other site."""
    from rich.console import Console
    from rich.table import Column, Table

    from arcos.site.diagnostics import Finding, SiteErrors
    from arcos.site.loader import every_site, load_site

    loaded: list[Site] = []
    findings: list[Finding] = []
    for name in every_site():
        try:
            loaded.append(load_site(name))
        except SiteErrors as error:
            findings += error.findings
    if as_json:
        typer.echo(json.dumps([_row(site) for site in loaded], indent=2))
    else:
        # On a narrow terminal what is long goes on in the next line, it is never cut.
        columns = [Column(name, overflow="fold") for name in ("site", "cluster", "domain", "release", "apps")]
        table = Table(*columns, box=None, header_style="bold")
        for site in loaded:
            table.add_row(site.name, site.cluster.kind, site.domain, site.release, ", ".join(_apps(site)))
        Console(soft_wrap=True).print(table)
    if findings:
        raise SiteErrors(findings)


def _apps(site: Site) -> list[str]:
    return [app for app in type(site.apps).model_fields if getattr(site.apps, app) is not None]


def _row(site: Site) -> dict[str, Any]:
    return {
        "name": site.name,
        "title": site.title,
        "kind": site.cluster.kind,
        "domain": site.domain,
        "release": site.release,
        "apps": _apps(site),
    }


def schema(
    write: Annotated[bool, typer.Option("--write", help="Write stacks/site.schema.json instead.")] = False,
) -> None:
    """Print the JSON Schema of a site file, generated from the code."""
    from arcos.paths import STACKS
    from arcos.site.schema import site_schema

    text = json.dumps(site_schema(), indent=2) + "\n"
    if write:
        (STACKS / "site.schema.json").write_text(text, encoding="utf-8")
    else:
        typer.echo(text, nl=False)
