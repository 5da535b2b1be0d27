"""``arcosctl plan``: what `pulumi up` would do, and whether it takes away what cannot be made again."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arcos.errors import USAGE, ArcosError

if TYPE_CHECKING:
    from arcos.engine.dangers import Danger
    from arcos.engine.plan import Step

_MARKS = {"make": ("+", "green"), "change": ("~", "yellow"), "replace": ("±", "magenta"), "delete": ("-", "red")}


def register(app: typer.Typer) -> None:
    """Add this module's verb."""
    app.command(epilog="Example: ./arcosctl plan aws-sydney   (in a pull request: with --json)")(plan)


def plan(
    name: Annotated[str, typer.Argument(metavar="SITE")],
    allow: Annotated[
        list[str] | None, typer.Option(metavar="URN-OR-NAME", help="This one may be deleted or replaced; repeatable.")
    ] = None,
    preview: Annotated[
        Path | None, typer.Option(help="Judge this output of `pulumi preview --json`, `-` for standard input.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Say what `pulumi up` would make, change, replace and delete; exit code 1 when data would go that nobody allowed.

    Changes nothing.
    """
    from arcos.engine import dangers as rule
    from arcos.engine.plan import read

    steps, allowed = read(_preview(name, preview)), allow or []
    if mistaken := rule.unknown(steps, allowed):
        raise ArcosError(
            f"--allow {mistaken[0]}: the plan changes nothing of that name, or several things",
            fix=f"take the URN that ./arcosctl plan {name} shows",
            exit_code=USAGE,
        )
    found = rule.dangers(steps, allowed)
    if as_json:
        typer.echo(json.dumps(report(name, steps, found), indent=2))
    else:
        for line, colour in lines(name, steps, found):
            typer.secho(line, fg=colour)
    if any(not one.allowed for one in found):
        raise typer.Exit(1)


def report(site: str, steps: Sequence[Step], found: Sequence[Danger]) -> dict[str, Any]:
    """The plan as JSON takes it."""
    from arcos.engine.plan import counted

    return {
        "site": site,
        "counts": counted(steps),
        "steps": [
            {"action": one.action, "type": one.type, "name": one.name, "urn": one.urn, "because": list(one.reasons)}
            for one in steps
        ],
        "dangers": [
            {
                "urn": one.step.urn,
                "action": one.step.action,
                "why": one.why,
                "allowed": one.allowed,
                "overrides": one.overrides(site),
            }
            for one in found
        ],
        "refused": any(not one.allowed for one in found),
    }


def lines(site: str, steps: Sequence[Step], found: Sequence[Danger]) -> Iterator[tuple[str, str | None]]:
    """The plan as people read it, each line with its colour."""
    from arcos.engine.plan import counted

    for one in steps:
        mark, colour = _MARKS[one.action]
        because = f"  ({', '.join(one.reasons)})" if one.reasons else ""
        yield f"{mark} {one.action:<7} {one.type}  {one.name}{because}", colour
    counts = counted(steps)
    yield f"{site}: " + ", ".join(f"{count} to {action}" for action, count in counts.items()), None
    for danger in found:
        yield "", None
        word = "allowed" if danger.allowed else "REFUSED"
        yield f"{word}: {danger.step.action} {danger.step.type} {danger.step.name}", None if danger.allowed else "red"
        yield f"  why:   {danger.why}", None
        if not danger.allowed:
            yield f"  allow: {danger.overrides(site)[0]}", None
            yield from ((f"         {command}", None) for command in danger.overrides(site)[1:])


def _preview(name: str, file: Path | None) -> dict[str, Any]:
    """The plan given, or a new one. Protection is left aside for it: the engine would stop at the first refusal."""
    from arcos.engine.plan import readable, stack
    from arcos.engine.pulumi import decoded
    from arcos.engine.pulumi import preview as asked

    if file is None:
        from arcos.site.loader import load_site

        load_site(name)
        return asked(name, "--ignore-protect")
    answer = decoded(sys.stdin.read() if str(file) == "-" else _text(file))
    if answer is None or not readable(answer):
        raise ArcosError(
            f"{'standard input' if str(file) == '-' else file} holds no plan",
            why="it takes what `pulumi preview --json` prints",
            fix=f"pulumi preview -s {name} --ignore-protect --json > {'FILE' if str(file) == '-' else file}",
            exit_code=USAGE,
        )
    if (other := stack(answer)) not in ("", name):
        raise ArcosError(
            f"that is the plan of site '{other}', not of '{name}'", fix=f"./arcosctl plan {other}", exit_code=USAGE
        )
    return answer


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ArcosError(f"{file} cannot be read", why=str(error.strerror), exit_code=USAGE) from None
