"""The guide is followed to the letter in a copy of the project: what it says is enough, and nothing else is touched."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from arcos.paths import ROOT

GUIDE = ROOT / "docs" / "guides" / "add-a-cluster-kind.md"
#: A block, and the file that the line before it names.
BLOCK = re.compile(r"(?:^`(?P<file>[\w./-]+)`\n\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
IGNORED = shutil.ignore_patterns(".git", ".venv*", "*_cache", "__pycache__", "rendered")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project after the guide's steps; each command of it has succeeded."""
    folder = tmp_path_factory.mktemp("guide") / "project"
    shutil.copytree(ROOT, folder, ignore=IGNORED)
    _environment(folder)
    (folder / "components" / "clusters" / "classroom").mkdir()
    (folder / "components" / "clusters" / "classroom" / "__init__.py").touch()
    for block in BLOCK.finditer(GUIDE.read_text(encoding="utf-8")):
        if block["language"] == "diff":
            follow(folder, block["text"])
        elif block["language"] == "sh":
            for line in block["text"].splitlines():
                run(folder, line.split())
        else:
            file = folder / block["file"]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block["text"], encoding="utf-8")
    return folder


def follow(folder: Path, diff: str) -> None:
    """As git does; where a fork's own kinds stand between, as a person does: each line below the one it follows."""
    if _git(folder, diff).returncode == 0:
        return
    file = folder / re.findall(r"^\+\+\+ b/(.*)$", diff, re.MULTILINE)[0]
    lines, neighbour = file.read_text(encoding="utf-8").splitlines(), ""
    for line in diff.partition("@@\n")[2].splitlines():
        if line.startswith("+"):
            lines.insert(lines.index(neighbour) + 1, line[1:])
        neighbour = line[1:]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _environment(folder: Path) -> None:
    """The packages of this checkout, and the modules of the copy."""
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{folder}" exec "{ROOT}/.venv/bin/python" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    shutil.copy(ROOT / "requirements.txt", folder / ".venv" / "requirements.installed")


def _git(folder: Path, diff: str) -> subprocess.CompletedProcess[str]:
    # A checkout may lie inside of another one, whose root git would take.
    environment = os.environ | {"GIT_CEILING_DIRECTORIES": str(folder.parent)}
    command = ["git", "apply", "-"]
    return subprocess.run(command, cwd=folder, env=environment, input=diff, capture_output=True, text=True, check=False)


def run(folder: Path, command: list[str]) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ARCOS_STACKS")}
    environment |= {"PYTEST_ADDOPTS": ""}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"


def files(folder: Path) -> dict[str, bytes]:
    found = {}
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(part.startswith(".") or part in ("__pycache__", "rendered") for part in parts):
            found["/".join(parts)] = path.read_bytes()
    return found


def test_a_site_of_the_new_kind_is_rendered(project: Path) -> None:
    rendered = [file.name for file in (project / "rendered" / "room-12").rglob("*.yaml")]
    assert any("classroom-disk" in name for name in rendered), rendered


def test_a_kind_is_its_folder_its_test_and_one_file_that_gathers_kinds(project: Path) -> None:
    before, after = files(ROOT), files(project)
    changed = {name for name in before.keys() & after.keys() if before[name] != after[name]}
    assert changed == {"arcos/site/cluster.py", "stacks/site.schema.json"}
    assert after.keys() - before.keys() == {
        "components/clusters/classroom/__init__.py",
        "components/clusters/classroom/config.py",
        "components/clusters/classroom/cluster.py",
        "tests/components/clusters/test_classroom.py",
        "stacks/Pulumi.room-12.yaml",
    }


def test_the_one_file_grows_by_two_lines(project: Path) -> None:
    before = (ROOT / "arcos/site/cluster.py").read_text(encoding="utf-8").splitlines()
    after = (project / "arcos/site/cluster.py").read_text(encoding="utf-8").splitlines()
    assert len(after) - len(before) == len(set(after) - set(before)) == 2
    assert set(before) <= set(after), "and no other line changes"


def test_git_takes_the_difference_and_a_fork_with_kinds_of_its_own_can_follow_it_too(tmp_path: Path) -> None:
    """The guide's test runs in forks as well, beside kinds that stand just where the guide puts its own."""
    [diff] = [block["text"] for block in BLOCK.finditer(GUIDE.read_text("utf-8")) if block["language"] == "diff"]
    file = tmp_path / "arcos" / "site" / "cluster.py"
    file.parent.mkdir(parents=True)
    ours = (ROOT / "arcos/site/cluster.py").read_text(encoding="utf-8")
    theirs = ours.replace("import AwsEks\n", "import AwsEks\nfrom components.clusters.azure.config import Azure\n")
    file.write_text(ours, encoding="utf-8")
    assert _git(tmp_path, diff).returncode == 0
    for text in (ours, theirs.replace("    LocalCluster\n", "    LocalCluster\n    | Azure\n")):
        file.write_text(text, encoding="utf-8")
        follow(tmp_path, diff)
        added = set(file.read_text(encoding="utf-8").splitlines()) - set(text.splitlines())
        assert added == {"from components.clusters.classroom.config import Classroom", "    | Classroom"}
