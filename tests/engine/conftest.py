"""A copy of the project with its own state and its own simulated cluster, driven by the real Pulumi engine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from arcos.paths import ROOT, cache_dir
from tests.engine.project import Project

NEEDS = ("pulumi", "pulumi-language-python", "pulumi-resource-kubernetes")


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    missing = [name for name in NEEDS if not shutil.which(name)]
    if missing:
        pytest.skip(f"needs {', '.join(missing)} on the PATH")
    base = tmp_path_factory.mktemp("engine")
    folder = base / "project"
    ignored = shutil.ignore_patterns(".git", ".venv*", "*_cache", "__pycache__", "rendered")
    shutil.copytree(ROOT, folder, ignore=ignored)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    home = base / "home"
    home.mkdir()
    cache_dir().mkdir(parents=True, exist_ok=True)
    (home / "cache").symlink_to(cache_dir())
    (base / "state").mkdir()
    env = {
        **os.environ,
        "ARCOS_HOME": str(home),
        "PULUMI_BACKEND_URL": f"file://{base / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "not a secret: this state lives as long as the test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_HOME": str(base / "pulumi-home"),
    }
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
