"""``arcosctl test``: every check and test tier that this machine can run, and by name those that it cannot."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from arcos.errors import USAGE, ArcosError
from arcos.paths import ROOT
from arcos.progress import Progress


@dataclass(frozen=True, kw_only=True)
class Tier:
    """One group of checks: what it runs, and what keeps it from running here ("" where nothing does)."""

    name: str
    about: str
    commands: tuple[tuple[str, ...], ...]
    missing: str = ""


def register(app: typer.Typer) -> None:
    """Add this module's verb."""
    app.command(
        epilog="Example: ./arcosctl test fast   (four minutes; then: api, real, engine, or -k WORD for some tests)"
    )(test)


#: What the real tier drives a browser with.
BROWSER = {"chromium": "chromium", "chromedriver": "chromium-driver"}
#: What the tiers push and pull images with, and skip those tests without.
IMAGES = {"skopeo": "skopeo"}


def test(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TIER]...", help="static fast api real engine; all of these without a name. And long."),
    ] = None,
    keyword: Annotated[str, typer.Option("-k", help="Only tests whose name matches, as in pytest.")] = "",
) -> None:
    """Run the tests. A tier whose need is missing is named in the summary; it never passes silently."""
    progress = Progress()
    _install_test_packages(progress)
    available = {tier.name: tier for tier in tiers(keyword)}
    for name in names or []:
        if name not in available:
            raise ArcosError(f"there is no test tier '{name}'", fix=f"one of: {', '.join(available)}", exit_code=USAGE)
    chosen = [available[name] for name in names] if names else [_by_itself(tier) for tier in available.values()]
    from arcos.toolchain.debian import ensure_debian

    for tier in chosen:
        if tier.name in ("real", "long") and not tier.missing:
            ensure_debian(BROWSER | IMAGES, progress)
        elif tier.name == "api" and os.geteuid() == 0:
            ensure_debian(IMAGES, progress)
    results = [(tier, *_run(tier)) for tier in chosen]

    typer.echo("\ntier      result         time  what")
    for tier, result, seconds in results:
        typer.echo(f"{tier.name:<9} {result:<12} {seconds:>5.0f} s  {tier.missing or tier.about}")
    if any(result == "FAILED" for _, result, _ in results):
        raise typer.Exit(1)


def _by_itself(tier: Tier) -> Tier:
    """A tier that nobody named: the long one waits until somebody does, and says so."""
    if tier.name != "long" or tier.missing:
        return tier
    return replace(tier, missing="not run: half an hour, only by name (./arcosctl test long)")


def tiers(keyword: str = "") -> list[Tier]:
    """The tiers in the order they run, cheapest first."""
    python = sys.executable
    pytest = (python, "-m", "pytest", "-q", *(("-k", keyword) if keyword else ()))
    venv_bin = Path(python).parent
    engine = [p for p in ("pulumi", "pulumi-language-python", "pulumi-resource-kubernetes") if not shutil.which(p)]
    root = os.geteuid() == 0
    return [
        Tier(
            name="static",
            about="ruff, mypy strict, import order",
            commands=(
                (python, "-m", "ruff", "check", "."),
                (python, "-m", "ruff", "format", "--check", "."),
                (python, "-m", "mypy"),
                (str(venv_bin / "lint-imports"),),
            ),
        ),
        Tier(
            name="fast",
            about="site model, program, golden manifests, policy, repository",
            commands=((*pytest, "-m", "not api and not real and not engine"),),
        ),
        Tier(
            name="api",
            about="rendered sites on a real kube-apiserver",
            commands=((*pytest, "-m", "api and not long"),),
        ),
        Tier(
            name="real",
            about="the local site with real containers and a real browser",
            commands=((*pytest, "-m", "real and not long"),),
            missing="" if root else "not run: needs root (sudo ./arcosctl test real)",
        ),
        Tier(
            name="long",
            about="limits, signing out, two institutions, every secret: what waits for minutes",
            commands=((*pytest, "-m", "long"),),
            missing="" if root else "not run: needs root (sudo ./arcosctl test long)",
        ),
        Tier(
            name="engine",
            about="pulumi up, preview, destroy with the real engine",
            # Two files at once: the tests of one go on from each other.
            commands=((*pytest, "-m", "engine", "-n", "2", "--dist", "loadfile"),),
            missing=f"not run: needs {', '.join(engine)} on the PATH" if engine else "",
        ),
    ]


def _run(tier: Tier) -> tuple[str, float]:
    if tier.missing:
        return "not run", 0.0
    print(f"\n== {tier.name}: {tier.about}", flush=True)
    started = time.monotonic()
    # A temporary folder of our own: pytest's numbered ones trip over what an earlier, killed run left mounted.
    with tempfile.TemporaryDirectory(prefix="arcos-test-", ignore_cleanup_errors=True) as folder:
        environment = {**os.environ, "PYTEST_ADDOPTS": f"--basetemp={folder}/pytest"}
        # All commands of a tier run, so that one round shows every mistake.
        codes = [
            subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode for command in tier.commands
        ]
    return ("FAILED" if any(codes) else "passed"), time.monotonic() - started


def _install_test_packages(progress: Progress) -> None:
    """Bring the locked test packages: the linters into .venv, Checkov and OpenStack into environments of their own.

    Each of them pins half of PyPI; beside ours they would decide our versions.
    """
    _install(ROOT / ".venv", "requirements-dev.txt", progress)
    _install(ROOT / ".venv-policy", "requirements-policy.txt", progress)
    _install(ROOT / ".venv-openstack", "requirements-openstack.txt", progress)


def _install(venv: Path, lock: str, progress: Progress) -> None:
    stamp = venv / f"{lock}.installed"
    locked = (ROOT / lock).read_bytes()
    if stamp.exists() and stamp.read_bytes() == locked:
        return
    with progress.step(f"install {lock} into {venv.name}"):
        if not (venv / "bin" / "python").exists():
            subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        done = subprocess.run(
            [*pip, "--no-compile", "--require-hashes", "--no-input", "-r", str(ROOT / lock)], check=False
        )
        if done.returncode:
            raise ArcosError(
                f"the packages of {lock} could not be installed",
                why="pip failed, its message stands above",
                fix="mend what it names (network, disk), then run ./arcosctl test again",
            )
        stamp.write_bytes(locked)
