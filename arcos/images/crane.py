"""crane, the program that talks to registries for us (`toolchain/crane`), and what to do when one refuses.

It asks for tokens as registries want it (anonymous ones too), uses the login that `crane auth login` or `docker login`
left, and speaks https but to this machine.
https://github.com/google/go-containerregistry/blob/main/cmd/crane/doc/crane.md
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from arcos.errors import ArcosError
from arcos.progress import Progress
from arcos.toolchain.programs import ensure

#: Seconds for a question; copying takes as long as it takes.
ASKING = 120.0


def crane(progress: Progress) -> Path:
    """The program; compiled where neither the PATH nor the cache has it."""
    return ensure(["crane"], progress) / "crane"


def run(program: Path, *arguments: str, about: str, timeout: float | None = None) -> str:
    """Run crane and give back what it prints; `about` is the reference that it asks or tells about.

    Raises:
        ArcosError: The registry refuses it, or does not answer.
    """
    try:
        done = subprocess.run(
            [str(program), *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=timeout
        )
    except subprocess.TimeoutExpired:
        said = f"no answer within {timeout:.0f} s"
    else:
        if done.returncode == 0:
            return done.stdout
        said = (done.stderr.strip().splitlines() or ["it was ended from outside"])[-1]
    denied = any(word in said for word in ("UNAUTHORIZED", "DENIED", "401", "403"))
    host = about.partition("/")[0]
    raise ArcosError(
        f"crane {arguments[0]} failed",
        where=about,
        why=said.removeprefix("Error: "),
        fix=f"{program} auth login {host}" if denied else f"check that {host} can be reached, then run it again",
    )
