"""Progress for people and for logs: one line when a step starts to take long, one when it is done.

On a terminal the running steps are shown with a spinner and their time; elsewhere each step prints plain lines, so
that a CI log stays readable. Steps may run at once, in threads. Everything goes to standard error: standard output
belongs to results.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status


def console() -> Console:
    """The console for progress and errors (standard error; colours only on a terminal, `NO_COLOR` obeyed)."""
    # Here, since half of the commands show no progress, and rich is a tenth of a second.
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


@dataclass
class Step:
    """One running step; ``note`` changes what is shown behind its title."""

    title: str
    _changed: Callable[[Step], None]
    noted: str = ""
    started: float = field(default_factory=time.monotonic)

    def note(self, text: str) -> None:
        """Say what the step is doing right now."""
        self.noted = text
        self._changed(self)

    def elapsed(self) -> float:
        """Seconds since the step began."""
        return time.monotonic() - self.started


class Progress:
    """Runs steps and remembers how long each took (seconds, in ``times``)."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._console = console()
        self._console.quiet = quiet
        self._live = sys.stderr.isatty() and not quiet
        self._running: list[Step] = []
        self._status: Status | None = None
        self._lock = threading.RLock()
        self._started = time.monotonic()
        self.times: dict[str, float] = {}

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Time one step. Its end is printed with the seconds; a failure says after how long."""
        from rich.markup import escape

        step = Step(title, self._noted)
        self._begin(step)
        try:
            yield step
        except BaseException:
            self._end(step, f"[red]  xx[/] {escape(title)} (after {step.elapsed():.1f} s)")
            raise
        self.times[title] = step.elapsed()
        self._end(step, f"[green]  ok[/] {escape(title)} ({step.elapsed():.1f} s)")

    def say(self, text: str) -> None:
        """Print one plain line."""
        self._console.print(text, markup=False)

    def elapsed(self) -> float:
        """Seconds since the first step could begin."""
        return time.monotonic() - self._started

    def _begin(self, step: Step) -> None:
        with self._lock:
            self._running.append(step)
            if self._live:
                self._show()
            else:
                self._console.print(f"  .. {step.title}", markup=False)

    def _noted(self, step: Step) -> None:
        with self._lock:
            if self._live:
                self._show()
            else:
                self._console.print(f"  .. {step.title}: {step.noted} ({step.elapsed():.0f} s)", markup=False)

    def _end(self, step: Step, line: str) -> None:
        with self._lock:
            self._running.remove(step)
            if self._live:
                self._show()
            self._console.print(line)

    def _show(self) -> None:
        """One spinner for all that runs: a terminal has only one last line."""
        if self._status:
            self._status.stop()
            self._status = None
        if self._running:
            from rich.markup import escape

            said = "; ".join(f"{one.title}: {one.noted}" if one.noted else one.title for one in self._running)
            self._status = self._console.status(escape(said))
            self._status.start()
