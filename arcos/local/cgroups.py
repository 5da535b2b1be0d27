"""The control groups of a local node's containers: all below one of the site's own, so that they can be taken away.

Both layouts exist on machines: one hierarchy a controller (v1) and the unified one (v2); see cgroups(7). The kubelet
makes everything below; its root must be there before it starts. Standard library only: the holder keeps this loaded.
"""

# pathlib would stay in memory for as long as the site runs.
# ruff: noqa: PTH119, PTH103, PTH106, PTH110, PTH123

from __future__ import annotations

import os
import zlib

ROOT = "/sys/fs/cgroup"
#: Controllers the kubelet cannot do without, and those it wants below its root where the machine has them.
NEEDED = ("cpu", "cpuset", "memory", "pids")
WANTED = (*NEEDED, "hugetlb")


def name(folder: str) -> str:
    """The control group of the site in `folder`, seen from the root of each hierarchy: no two sites share one."""
    return f"arcos-{os.path.basename(folder)}-{zlib.crc32(folder.encode()):08x}"


def unified(root: str = ROOT) -> bool:
    """Whether the machine has version 2 only."""
    return os.path.exists(f"{root}/cgroup.controllers")


def hierarchies(root: str = ROOT) -> list[str]:
    """The mounted hierarchies: the root itself on v2, a folder each on v1."""
    if unified(root):
        return [root]
    with open("/proc/self/mounts", encoding="utf-8") as mounts:
        lines = [line.split() for line in mounts]
    return [fields[1] for fields in lines if fields[2] in ("cgroup", "cgroup2") and fields[1].startswith(f"{root}/")]


def given(root: str = ROOT) -> set[str]:
    """The controllers that this machine gives."""
    if unified(root):
        with open(f"{root}/cgroup.controllers", encoding="ascii") as file:
            return set(file.read().split())
    return {part for path in hierarchies(root) for part in os.path.basename(path).split(",")}


def missing(root: str = ROOT) -> list[str]:
    """Controllers that the kubelet needs and this machine does not give."""
    return [controller for controller in NEEDED if controller not in given(root)]


def make(group: str, root: str = ROOT) -> None:
    """Make the site's control group in every hierarchy.

    Raises:
        OSError: The machine does not allow it.
    """
    if unified(root):
        enabled = " ".join(f"+{controller}" for controller in WANTED if controller in given(root))
        _write(f"{root}/cgroup.subtree_control", enabled)
    for path in hierarchies(root):
        os.makedirs(f"{path}/{group}", exist_ok=True)
        for setting in ("cpuset.cpus", "cpuset.mems"):  # v1: empty in a new group, and nothing can run in it then
            own, parent = f"{path}/{group}/{setting}", f"{path}/{setting}"
            if not unified(root) and os.path.exists(parent):
                with open(parent, encoding="ascii") as file:
                    _write(own, file.read())


def remove(group: str, root: str = ROOT) -> list[str]:
    """Take the site's control group and all below it away; returns those that still have processes."""
    left = []
    for path in hierarchies(root):
        for folder, _, _ in os.walk(f"{path}/{group}", topdown=False):
            try:
                os.rmdir(folder)
            except OSError:
                left.append(folder)
    return left


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
