"""Progress for people and for logs: one line when a step starts to take long, one when it is done.

On a terminal the running step is shown with a spinner and its time; elsewhere each step prints plain lines, so that
a CI log stays readable. Everything goes to standard error: standard output belongs to results.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console


def console() -> Console:
    """The console for progress and errors (standard error; colours only on a terminal, `NO_COLOR` obeyed)."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


@dataclass
class Step:
    """One running step; ``note`` changes what is shown behind its title."""

    title: str
    _console: Console
    _status: object | None = None
    started: float = field(default_factory=time.monotonic)

    def note(self, text: str) -> None:
        """Say what the step is doing right now."""
        if self._status is not None:
            self._status.update(f"{self.title}: {text}")  # type: ignore[attr-defined]
        else:
            self._console.print(f"  .. {self.title}: {text} ({self.elapsed():.0f} s)", markup=False)

    def elapsed(self) -> float:
        """Seconds since the step began."""
        return time.monotonic() - self.started


class Progress:
    """Runs steps one after another and remembers how long each took (seconds, in ``times``)."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._console = console()
        self._console.quiet = quiet
        self.times: dict[str, float] = {}

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Time one step. Its end is printed with the seconds; a failure says after how long."""
        step = Step(title, self._console)
        live = sys.stderr.isatty() and not self._console.quiet
        if not live:
            self._console.print(f"  .. {title}", markup=False)
        status = self._console.status(title) if live else None
        step._status = status
        try:
            if status:
                status.start()
            yield step
        except BaseException:
            if status:
                status.stop()
            self._console.print(f"[red]  xx[/] {title} (after {step.elapsed():.1f} s)")
            raise
        if status:
            status.stop()
        self.times[title] = step.elapsed()
        self._console.print(f"[green]  ok[/] {title} ({step.elapsed():.1f} s)")

    def say(self, text: str) -> None:
        """Print one plain line."""
        self._console.print(text, markup=False)
