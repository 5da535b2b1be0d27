"""Builds that do not wait for each other: one program's linker leaves a core idle that another's compiler can use."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import TypeVar

T = TypeVar("T")

#: Each may hold some GiB of memory while it links.
_MOST = 4


def together(tasks: Sequence[Callable[[], T]]) -> list[T]:
    """Run all, as many at once as there are cores but never more than four; what they return, in their order.

    Raises:
        BaseException: What the first that failed raised, once those that ran with it have ended. No other begins then.
    """
    with ThreadPoolExecutor(max_workers=max(1, min(os.cpu_count() or 1, _MOST))) as pool:
        running = [pool.submit(task) for task in tasks]
        try:
            done, _ = wait(running, return_when=FIRST_EXCEPTION)
        finally:
            for one in running:
                one.cancel()
    for one in running:
        if one in done and (failure := one.exception()):
            raise failure
    return [one.result() for one in running]
