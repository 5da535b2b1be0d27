"""The command ``arcosctl``: its verbs, and the one place where an error meets the user.

Each verb lives in a module of its own and imports what it needs when it runs, so that ``--help`` and ``check`` stay
fast. Results go to standard output, progress and errors to standard error.
"""

from __future__ import annotations

import gc
import os
import sys

import typer

from arcos import __version__
from arcos.cli import check, compare, data, images, kube, mend, plan, preflight, render, secrets, site, test, up
from arcos.errors import FAILED, ArcosError
from arcos.progress import console

#: The exit code of a program that Ctrl-C ended, as shells have it; typer leaves with it.
INTERRUPTED = 130

app = typer.Typer(
    name="arcosctl",
    help="A standard Kubernetes platform for research computing, one site file per site.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for module in (check, compare, preflight, render, plan, mend, up, site, data, kube, test):
    module.register(app)
app.add_typer(images.app, name="images")
app.add_typer(secrets.app, name="secrets")


def _version(show: bool) -> None:
    if show:
        typer.echo(f"arcosctl {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    _show: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """A standard Kubernetes platform for research computing, one site file per site."""


def main() -> None:
    """Run the command; leave with the exit code that the error carries."""
    try:
        app(prog_name="arcosctl")
    except KeyboardInterrupt:
        _interrupted()
        sys.exit(INTERRUPTED)
    except SystemExit as ended:
        if ended.code == INTERRUPTED:
            _interrupted()
        # Frozen, what is loaded is not looked through at the end either.
        gc.freeze()
        raise
    except ArcosError as error:
        _show(error)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader (head, less) has what it wanted; keep the interpreter from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except OSError as error:
        # A full disk, a folder that is a file, a file that may not be written: the machine's, not a bug of ours.
        if not error.strerror:
            raise
        _show(ArcosError(_sentence(error), where=str(error.filename or ""), fix="mend that; the same command goes on"))
        sys.exit(FAILED)


def _interrupted() -> None:
    console().print("interrupted; the same command goes on from here", markup=False)


def _show(error: ArcosError) -> None:
    first, *rest = error.lines()
    out = console()
    out.print(first, style="bold red", markup=False)
    for line in rest:
        out.print(line, markup=False)


def _sentence(error: OSError) -> str:
    return f"{error.filename} cannot be used: {error.strerror}" if error.filename else str(error.strerror)
