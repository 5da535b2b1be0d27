"""What a machine must be able to do before a node is started on it, each tried for real, with nothing left behind.

One clear sentence and the command that mends it, instead of a node that comes up by half.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from arcos.errors import ArcosError
from arcos.local import cgroups
from arcos.local.holder import UNSHARE

#: Bytes. A node that starts with less soon evicts its pods, a control plane stops writing.
DISK_REAL, DISK_SIMULATED = 2 * 2**30, 300 * 2**20
#: Mounts what containerd will mount, on the disk it will mount it on.
_OVERLAY = 'cd "$1" && mkdir l u w m && mount -t overlay overlay -o lowerdir=l,upperdir=u,workdir=w m'


def refuse_without_root(site: str) -> None:
    """A real node needs mounts, namespaces and control groups.

    Raises:
        ArcosError: This user is not root.
    """
    if os.geteuid() != 0:
        raise ArcosError(
            "a real local node needs root",
            why="it makes namespaces, mounts and control groups",
            fix=f"./arcosctl up {site} --simulate (no root, no containers), or sudo ./arcosctl up {site}",
        )


def refuse_full_disk(folder: Path, *, simulate: bool) -> None:
    """Check the room on the disk that has the site's folder.

    Raises:
        ArcosError: There is too little.
    """
    needed = DISK_SIMULATED if simulate else DISK_REAL
    free = shutil.disk_usage(_existing(folder)).free
    if free < needed:
        raise ArcosError(
            f"the disk is full: {free / 2**30:.1f} GiB free, {needed / 2**30:.1f} GiB needed",
            where=str(folder),
            fix="free space there, or use another disk: ARCOS_HOME=/elsewhere ./arcosctl ...",
        )


def refuse_unable_machine(folder: Path) -> None:
    """Try what a real node needs of the kernel.

    Raises:
        ArcosError: Something is missing.
    """
    if sys.platform != "linux":
        raise ArcosError("a local node needs Linux", fix="./arcosctl up SITE with a cluster of kind `existing`")
    if missing := cgroups.missing():
        raise ArcosError(
            f"this machine has no control group controllers {', '.join(missing)}",
            where=cgroups.ROOT,
            fix="boot with cgroup_enable=memory, or ./arcosctl up SITE --simulate",
        )
    _try(
        ["true"],
        "this machine does not allow new namespaces",
        "run on the machine itself or in a privileged container, or ./arcosctl up SITE --simulate",
    )
    _try(
        ["nft", "add", "table", "ip", "arcos"],
        "this kernel has no nftables, which carries the cluster's services",
        "sudo modprobe nf_tables",
    )
    if not Path("/dev/net/tun").exists():
        raise ArcosError("/dev/net/tun is missing, which connects the node's network", fix="sudo modprobe tun")
    with tempfile.TemporaryDirectory(dir=_existing(folder), prefix=".overlay-") as scratch:
        _try(
            ["sh", "-c", _OVERLAY, "sh", scratch],
            "overlayfs does not work on the disk of the site's folder",
            "sudo modprobe overlay, or use another disk: ARCOS_HOME=/elsewhere ./arcosctl ...",
        )


def file_system(folder: Path) -> str:
    """The type of the file system a folder is or will be on, as mount(8) names it."""
    place = _existing(folder).resolve()
    lines = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    mounted = {Path(fields[1]): fields[2] for fields in map(str.split, lines)}  # the last one on a place counts
    return next(mounted[parent] for parent in (place, *place.parents) if parent in mounted)


def _try(command: list[str], what: str, fix: str) -> None:
    """Run a command in new namespaces that end with it."""
    done = subprocess.run(["unshare", *UNSHARE, "--", *command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ArcosError(what, why=(done.stderr.strip().splitlines() or ["no reason given"])[-1], fix=fix)


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder
