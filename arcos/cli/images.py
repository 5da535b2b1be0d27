"""``arcosctl images``: the golden containers, from their recipe to a registry."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="The golden containers: list, show, build, verify, push, lock.")
NAMES = Annotated[list[str] | None, typer.Argument(metavar="[IMAGE]...", help="Images; all without a name.")]
JSON = Annotated[bool, typer.Option("--json", help="For scripts.")]
