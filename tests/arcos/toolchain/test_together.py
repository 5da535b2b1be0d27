"""Several builds at once: all results, in order; a failure ends the rest before it begins."""

from __future__ import annotations

import threading
import time

import pytest

from arcos.toolchain.together import together


def test_results_come_in_the_order_of_the_tasks():
    first_may_end = threading.Event()

    def first() -> str:
        first_may_end.wait(10)
        return "first"

    def second() -> str:
        first_may_end.set()
        return "second"

    assert together([first, second]) == ["first", "second"], "the second ran while the first waited for it"


def test_after_a_failure_nothing_else_begins():
    begun = []

    def fails() -> None:
        raise ValueError("broken")

    def works() -> None:
        begun.append(time.monotonic())
        time.sleep(0.05)

    with pytest.raises(ValueError, match="broken"):
        together([fails, *[works] * 200])

    assert len(begun) < 200, "a site that cannot be built is told so at once, not after all other builds"


def test_nothing_to_do_is_done():
    assert together([]) == []
