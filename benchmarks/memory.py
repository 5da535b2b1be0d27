"""What a running local site takes of the machine's memory: the control plane, the node and all services together.

Pss counts a page that several processes share once, in parts. https://docs.kernel.org/filesystems/proc.html
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator

import processes
from processes import SITE


def memory() -> Iterator[tuple[str, str, str]]:
    """Everything, and what takes most of it."""
    taken: Counter[str] = Counter()
    for process in processes.of_site():
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
