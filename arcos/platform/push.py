"""Push delivery: the platform program as an engine runs it, with the site from the stack's own settings.

Owns how it begins and how it ends; what it makes stands in `program.py`.
https://www.pulumi.com/docs/iac/languages-sdks/python/
"""

from __future__ import annotations

import asyncio
import os
import signal

import pulumi

from arcos.errors import ArcosError
from arcos.platform.args import PlatformArgs
from arcos.platform.bucket_keys import bucket_keys
from arcos.platform.program import Platform
from arcos.site.loader import placed, site_from_config
from arcos.site.release import load_release

#: The SDK's own exit code for "what is wrong has been said"; the language host then adds nothing.
_SAID = 32


def end_quietly() -> None:
    """Let an interrupt end this process without a traceback, for as long as the running loop is there.

    The engine interrupts the program once something could not be made, and has said what.
    """
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, os._exit, _SAID)


def _beside() -> dict[str, str]:
    """What a site's settings look at beside them, wherever the engine has it from."""
    region = pulumi.Config("aws").get("region")
    return {"aws:region": region} if region else {}


async def main() -> None:
    """For `pulumi.run`.

    Raises:
        pulumi.RunError: What is wrong with the site; the engine prints it without a traceback.
    """
    end_quietly()
    try:
        known = pulumi.Config("arcos").get_object("site")
        site = site_from_config(known, pulumi.get_stack(), beside=_beside())
        release = load_release(site.release)
        placed(site, release)
        keys = bucket_keys(site)
        Platform(site.name, PlatformArgs(site=site, release=release, delivery="push", bucket_keys=keys))
    except ArcosError as error:
        raise pulumi.RunError(str(error).removeprefix("error: ")) from None
    # Let every registration begin. The SDK then waits for one after another; it knows of none otherwise, and looks at
    # all the thousands of values that are still to come whenever one has come.
    await asyncio.sleep(0)
