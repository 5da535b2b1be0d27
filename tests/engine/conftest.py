"""A copy of the project with its own state and its own simulated cluster, driven by the real Pulumi engine."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from arcos.paths import cache_dir
from tests.engine.cloud.install import PACKAGES
from tests.engine.half import Half, make_half
from tests.engine.project import Project, copy_project
from tests.engine.site import CloudSite, cloud_site

ENGINE = ("pulumi", "pulumi-language-python")


def need(*programs: str) -> None:
    """Skip, and say what is missing."""
    missing = [name for name in programs if not shutil.which(name)]
    if missing:
        pytest.skip(f"needs {', '.join(missing)} on the PATH")


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    need(*ENGINE, "pulumi-resource-kubernetes")
    made = copy_project(tmp_path_factory.mktemp("engine"))
    made.arcosctl("up", "local", "--simulate", "--cluster-only")
    try:
        made.run("pulumi", "stack", "init", "local", "--non-interactive")
        yield made
    finally:
        made.arcosctl("down", "local", "--delete-data")


@pytest.fixture(scope="session")
def deployed(project: Project) -> Project:
    """The project after a `pulumi up` that was killed on its way, twice, and one to its end."""
    for seconds in (4.0, 8.0):
        running = project.start(*project.command("up", "--yes", "--skip-preview"))
        time.sleep(seconds)
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate()
        project.pulumi("cancel", "--yes")
    project.pulumi("up", "--yes", "--skip-preview", "--refresh")
    return project


@pytest.fixture(scope="session")
def schemas() -> Path:
    """Where the names and types of the clouds' SDKs are kept: read once for these versions, tables and readers."""
    read = sorted((Path(__file__).parent / "cloud").glob("*"))
    of = hashlib.sha256(b"".join(one.read_bytes() for one in read if one.suffix in (".py", ".yaml")))
    of.update(" ".join(version(f"pulumi-{package}") for package in PACKAGES).encode())
    folder = cache_dir() / "tests" / f"schemas-{of.hexdigest()[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module", params=["nectar-qld", "aws-sydney"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, schemas: Path
) -> Iterator[CloudSite]:
    """A whole site in a cloud of the test's own, made by one `pulumi up` after a preview."""
    need(*ENGINE, "pulumi-resource-kubernetes")
    with cloud_site(tmp_path_factory.mktemp(request.param), request.param, schemas) as made:
        made.planned = made.project.json("preview")["steps"]
        made.project.pulumi("up", "--yes", "--skip-preview")
        yield made


@pytest.fixture(scope="session")
def halves(tmp_path_factory: pytest.TempPathFactory, schemas: Path) -> Callable[[str], Half]:
    """Each kind's cluster half, made when it is first asked for."""
    need(*ENGINE)
    made: dict[str, Half] = {}

    def half(kind: str) -> Half:
        if kind not in made:
            made[kind] = make_half(tmp_path_factory.mktemp(kind), kind, schemas)
            made[kind].project.pulumi("up", "--yes", "--skip-preview")
        return made[kind]

    return half
