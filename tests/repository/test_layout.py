"""The repository keeps its own rules: sites load, apps are documented, files stay short, imports go one way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from arcos.paths import ROOT, STACKS
from arcos.site.diagnostics import render_findings
from arcos.site.loader import check_sites, load_site, site_names
from arcos.site.model import Apps
from arcos.site.release import load_release

APPS = ROOT / "apps"
MAX_LINES = 300
#: What is not written by hand.
GENERATED = {
    "requirements.txt",
    "requirements-dev.txt",
    "requirements-policy.txt",
    "requirements-openstack.txt",
    "site.schema.json",
    "go.sum",
}
SOURCES = {".py", ".go", ".sh", ".yaml", ".yml", ".toml", ".md", ".c"}


def tracked() -> list[Path]:
    """Every file that is in git, or would be."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def app_folders() -> list[str]:
    return sorted(folder.name for folder in APPS.iterdir() if (folder / "__init__.py").exists())


def test_no_site_has_a_finding() -> None:
    findings = check_sites()
    assert not findings, render_findings(findings)


@pytest.mark.parametrize("name", site_names())
def test_every_site_loads_with_its_release(name: str) -> None:
    site = load_site(name)
    release = load_release(site.release)
    assert release.images, f"{name} runs release {release.name}"


@pytest.mark.parametrize("name", ["local", "nectar-qld", "aws-sydney", "hpc-perth"])
def test_the_first_four_sites_are_there(name: str) -> None:
    assert name in site_names(), "one of each cluster kind that the platform began with"


@pytest.mark.parametrize("name", site_names())
def test_a_site_file_is_short(name: str) -> None:
    lines = (STACKS / f"Pulumi.{name}.yaml").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 80, "a site says only what differs"


@pytest.mark.parametrize("app", app_folders())
def test_every_app_is_documented_and_in_the_site_model(app: str) -> None:
    folder = APPS / app
    assert (folder / "config.py").is_file(), "its settings"
    readme = folder / "README.md"
    assert readme.is_file(), "what it is, how to run it, what to do when it fails"
    assert len(readme.read_text(encoding="utf-8")) > 400, f"{readme} says something"
    assert app in Apps.model_fields, "a site can switch it on"
    assert (ROOT / "tests" / "apps" / app).is_dir() or list((ROOT / "tests" / "apps").glob(f"*{app}*")), "it has tests"


def test_every_app_of_the_site_model_has_a_folder() -> None:
    assert sorted(Apps.model_fields) == app_folders()


@pytest.mark.parametrize("file", tracked(), ids=lambda file: str(file.relative_to(ROOT)))
def test_no_source_file_is_too_long(file: Path) -> None:
    hand_written = file.suffix in SOURCES or file.name == "arcosctl"
    if hand_written and file.name not in GENERATED and "golden" not in file.parts:
        lines = file.read_bytes().count(b"\n")
        assert lines <= MAX_LINES, f"{lines} lines: split it by what it owns"


def test_imports_go_one_way() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


def test_the_independence_contract_names_every_app() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    missing = [app for app in app_folders() if f'"apps.{app}"' not in text or f'"apps.{app}.config"' not in text]
    assert not missing, "[tool.importlinter] in pyproject.toml lists the apps by hand"


def test_packages_of_apps_and_components_are_empty() -> None:
    files = [ROOT / "components" / "__init__.py", APPS / "__init__.py", *APPS.glob("*/__init__.py")]
    assert [str(file) for file in files if file.read_text(encoding="utf-8").strip()] == [], "so that config.py is cheap"
