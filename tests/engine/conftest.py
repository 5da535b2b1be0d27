"""A copy of the project with its own state and its own simulated cluster, driven by the real Pulumi engine."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engine.half import Half, make_half
from tests.engine.project import Project, copy_project
from tests.engine.site import CloudSite, cloud_site
from tests.engine.trial import Trial, make_trial

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
    """The project after a `pulumi up` to its end, for tests that look and change nothing."""
    project.pulumi("up", "--yes", "--skip-preview")
    return project


@pytest.fixture(scope="session")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the names and types of the clouds' SDKs are kept once they were read."""
    return tmp_path_factory.mktemp("schemas")


@pytest.fixture
def openstack(tmp_path: Path, schemas: Path) -> Trial:
    """Plain OpenStack resources in an empty account."""
    need(*ENGINE)
    return make_trial(tmp_path, "openstack", schemas)


@pytest.fixture
def aws(tmp_path: Path, schemas: Path) -> Trial:
    """Plain AWS resources in an empty account."""
    need(*ENGINE)
    return make_trial(tmp_path, "aws", schemas)


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
