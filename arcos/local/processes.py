"""Processes as the kernel sees them: starting one, knowing it again, waiting for signals, writing files whole.

Only what stays in memory for as long as a site runs imports this: the holder and the supervisor. So it takes few
modules of the standard library and none of ours. The facts are those of proc(5), prctl(2) and pid_namespaces(7).
"""

# pathlib would stay in memory for as long as the site runs.
# ruff: noqa: PTH105, PTH108, PTH110, PTH123, PTH208, S606

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import signal
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NoReturn

#: The signals that the holder and the supervisor wait for; all of them are blocked and taken one by one.
WAITED = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
_PR_SET_PDEATHSIG = 1

libc = ctypes.CDLL(None, use_errno=True)


def start_ticks(pid: int) -> int | None:
    """When a process started, in clock ticks since boot; None when there is no such process, or a dead one."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            fields = stat.read().rpartition(b")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in (b"Z", b"X") else int(fields[19])


def boot_id() -> str:
    """This boot's name: process numbers of another boot mean nothing."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


def children(parent: int) -> list[int]:
    """The live children of a process."""
    return [pid for pid in pids() if _parent(pid) == parent]


def pids() -> Iterator[int]:
    """All processes this process can see."""
    return (int(name) for name in os.listdir("/proc") if name.isdigit())


def _parent(pid: int) -> int | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            fields = stat.read().rpartition(b")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in (b"Z", b"X") else int(fields[1])


def in_cgroup(name: str) -> list[int]:
    """Processes in the cgroup `/name` or below, in any hierarchy; zombies left out."""
    found = []
    for pid in pids():
        try:
            with open(f"/proc/{pid}/cgroup", encoding="utf-8") as file:
                lines = file.read().splitlines()
        except (FileNotFoundError, ProcessLookupError):
            continue
        paths = [line.split(":", 2)[2] for line in lines]
        if any(path == f"/{name}" or path.startswith(f"/{name}/") for path in paths) and start_ticks(pid):
            found.append(pid)
    return found


def send(pid: int, number: int) -> None:
    """Send a signal; a process that is gone already is what was wanted."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def die_with_parent(parent: int) -> None:
    """Ask the kernel to kill this process when `parent`, the process that made it, is gone."""
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def spawn(
    argv: Sequence[str],
    log: str,
    environment: Mapping[str, str],
    keep: Collection[int] = (),
    blocked: Collection[signal.Signals] = (),
) -> int:
    """Start a program as a child that dies with us, its output at the end of `log`, and return its process number.

    Of our files it gets those in `keep` only, and it starts with the signals in `blocked` held back. A program that
    cannot be started leaves the reason in the log.
    """
    parent = os.getpid()
    if pid := os.fork():
        return pid
    try:
        os.setsid()
        if parent != 1:  # the kernel ends a process namespace with its first process
            die_with_parent(parent)
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        _standard_files(log)
        for number in map(int, os.listdir("/proc/self/fd")):
            if number > 2:
                _inherit(number, number in keep)
        os.execve(argv[0], list(argv), dict(environment))
    except OSError as error:
        os.write(2, f"{argv[0]} cannot be started: {error}\n".encode())
    os._exit(127)


def _inherit(number: int, wanted: bool) -> None:
    try:
        os.set_inheritable(number, wanted)
    except OSError:  # the listing's own file
        return


def _standard_files(log: str) -> None:
    null = os.open("/dev/null", os.O_RDONLY)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(null, 0)
    os.dup2(out, 1)
    os.dup2(out, 2)


def detach(log: str) -> Callable[[], None]:
    """Go on as a process of its own: no terminal, no parent, output into `log`.

    The caller's process ends when this one calls what is returned, or ends: by then there is a record of this one, or
    a reason in the log.
    """
    heard, said = os.pipe()
    if os.fork():
        os.close(said)
        os._exit(0 if os.read(heard, 1) else 1)
    os.close(heard)
    os.setsid()
    os.chdir("/")
    os.umask(0o022)
    _standard_files(log)

    def let_go() -> None:
        os.write(said, b".")
        os.close(said)

    return let_go


def wait(seconds: float) -> int:
    """Wait for one of :data:`WAITED`, which must be blocked; 0 when none came in time."""
    info = signal.sigtimedwait(WAITED, seconds)
    return info.si_signo if info else 0


def reap() -> Iterator[tuple[int, str]]:
    """The children that ended, each with how: `exit code 1`, `killed by signal 9`."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        code = os.waitstatus_to_exitcode(status)
        yield pid, f"exit code {code}" if code >= 0 else f"killed by signal {-code}"


def end(pid: int, seconds: float) -> None:
    """End a process that is not our child: SIGTERM, and SIGKILL when it is still there after `seconds`."""
    ticks = start_ticks(pid)
    deadline = time.monotonic() + seconds
    send(pid, signal.SIGTERM)
    while ticks is not None and start_ticks(pid) == ticks:
        if time.monotonic() > deadline:
            send(pid, signal.SIGKILL)
            deadline += 5
        time.sleep(0.05)


def write_json(path: str, content: Mapping[str, Any]) -> None:
    """Write a file whole or not at all, readable for its owner only."""
    temporary = f"{path}.{os.getpid()}.new"
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
    os.replace(temporary, path)


def report(path: str, content: Mapping[str, Any]) -> bool:
    """Write a file that tells how things are; False when it could not be: a full disk must not end a site."""
    try:
        write_json(path, content)
    except OSError:
        return False
    return True


def say(text: str) -> None:
    """A line for our own log; lost when the disk is full."""
    with suppress(OSError):
        os.write(1, f"{text}\n".encode())


def fail(folder: str, problem: str) -> NoReturn:
    """Leave the reason where `up` looks for it, and end."""
    report(f"{folder}/run/processes.json", {"phase": "failed", "problem": problem, "processes": {}})
    say(problem)
    raise SystemExit(1)


def claim(folder: str, record: Mapping[str, Any], starter: int) -> int:
    """Become the one process that holds a site, and write down who that is. Returns the open lock file.

    The kernel gives the lock back when this process ends, however it ends; its children do not get it. `starter` is
    the open lock of the `up` that started us, which is let go now.
    """
    held = os.open(f"{folder}/run/held", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SystemExit("arcos: this site is held by another process") from None
    pid = os.getpid()
    known = {"pid": pid, "ticks": start_ticks(pid), "boot": boot_id(), "started": time.time()}
    write_json(f"{folder}/run/node.json", {**record, **known})
    os.close(starter)
    return held


def release(folder: str, held: int) -> None:
    """The site's processes have ended: take the record away, give the lock back, leave what went wrong to be read."""
    if os.path.exists(f"{folder}/run/node.json"):
        os.unlink(f"{folder}/run/node.json")
    os.close(held)
