"""``arcosctl backup`` and ``restore``: dumps of a site's databases, by hand."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from arcos.errors import USAGE, ArcosError
from arcos.progress import Progress

if TYPE_CHECKING:
    from arcos.site.model import Site
    from components.database import Database

SITE = Annotated[str, typer.Argument(metavar="SITE")]
_TIMEOUT = 6 * 3600.0


def register(app: typer.Typer) -> None:
    """Add this module's verbs."""
    app.command(epilog="Example: ./arcosctl backup local")(backup)
    app.command(epilog="Example: ./arcosctl restore local jupyterhub --from 20261122T023000Z")(restore)


def backup(name: SITE) -> None:
    """Dump every database of the site into its bucket now, as it happens each day by itself."""
    from apps.database.config import BACKUP
    from arcos.apply.jobs import run_job
    from arcos.cli.connect import kubectl_for
    from arcos.site.loader import load_site
    from components.database import DATABASE

    site = load_site(name)
    _databases(site)
    with Progress().step("dump the databases") as step:
        said = run_job(kubectl_for(site), DATABASE, BACKUP, [], step, _TIMEOUT)
    typer.echo(said.strip())


def restore(
    name: SITE,
    database: Annotated[str, typer.Argument(metavar="APP", help="Whose database, as in jupyterhub.")],
    stamp: Annotated[str, typer.Option("--from", metavar="TIME", help="Which dump. Default: the newest.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Put an app's database back to what a dump holds. What was written since is lost. The app stops meanwhile."""
    from apps.database.config import RESTORE
    from arcos.apply.jobs import run_job
    from arcos.apply.users import stopped
    from arcos.cli.connect import kubectl_for
    from arcos.site.loader import load_site
    from components.database import DATABASE

    if stamp and not re.fullmatch(r"\d{8}T\d{6}Z", stamp):
        raise ArcosError(f"`{stamp}` is no time of a dump", fix="as in --from 20261122T023000Z", exit_code=USAGE)
    site = load_site(name)
    known = {one.app: one for one in _databases(site)}
    if database not in known:
        why = f"site '{name}' has: {', '.join(sorted(known))}"
        raise ArcosError(f"there is no database of an app `{database}`", why=why, exit_code=USAGE)
    one = known[database]
    if not yes:
        _ask(site, one, stamp)
    kubectl, progress = kubectl_for(site), Progress()
    asked = [one.name, *([stamp] if stamp else [])]
    title = f"stop {database}, restore it and start it again"
    with progress.step(title) as step, stopped(kubectl, one.namespace, one.secret):
        said = run_job(kubectl, DATABASE, RESTORE, asked, step, _TIMEOUT)
    typer.echo(said.strip())


def _databases(site: Site) -> tuple[Database, ...]:
    from apps.database.config import BucketBackup
    from arcos.platform.gather import needs

    where = f"stacks/Pulumi.{site.name}.yaml"
    if site.apps.database is None:
        raise ArcosError(f"site '{site.name}' has no database", where=where, fix="apps: database: {}", exit_code=USAGE)
    if not isinstance(site.apps.database.backup, BucketBackup):
        raise ArcosError(
            f"site '{site.name}' makes no dumps",
            where=where,
            why=f"apps.database.backup says: {site.apps.database.backup.reason}",
            fix="backup: {kind: bucket}",
            exit_code=USAGE,
        )
    return needs(site).databases


def _ask(site: Site, database: Database, stamp: str) -> None:
    if not sys.stdin.isatty():
        raise ArcosError(
            "restoring replaces data, and nobody is here to be asked",
            why=f"everything that {database.app} wrote since the dump would be lost",
            fix="the same command with --yes",
            exit_code=USAGE,
        )
    what = f"the dump of {stamp}" if stamp else "the newest dump"
    typer.confirm(f"Replace the database of {database.app} at {site.name} by {what}?", abort=True)
