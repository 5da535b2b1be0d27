"""Running `pulumi` on a site's stack: what it answered, or why it did not, in its own words.

Owns the command line and its JSON. Never asks it for a secret in the open.
https://www.pulumi.com/docs/iac/cli/commands/
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

from arcos.errors import BUSY, ArcosError
from arcos.paths import ROOT

#: Seconds: a plan of a whole site asks a cloud and a cluster about hundreds of things.
_TIMEOUT = 3600
_LOCKED = "currently locked by"


def run(site: str, *arguments: str) -> str:
    """What `pulumi` printed to standard output.

    Raises:
        ArcosError: It is not there, somebody else holds the stack, or it failed.
    """
    done = attempt(site, *arguments)
    if done.returncode == 0:
        return done.stdout
    said = done.stderr.strip() or done.stdout.strip()
    if _LOCKED in done.stdout + done.stderr:
        raise locked(site, done.stdout + done.stderr)
    raise failed(site, arguments, said)


def attempt(site: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The same, whatever comes of it.

    Raises:
        ArcosError: It is not there, or gives no answer.
    """
    program = shutil.which("pulumi")
    if program is None:
        raise ArcosError(
            "pulumi is not on the PATH",
            why="the state of a cluster that the platform makes is Pulumi's",
            fix="https://www.pulumi.com/docs/iac/download-install/",
        )
    command = [program, *arguments, "--stack", site, "--non-interactive", "--color=never"]
    environment = os.environ | {"PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        return subprocess.run(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=_TIMEOUT, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise failed(site, arguments, f"it gave no answer in {_TIMEOUT // 60} minutes") from None


def preview(site: str, *arguments: str) -> dict[str, Any]:
    """The plan of the stack as `pulumi preview --json` prints it; nothing is changed.

    Raises:
        ArcosError: There is none: the program or a provider refuses; or as :func:`run`.
    """
    done = attempt(site, "preview", "--json", *arguments)
    answer = decoded(done.stdout)
    if done.returncode == 0 and answer is not None:
        return answer
    if _LOCKED in done.stdout + done.stderr:
        raise locked(site, done.stdout + done.stderr)
    told = [one["message"].strip() for one in (answer or {}).get("diagnostics", []) if one.get("severity") == "error"]
    raise failed(site, ["preview"], "\n".join(told) or done.stderr.strip() or done.stdout.strip())


def decoded(text: str) -> dict[str, Any] | None:
    """The JSON in what was printed, after any warnings; None where there is none."""
    try:
        answer: dict[str, Any] = json.loads(text[text.index("{") :])
    except ValueError:
        return None
    return answer


def failed(site: str, arguments: Sequence[str], said: str) -> ArcosError:
    """The error for a run that failed."""
    return ArcosError(
        f"pulumi {arguments[0]} of site '{site}' failed",
        why=said,
        fix=f"mend what it says, then {_again(arguments, site)}",
    )


def locked(site: str, said: str) -> ArcosError:
    """The error for a stack that somebody holds."""
    who = [line.strip() for line in said.splitlines() if "created by" in line]
    return ArcosError(
        f"site '{site}' is being changed by another run",
        why="; ".join(who) or "its stack is locked",
        fix=f"wait for it; only if it is dead: pulumi cancel -s {site}",
        exit_code=BUSY,
    )


def _again(arguments: Sequence[str], site: str) -> str:
    return f"pulumi {arguments[0]} -s {site}"
