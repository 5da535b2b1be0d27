"""Starting and stopping a local site's node. Either may be killed at any point and run again.

A node is one process tree: `arcos.local.holder` (real) or `arcos.local.supervisor` (simulated) and what hangs on it.
This module checks the machine, writes what `arcos.local.plan` decides, starts that one process and waits until the
cluster serves (`arcos.local.waiting`).
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arcos.errors import ArcosError
from arcos.local import cgroups, images, lock, pki, plan, ports, preflight, prepare, waiting
from arcos.local import processes as proc
from arcos.local import state as states
from arcos.local.images import import_images
from arcos.local.state import NodeState, kubeconfig, site_folder
from arcos.paths import ROOT
from arcos.progress import Progress

if TYPE_CHECKING:
    from arcos.site.model import Site
    from components.clusters.local.config import LocalCluster

__all__ = ["check", "import_images", "kubeconfig", "start", "state", "stop"]

#: Seconds: the holder gives its node 55 to end in order.
STOP_GRACE = 60
#: Seconds: the kernel takes a moment to end the processes of a killed namespace.
SWEEP_GRACE = 10


def state(site: Site) -> NodeState:
    """How the site's node stands now, with the numbers of its processes."""
    return states.read(site.name, numbers=True)


def start(site: Site, progress: Progress, simulate: bool = False) -> NodeState:
    """Bring the site's node up; one that runs with the same settings is left as it is.

    Args:
        site: A site whose cluster is of kind local.
        progress: Where to show the steps.
        simulate: Simulated nodes instead of a real one: no root, no containers.

    Raises:
        ArcosError: The machine cannot run it, a port is taken, the node runs with other settings, or it does not
            come up; nothing of a failed start stays behind but the site's folder.
    """
    check(site, simulate=simulate)
    folder = site_folder(site.name)
    try:
        with lock.hold(folder / "lock", f"site {site.name}") as held:
            return _start(site, folder, progress, held, simulate=simulate)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
            raise ArcosError(
                f"the site's folder cannot be written: {error.strerror}",
                where=str(error.filename or folder),
                fix="free space there, or use another disk: ARCOS_HOME=/elsewhere ./arcosctl ...",
            ) from error
        raise


def check(site: Site, simulate: bool = False) -> None:
    """Find what would stop `start` on this machine, before anything is built, made or started.

    Raises:
        ArcosError: No root, a full disk, or a port that somebody else has.
    """
    if not simulate:
        preflight.refuse_without_root(site.name)
    if states.read(site.name).running:
        return
    preflight.refuse_full_disk(site_folder(site.name), simulate=simulate)
    if not simulate:
        cluster = _cluster(site)
        wanted = {"httpPort": cluster.http_port, "httpsPort": cluster.https_port, "apiPort": cluster.api_port}
        try:
            ports.refuse_taken(wanted, site.name)
        except ArcosError:
            if not states.read(site.name).running:  # else it is its own, started a moment ago
                raise


def built_programs(progress: Progress, *, simulate: bool) -> Path:
    """The folder with the programs of a node, built where the machine has none that fit.

    Raises:
        ArcosError: One could not be built.
    """
    from arcos.toolchain.programs import ensure

    return ensure(plan.SIMULATED if simulate else plan.REAL, progress)


def _start(site: Site, folder: Path, progress: Progress, held: int, *, simulate: bool) -> NodeState:
    before = states.read(site.name)
    machine = {} if simulate else _machine(folder, progress, running=before.running)
    programs = built_programs(progress, simulate=simulate)
    files = _configuration(site, folder, machine, simulate=simulate)
    settings = _settings(site, programs, files, simulate=simulate)
    if before.running:
        _refuse_other_settings(site, before.settings, settings)
    else:
        _sweep(site.name)
        check(site, simulate=simulate)  # once more: building the programs may have taken long
        with progress.step(f"start the {'simulated ' if simulate else ''}node of {site.name}"):
            published = _published(_cluster(site), simulate=simulate)
            node = _node(site, folder, programs, published, simulate=simulate)
            found = prepare.Found(programs=programs, machine=machine, published=published, settings=settings)
            _launch("supervisor" if simulate else "holder", prepare.write(site, folder, node, found, files), held)
    try:
        waiting.until_ready(site, folder, pki.machine_authority(), progress)
    except ArcosError:
        if before.phase != "ready":  # a node that once was ready may have work in it
            _end(site.name)
        raise
    return state(site)


def stop(site: Site, progress: Progress, delete_data: bool = False) -> None:
    """End the site's node and everything of it on this machine; its data stays unless `delete_data`.

    Raises:
        ArcosError: An `up` of the site is at work, or something could not be taken away.
    """
    folder = site_folder(site.name)
    if not folder.exists():
        progress.say(f"site {site.name} was never started here")
        return
    with lock.hold(folder / "lock", f"site {site.name}"):
        with progress.step(f"stop the node of {site.name}"):
            _end(site.name)
        if delete_data:
            with progress.step(f"delete the data of {site.name}"):
                _delete(folder)


def _end(name: str) -> None:
    known = states.read(name)
    if known.running:
        proc.end(known.pid, STOP_GRACE)
    _sweep(name)


def _sweep(name: str) -> None:
    """Take away what a killed node leaves: control groups, and records of processes that are gone."""
    group = cgroups.name(str(site_folder(name)))
    if os.geteuid() == 0:
        for pid in proc.in_cgroup(group):
            proc.end(pid, 0)
        deadline = time.monotonic() + SWEEP_GRACE
        while (left := cgroups.remove(group)) and time.monotonic() < deadline:
            time.sleep(0.05)
        if left:
            raise ArcosError("control groups are still in use", where=left[0], fix=f"./arcosctl down {name}")
    for leftover in (site_folder(name) / "run").glob("*"):
        if leftover.name != "held":
            leftover.unlink()


def _delete(folder: Path) -> None:
    mounted = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()]
    if any(place.startswith(f"{folder}/") for place in mounted):
        raise ArcosError("something is mounted in the site's folder: nothing was deleted", where=str(folder))
    shutil.rmtree(folder)


def _launch(module: str, spec: Path, held: int) -> None:
    """Start the process that stays; it detaches by itself, and has said who it is when this returns.

    Until then it holds the site's lock, the open file `held`, as we do.
    """
    environment = {"PATH": plan.PATH, "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"}
    command = [sys.executable, "-S", "-m", f"arcos.local.{module}", str(held), str(spec)]
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        pass_fds=(held,),
    )
    if done.returncode != 0:
        raise ArcosError("the node's process could not be started", why=done.stderr.strip()[-500:])


def _machine(folder: Path, progress: Progress, *, running: bool) -> dict[str, str]:
    """Paths of the machine's own programs, on a machine that can run a node."""
    from arcos.toolchain.debian import ensure_debian

    ensure_debian(plan.MACHINE, progress)
    if not running:
        preflight.refuse_unable_machine(folder)
    return {name: shutil.which(name, path=plan.PATH) or name for name in plan.MACHINE}


def _configuration(site: Site, folder: Path, machine: Mapping[str, str], *, simulate: bool) -> dict[str, str]:
    if simulate:
        return plan.configuration(plan.simulated_node(site.name, folder, folder, plan.Ports()))
    return plan.configuration(
        plan.real_node(site.name),
        cgroup=cgroups.name(str(folder)),
        pause=images.sandbox_image(site),
        runc=machine["runc"],
        disk=preflight.file_system(folder),
    )


def _node(site: Site, folder: Path, programs: Path, published: Mapping[str, int], *, simulate: bool) -> plan.Node:
    if not simulate:
        return plan.real_node(site.name)
    etcd, peer = ports.free_ports(2)
    inner = plan.Ports(api=published["api"], etcd=etcd, peer=peer)
    return plan.simulated_node(site.name, folder, programs, inner)


def _cluster(site: Site) -> LocalCluster:
    from components.clusters.local.config import LocalCluster

    if not isinstance(site.cluster, LocalCluster):
        raise TypeError(f"site {site.name} is not a local site")
    return site.cluster


def _published(cluster: LocalCluster, *, simulate: bool) -> dict[str, int]:
    if simulate:
        return {"api": ports.free_ports(1)[0]}
    return {"http": cluster.http_port, "https": cluster.https_port, "api": cluster.api_port}


def _settings(site: Site, programs: Path, files: Mapping[str, str], *, simulate: bool) -> dict[str, Any]:
    """What a running node must have been started with to be the one that is wanted."""
    cluster = _cluster(site)
    published = {"httpPort": cluster.http_port, "httpsPort": cluster.https_port, "apiPort": cluster.api_port}
    return {
        "simulated nodes": cluster.nodes if simulate else 0,
        **({} if simulate else published),
        "programs": str(programs),
        "configuration": plan.digest(files),
    }


def _refuse_other_settings(site: Site, running: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    differing = [key for key in {**running, **wanted} if running.get(key) != wanted.get(key)]
    if differing:
        flag = " --simulate" if wanted["simulated nodes"] else ""
        raise ArcosError(
            f"site {site.name} runs with other settings",
            why="; ".join(f"{key}: {running.get(key)} runs, {wanted.get(key)} is wanted" for key in differing),
            fix=f"./arcosctl down {site.name} && ./arcosctl up {site.name}{flag} (data is kept)",
        )
