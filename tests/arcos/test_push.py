"""How the program ends under an engine."""

from __future__ import annotations

import signal
import subprocess
import sys

from arcos.paths import ROOT

PROGRAM = """
import asyncio
from arcos.platform.push import end_quietly

async def main():
    end_quietly()
    print("begun", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def test_an_interrupted_program_says_nothing_for_the_engine_has_said_why() -> None:
    command = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)

    assert said == "", "no traceback"
    assert process.returncode == 32, "the exit code by which the language host adds nothing of its own"
