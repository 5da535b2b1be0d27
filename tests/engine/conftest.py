"""A copy of the project with its own state and its own simulated cluster, driven by the real Pulumi engine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from arcos.paths import ROOT, cache_dir
from tests.engine.project import Project, engine_env
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
    base = tmp_path_factory.mktemp("engine")
    folder = base / "project"
    ignored = shutil.ignore_patterns(".git", ".venv*", "*_cache", "__pycache__", "rendered")
    shutil.copytree(ROOT, folder, ignore=ignored)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    home = base / "home"
    home.mkdir()
    cache_dir().mkdir(parents=True, exist_ok=True)
    (home / "cache").symlink_to(cache_dir())
    env = engine_env(base) | {"ARCOS_HOME": str(home)}
    made = Project(folder, env)
    made.run("./arcosctl", "up", "local", "--simulate", "--cluster-only")
    try:
        made.run("pulumi", "stack", "init", "local", "--non-interactive")
        yield made
    finally:
        made.run("./arcosctl", "down", "local", "--delete-data")


@pytest.fixture(scope="session")
def deployed(project: Project) -> Project:
    """The project after one `pulumi up`, for tests that look and change nothing."""
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
