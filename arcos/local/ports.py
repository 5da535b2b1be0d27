"""Ports of the loopback address: whether they are free, and who has those that are not."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from arcos.errors import ArcosError
from arcos.local.network import LOOPBACK

_LISTEN = "0A"
#: Seconds: what held a port may just be ending, as that of a node that was killed.
PATIENCE = 1.0


def free_ports(count: int) -> list[int]:
    """Different ports that nobody has now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind((LOOPBACK, 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def in_use(port: int) -> bool:
    """Whether somebody listens on the port, so that it cannot be published."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except PermissionError:  # below 1024 and not root: not in use, and refused elsewhere
            return False
        except OSError:
            return True
    return False


def refuse_taken(ports: dict[str, int], site: str) -> None:
    """Check the ports a site publishes, by the name each has in the site file.

    Raises:
        ArcosError: One or more are in use; the processes that have them are named as far as this user may see them.
    """
    deadline = time.monotonic() + PATIENCE
    while taken := {key: port for key, port in ports.items() if in_use(port)}:
        if time.monotonic() > deadline:
            break
        time.sleep(0.1)
    else:
        return
    holders = {port: holder(port) for port in taken.values()}
    raise ArcosError(
        ", ".join(f"port {port} is in use" for port in taken.values()),
        where=f"stacks/Pulumi.{site}.yaml: " + ", ".join(f"cluster.{key} {port}" for key, port in taken.items()),
        why="; ".join(f"{port} is held by {who}" for port, who in holders.items()),
        fix=f"end that process, or give the site another port: cluster: {{kind: local, {_example(taken)}}}",
    )


def _example(taken: Iterable[str]) -> str:
    others = {"httpPort": 8080, "httpsPort": 8443, "apiPort": 16443}
    return ", ".join(f"{key}: {others[key]}" for key in taken)


def holder(port: int) -> str:
    """Who listens on a port: `nginx (process 812)`; a process of another user shows only that it is there."""
    sockets = _listening(port)
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and sockets & _open_files(process):
            return _named(process)
    return "a process that is not visible to this user"


def _open_files(process: Path) -> set[str]:
    """What a process has open; nothing where this user may not look."""
    found = set()
    try:
        for entry in (process / "fd").iterdir():
            with suppress(FileNotFoundError):  # closed meanwhile
                found.add(str(entry.readlink()))
    except OSError:
        return found
    return found


def _named(process: Path) -> str:
    try:
        program = f"{(process / 'comm').read_text(encoding='utf-8').strip()} (process {process.name})"
        environment = (process / "environ").read_text(encoding="utf-8", errors="replace").split("\0")
    except OSError:
        return f"process {process.name}"
    sites = [setting.partition("=")[2] for setting in environment if setting.startswith("ARCOS_SITE=")]
    return f"the local site in {sites[0]}: {program}" if sites else program


def _listening(port: int) -> set[str]:
    """The sockets that listen on a port, named as in /proc/PID/fd. The table's format: proc_pid_net(5)."""
    found = set()
    for table in ("tcp", "tcp6"):
        try:
            lines = Path(f"/proc/net/{table}").read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for fields in (line.split() for line in lines):
            if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                found.add(f"socket:[{fields[9]}]")
    return found
