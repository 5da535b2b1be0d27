"""Where a local site keeps what, and how it stands: read from its folder and from the kernel, never from memory.

A record on disk counts only while the process it names lives: same number, same start, same boot.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from arcos.local import processes as proc
from arcos.paths import data_dir

#: Folders of a site. `data` and `simulated` are what `down` keeps: two nodes' worth, one real, one simulated.
FOLDERS = ("pki", "etc/cni", "run", "logs", "data", "simulated")


def site_folder(name: str) -> Path:
    """A site's folder; root's only."""
    return data_dir() / "sites" / name


def kubeconfig(name: str) -> Path:
    """The administrator's way into a local site's cluster; there from its first start on."""
    return site_folder(name) / "kubeconfig"


def log_files(name: str) -> dict[str, Path]:
    """What each process of a site has logged, by the process's name."""
    return {path.stem: path for path in sorted((site_folder(name) / "logs").glob("*.log"))}


@dataclass(frozen=True, kw_only=True)
class ProcessState:
    """One process of a node. ``pid`` is its number as this machine sees it, 0 when it is not known or not running."""

    name: str
    pid: int
    ready: bool
    restarts: int
    ended: str


@dataclass(frozen=True, kw_only=True)
class NodeState:
    """How a local site's node stands.

    ``phase`` is stopped, starting, ready, stopping or failed. ``started`` is UTC, ISO 8601. ``ports`` are the loopback
    address's: http, https, api. ``problems`` are sentences; none means that all is well. ``settings`` is what it was
    started with.
    """

    site: str
    running: bool = False
    phase: str = "stopped"
    pid: int = 0
    started: str = ""
    simulate: bool = False
    ports: dict[str, int] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    processes: tuple[ProcessState, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)


def read(name: str, *, numbers: bool = False) -> NodeState:
    """How the node of site `name` stands now; with this machine's `numbers` of a real node's processes, else 0.

    Finding the numbers takes a look at every process of the machine.
    """
    run = site_folder(name) / "run"
    record, reported = _load(run / "node.json"), _load(run / "processes.json")
    if not record or not alive(record):
        problems = [str(reported["problem"])] if reported.get("problem") else []
        if record:
            problems.insert(0, f"process {record.get('pid')}, which held the node, was killed")
        return NodeState(site=name, problems=tuple(problems))
    processes = _processes(reported, record, numbers=numbers)
    return NodeState(
        site=name,
        running=True,
        phase=reported.get("phase", "starting"),
        pid=record["pid"],
        started=datetime.fromtimestamp(record["started"], UTC).isoformat(timespec="seconds"),
        simulate=record["simulate"],
        ports=record["ports"],
        problems=tuple(_problems(reported, _load(run / "network.json"), processes)),
        processes=processes,
        settings=record["settings"],
    )


def alive(record: dict[str, Any]) -> bool:
    """Whether the process that a record names is still that process."""
    same_boot: bool = record.get("boot") == proc.boot_id()
    return same_boot and record.get("ticks") is not None and proc.start_ticks(record["pid"]) == record["ticks"]


def _problems(reported: dict[str, Any], network: dict[str, Any], processes: tuple[ProcessState, ...]) -> list[str]:
    found = [str(part["problem"]) for part in (reported, network) if part.get("problem")]
    if reported.get("phase") == "ready":
        found += [f"{one.name} is not running: {one.ended}" for one in processes if not one.ready]
    return found


def _processes(reported: dict[str, Any], record: dict[str, Any], *, numbers: bool) -> tuple[ProcessState, ...]:
    """The processes by this machine's numbers; the supervisor of a real node only knows those of its namespace."""
    listed: dict[str, dict[str, Any]] = reported.get("processes", {})
    outside = numbers_outside(record["pid"]) if numbers and not record["simulate"] else {}
    return tuple(
        ProcessState(name=name, **one | {"pid": one["pid"] if record["simulate"] else outside.get(one["pid"], 0)})
        for name, one in listed.items()
    )


def numbers_outside(holder: int) -> dict[int, int]:
    """For every process of a real node: its number inside the node, and its number on this machine."""
    first = [pid for child in proc.children(holder) for pid in proc.children(child) if _inner(pid)[-1:] == [1]]
    if not first:
        return {}
    namespace = _namespace(first[0])
    found = {_inner(pid)[-1]: pid for pid in proc.pids() if _namespace(pid) == namespace}
    return {inner: pid for inner, pid in found.items() if inner}


def _namespace(pid: int) -> str:
    try:
        return str(Path(f"/proc/{pid}/ns/pid").readlink())
    except OSError:
        return ""


def _inner(pid: int) -> list[int]:
    """A process's numbers in the namespaces it is in, the innermost last."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return [0]
    return [int(number) for line in lines if line.startswith("NSpid:") for number in line.split()[1:]]


def _load(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return content
