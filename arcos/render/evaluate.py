"""Pull delivery: evaluate the platform program without an engine and get plain Kubernetes objects.

Owns the run: no network, no cluster, no state, the same result every time. What is refused stands in `monitor.py`,
what is written in `files.py`.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from pulumi import ResourceOptions, ResourceTransformationArgs, ResourceTransformationResult
from pulumi.runtime import register_stack_transformation
from pulumi.runtime.mocks import set_mocks
from pulumi.runtime.settings import SETTINGS
from pulumi.runtime.stack import run_pulumi_func, wait_for_rpcs

from arcos.errors import ArcosError
from arcos.platform import Platform, PlatformArgs
from arcos.render import order
from arcos.render.monitor import Recorder
from arcos.render.order import Manifest
from arcos.site.model import Site
from arcos.site.release import UNRESOLVED, Release, load_release

PROJECT = "arcos"


class _Inline(ThreadPoolExecutor):
    """Runs what the SDK hands to a thread right away: our monitor answers at once, a thread would only cost time."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - handed on to whoever awaits the result
            future.set_exception(error)
        return future


def evaluate(site: Site, release: Release | None = None) -> list[Manifest]:
    """Every object of a site, in the order to apply them. `release` is the site's own unless given.

    Raises:
        ArcosError: An object needs what only a running cluster knows, holds a secret, or cannot be rendered.
    """
    pinned = release or load_release(site.release)
    return run(lambda: Platform(site.name, PlatformArgs(site=site, release=pinned, delivery="pull")), stack=site.name)


def run(program: Callable[[], object], *, stack: str) -> list[Manifest]:
    """The objects that a Pulumi program registers, evaluated as a preview.

    Raises:
        ArcosError: As `evaluate` says.
    """
    recorder = Recorder()

    async def start() -> None:
        register_stack_transformation(_for_the_engine_only)
        program()
        await wait_for_rpcs(await_all_outstanding_tasks=False)
        await _outputs()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(_Inline())
        # After an error, whatever waited for the refused object fails too and nobody asks it why; `errors` says it all.
        loop.set_exception_handler(lambda _loop, _context: None)
        set_mocks(recorder.mocks, project=PROJECT, stack=stack, preview=True, monitor=recorder)
        # The test hook leaves this one to all runs together; then what a failed run left would break the next.
        SETTINGS.outputs = set()
        await run_pulumi_func(start)

    try:
        with _without_source_positions():
            asyncio.run(main())
    except ArcosError as error:
        recorder.errors = recorder.errors or [error]
    except Exception:
        # The SDK may wrap what it got from us; without a refusal of ours it is a bug in the program.
        if not recorder.errors:
            raise
    if recorder.errors:
        raise min(recorder.errors, key=str)
    return sorted(recorder.manifests, key=order.key)


def _for_the_engine_only(args: ResourceTransformationArgs) -> ResourceTransformationResult:
    """Leave out what an engine does first and what it called a thing before: following both up is half of the time.

    Objects are ordered by `order.py` and found in the cluster by their names.
    """
    opts = ResourceOptions.merge(args.opts, None)
    opts.depends_on = opts.aliases = None
    return ResourceTransformationResult(props=args.props, opts=opts)


async def _outputs() -> None:
    """Wait for all values at once. The SDK, left to itself, looks at each of the waiting ones whenever one is done."""
    while SETTINGS.outputs:
        pending = list(SETTINGS.outputs)
        SETTINGS.outputs.clear()
        done, _ = await asyncio.wait(pending, return_when=asyncio.FIRST_EXCEPTION)
        for one in done:
            await one


@contextmanager
def _without_source_positions() -> Iterator[None]:
    """Keep the SDK from looking up each resource's lines of source, a quarter of the time, which only an engine shows.

    It walks the stack by `traceback`, which this limit of Python's own cuts short; errors are printed after it is gone.
    """
    before = getattr(sys, "tracebacklimit", None)
    sys.tracebacklimit = 1
    try:
        yield
    finally:
        if before is None:
            del sys.tracebacklimit
        else:
            sys.tracebacklimit = before


def unresolved(manifests: list[Manifest]) -> list[str]:
    """Images whose digest is not locked yet: they render, and no real cluster can run them."""
    found = {image for manifest in manifests for image in images(manifest) if image.endswith(f"@{UNRESOLVED}")}
    return sorted(found)


def images(manifest: Manifest) -> list[str]:
    """The images of a workload's containers; none for any other kind."""
    template = manifest.get("spec", {}).get("template", {}) if isinstance(manifest.get("spec"), dict) else {}
    pod = template.get("spec", {}) if isinstance(template, dict) else {}
    return [box["image"] for group in ("initContainers", "containers") for box in pod.get(group, ())]
