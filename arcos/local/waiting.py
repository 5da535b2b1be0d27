"""Waiting for a started node: until its cluster serves and takes pods, or until it is plain that it will not."""

from __future__ import annotations

import http.client
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arcos.errors import ArcosError
from arcos.local import bootstrap, plan
from arcos.local import state as states
from arcos.local.api import Api
from arcos.local.state import NodeState, log_files
from arcos.progress import Progress, Step

if TYPE_CHECKING:
    from arcos.site.model import Site

#: Seconds. A slow machine with one core needs about 60.
PATIENCE = 180
PAUSE = 0.2
#: A process that ended this often before the node was ever ready will not get better.
TOO_OFTEN = 4


def until_ready(site: Site, folder: Path, authority: Path, progress: Progress) -> None:
    """Wait for the API server, put there what must be there first, and wait for the nodes.

    Raises:
        ArcosError: The node ended, one of its processes cannot run, or it took too long.
    """
    deadline = time.monotonic() + PATIENCE
    with progress.step("wait for the API server") as step:
        api = _connect(site.name, folder, deadline, step)
    known = states.read(site.name)
    names = plan.node_names(site, simulate=known.simulate)
    # A simulated node says nothing by itself: what it said once still holds.
    since = 0.0 if known.simulate or not known.started else datetime.fromisoformat(known.started).timestamp()
    missing = set(names) - _nodes(api, 0) if known.simulate else set()
    with progress.step("wait for the node" if len(names) == 1 else f"wait for {len(names)} nodes") as step:
        todo = _apply(api, bootstrap.objects(authority, sorted(missing)))
        while todo or not _nodes(api, since).issuperset(names):
            _look(site.name, deadline, step)
            todo = _apply(api, todo)
        while states.read(site.name).phase == "starting":
            _look(site.name, deadline, step)


def _connect(name: str, folder: Path, deadline: float, step: Step) -> Api:
    while True:
        known = states.read(name)
        if known.ports and (api := Api(folder / "pki", known.ports["api"])).ready():
            return api
        _look(name, deadline, step)


def _apply(api: Api, manifests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Send what can be sent; returns what is left."""
    try:
        return [manifest for manifest in manifests if not api.apply(manifest)]
    except (OSError, http.client.HTTPException):
        return manifests


def _nodes(api: Api, since: float) -> set[str]:
    try:
        return api.ready_nodes(since)
    except (OSError, http.client.HTTPException):
        return set()


def _look(name: str, deadline: float, step: Step) -> None:
    """Give up for a reason, or pause a moment."""
    known = states.read(name)
    late = time.monotonic() > deadline
    reason = hopeless(known) or (f"it was not ready after {PATIENCE} s: {waits_for(known)}" if late else "")
    if reason:
        raise ArcosError(
            f"the node of {name} did not come up",
            where=str(states.site_folder(name) / "logs"),
            why=reason + last_words(name, known),
            fix=f"./arcosctl doctor {name}; ./arcosctl logs {name} PROCESS shows what one has said",
        )
    if step.elapsed() > 20:
        step.note(waits_for(known))
    time.sleep(PAUSE)


def hopeless(known: NodeState) -> str:
    """Why waiting is in vain, or ""."""
    if not known.running:
        return known.problems[0] if known.problems else "its process has ended"
    if known.phase == "failed":
        return "; ".join(known.problems)
    failing = [one for one in known.processes if one.restarts >= TOO_OFTEN and not one.ready]
    if known.phase == "starting" and failing:
        return f"{failing[0].name} ends again and again ({failing[0].ended})"
    return next((problem for problem in known.problems if problem.startswith("port ")), "")


def waits_for(known: NodeState) -> str:
    """What is not there yet."""
    return ", ".join(one.name for one in known.processes if not one.ready) or "the network or the node's registration"


def last_words(name: str, known: NodeState) -> str:
    """The last line that the process which fails has logged."""
    logs = log_files(name)
    failing = [one.name for one in known.processes if one.restarts and not one.ready]
    for candidate in (*failing, *(() if known.running else ("supervisor", "holder"))):
        lines = logs[candidate].read_text(encoding="utf-8", errors="replace").split("\n") if candidate in logs else []
        if said := [line for line in lines if line.strip()]:
            return f"; {candidate} said last: {said[-1][:400]}"
    return ""
