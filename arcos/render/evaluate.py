"""Pull delivery: evaluate the platform program without an engine and get plain Kubernetes objects.

Owns the run: no network, no cluster, no state, the same result every time. What is refused stands in `monitor.py`,
what is written in `files.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from inspect import isawaitable

from pulumi.runtime.mocks import set_mocks
from pulumi.runtime.settings import SETTINGS
from pulumi.runtime.stack import run_pulumi_func, wait_for_rpcs

from arcos.errors import ArcosError
from arcos.platform import Platform, PlatformArgs
from arcos.render import order
from arcos.render.monitor import Recorder
from arcos.render.order import Manifest
from arcos.render.registration import registered_by
from arcos.site.model import Site
from arcos.site.release import UNRESOLVED, Release, load_release

PROJECT = "arcos"


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
        if isawaitable(begun := program()):
            await begun
        await wait_for_rpcs(await_all_outstanding_tasks=False)
        await _outputs()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        # After an error, whatever waited for the refused object fails too and nobody asks it why; `errors` says it all.
        loop.set_exception_handler(lambda _loop, _context: None)
        set_mocks(recorder.mocks, project=PROJECT, stack=stack, preview=True, monitor=recorder)
        # The test hook leaves this one to all runs together; then what a failed run left would break the next.
        SETTINGS.outputs = set()
        await run_pulumi_func(start)

    try:
        with registered_by(recorder):
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


async def _outputs() -> None:
    """Wait for all values at once. The SDK, left to itself, looks at each of the waiting ones whenever one is done."""
    while SETTINGS.outputs:
        pending = list(SETTINGS.outputs)
        SETTINGS.outputs.clear()
        done, _ = await asyncio.wait(pending, return_when=asyncio.FIRST_EXCEPTION)
        for one in done:
            await one


def unresolved(manifests: list[Manifest]) -> list[str]:
    """Images whose digest is not locked yet: they render, and no real cluster can run them."""
    found = {image for manifest in manifests for image in images(manifest) if image.endswith(f"@{UNRESOLVED}")}
    return sorted(found)


def images(manifest: Manifest) -> list[str]:
    """The images of a workload's containers; none for any other kind."""
    template = manifest.get("spec", {}).get("template", {}) if isinstance(manifest.get("spec"), dict) else {}
    pod = template.get("spec", {}) if isinstance(template, dict) else {}
    return [box["image"] for group in ("initContainers", "containers") for box in pod.get(group, ())]
