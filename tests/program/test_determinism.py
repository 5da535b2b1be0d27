"""The same site gives the same bytes: in every process, whatever its hash seed, locale, time zone or folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from arcos.paths import ROOT

PROGRAM = (
    "import sys; from pathlib import Path; from arcos.render.files import render_sites;"
    "render_sites(['local', 'hpc-perth'], Path(sys.argv[1]))"
)


def _render(out: Path, **env: str) -> dict[str, bytes]:
    keep = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    subprocess.run(
        [sys.executable, "-c", PROGRAM, out], cwd=out.parent, env=keep | {"PYTHONPATH": str(ROOT)} | env, check=True
    )
    return {str(file.relative_to(out)): file.read_bytes() for file in sorted(out.rglob("*")) if file.is_file()}


def test_two_processes_write_the_same_bytes(tmp_path):
    first = _render(tmp_path / "a", PYTHONHASHSEED="1", LC_ALL="C", TZ="Pacific/Auckland", PYTHONUTF8="0")
    second = _render(tmp_path / "b", PYTHONHASHSEED="2", LC_ALL="C.UTF-8", TZ="America/Lima")
    assert first == second
    assert len(first) > 50, "an empty folder would be equal too"
