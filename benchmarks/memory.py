"""What a running local site takes of the machine's memory: the control plane, the node and all services together.

Pss counts a page that several processes share once, in parts. https://docs.kernel.org/filesystems/proc.html
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from arcos.paths import data_dir

SITE = os.environ.get("ARCOS_BENCHMARK_SITE", "local")


def memory() -> Iterator[tuple[str, str, str]]:
    """Everything, and what takes most of it."""
    taken: Counter[str] = Counter()
    for process in _processes(f"ARCOS_SITE={data_dir() / 'sites' / SITE}"):
        try:
            lines = (process / "smaps_rollup").read_text(encoding="utf-8").splitlines()
            name = (process / "comm").read_text(encoding="utf-8").strip()
        except OSError:  # it has just ended
            continue
        taken[name] += next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
    if not taken:
        sys.exit(f"the site {SITE} does not run: ./arcosctl up {SITE}, as root")
    yield f"idle memory of all processes of `{SITE}` (Pss)", f"{sum(taken.values()) / 2**20:.2f} GiB", "3 GiB"
    for name, kib in taken.most_common(12):
        yield f"of it {name}", f"{kib / 2**10:.0f} MiB", ""


def _processes(mark: str) -> list[Path]:
    """The node's own processes, which carry the mark, and all that descend from them."""
    parents: dict[str, str] = {}
    found: set[str] = set()
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            parents[process.name] = (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1]
            if mark.encode() in (process / "environ").read_bytes().split(b"\0"):
                found.add(process.name)
        except OSError:
            continue
    more = found
    while more:
        more = {name for name, parent in parents.items() if parent in more and name not in found}
        found = found | more
    return [Path("/proc") / name for name in found]
