"""``arcosctl compare``: what two sites differ in, by name, and whether anything differs that has none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from arcos.compare.objects import Difference
    from arcos.compare.sites import Comparison

SITE = typer.Argument(metavar="SITE")


def register(app: typer.Typer) -> None:
    """Add this module's verb."""
    app.command(epilog="Example: ./arcosctl compare nectar-qld aws-sydney")(compare)


def compare(
    first: Annotated[str, SITE],
    second: Annotated[str, SITE],
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Say what differs between two sites, by capability and field, and that nothing else does; else exit code 1."""
    from arcos.compare.sites import compare as compare_sites
    from arcos.site.loader import load_site

    found = compare_sites(load_site(first), load_site(second))
    if as_json:
        typer.echo(json.dumps(report(found), indent=2))
    else:
        typer.echo("\n".join(lines(found)))
    if found.unexplained:
        raise typer.Exit(1)


def report(found: Comparison) -> dict[str, Any]:
    """The comparison as JSON takes it."""
    return {
        "sites": list(found.sites),
        "kinds": list(found.kinds),
        "alike": found.alike,
        "ownObjects": dict(zip(found.sites, map(list, found.own), strict=True)),
        "differences": [
            {
                "group": step.group,
                "fields": {
                    name: {site: _plain(value) for site, value in zip(found.sites, values, strict=True)}
                    for name, values in step.fields.items()
                },
                "objects": step.effect.as_dict(),
            }
            for step in found.steps
        ],
        "unexplained": {what: difference.as_dict() for what, difference in found.unexplained.items()},
    }


def lines(found: Comparison) -> Iterator[str]:
    """The comparison as people read it."""
    first, second = found.sites
    yield f"{first} ({found.kinds[0]}) and {second} ({found.kinds[1]}): {found.alike} objects are alike to the letter"
    for site, kind, own in zip(found.sites, found.kinds, found.own, strict=True):
        if own:
            yield f"\ncluster kind {kind} of {site} brings"
            yield from (f"  {name}" for name in own)
    for step in found.steps:
        yield ""
        for name, (one, other) in step.fields.items():
            yield f"{step.group} {name}: {_short(one)} | {_short(other)}"
        # Names stand in nearly every object.
        yield from _counted(step.effect) if step.group == "name" else _effect(step.effect)
    yield ""
    for what, difference in found.unexplained.items():
        yield f"NOT EXPLAINED: {what}"
        yield from _effect(difference)
    if not found.unexplained:
        yield "nothing else differs"


def _counted(effect: Difference) -> Iterator[str]:
    yield f"  words in {len(effect.changed)} objects"


def _effect(effect: Difference) -> Iterator[str]:
    yield from (f"  - {name}" for name in effect.only_first)
    yield from (f"  + {name}" for name in effect.only_second)
    yield from (f"  ~ {name}: {', '.join(paths)}" for name, paths in effect.changed.items())
    if not effect:
        yield "  no object follows from it"


def _plain(value: object) -> Any:  # noqa: ANN401 - JSON
    from pydantic_core import to_jsonable_python

    return to_jsonable_python(value, by_alias=True)


def _short(value: object) -> str:
    text = "off" if value is None else json.dumps(_plain(value), ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."
