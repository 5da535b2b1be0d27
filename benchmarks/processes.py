"""The processes of a running local site, and the CPU time they have used. https://docs.kernel.org/filesystems/proc.html"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from arcos.paths import data_dir

#: The site that is measured: `local`, or the one that ARCOS_BENCHMARK_SITE names.
SITE = os.environ.get("ARCOS_BENCHMARK_SITE", "local")
_TICKS = os.sysconf("SC_CLK_TCK")


def of_site() -> list[Path]:
    """The node's own processes, which carry the mark, and all that descend from them."""
    mark = f"ARCOS_SITE={data_dir() / 'sites' / SITE}"
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


def cpu_seconds() -> Counter[str]:
    """By name, with what each has waited for of its children that ended: containerd has started every `runc`."""
    used: Counter[str] = Counter()
    for process in of_site():
        try:
            name, _, rest = (process / "stat").read_text(encoding="utf-8").partition("(")[2].rpartition(")")
        except OSError:  # it has just ended
            continue
        used[name] += sum(int(ticks) for ticks in rest.split()[11:15])
    return Counter({name: ticks // _TICKS for name, ticks in used.items()})
