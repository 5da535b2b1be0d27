"""The programs of a local cluster: taken from the PATH at the right version, else built from `toolchain/`.

Owns the reading of `toolchain/programs.yaml` (which explains its keys) and the builds. Programs that Debian brings
are :mod:`arcos.toolchain.debian`'s.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from arcos.errors import USAGE, ArcosError
from arcos.paths import TOOLCHAIN, cache_dir
from arcos.progress import Progress, Step
from arcos.toolchain.cache import made_once
from arcos.toolchain.go import Go, failed, go

#: Seconds between two notes about a running build.
_NOTE_EVERY = 30


class Program(BaseModel):
    """One program that a module gives."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: str
    ask: tuple[str, ...] = ()
    find: str = ""


class Module(BaseModel):
    """One Go module of `toolchain/` and how it is built."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: str
    packages: tuple[str, ...]
    file: str = ""
    tags: tuple[str, ...] = ()
    ldflags: tuple[str, ...] = ()
    seconds: int
    programs: tuple[Program, ...]


def modules(folder: Path = TOOLCHAIN) -> tuple[Module, ...]:
    """What `programs.yaml` says."""
    data = yaml.safe_load((folder / "programs.yaml").read_text(encoding="utf-8"))
    return tuple(Module.model_validate(entry) for entry in data["modules"])


def ensure(names: Sequence[str], progress: Progress, folder: Path = TOOLCHAIN) -> Path:
    """A folder with each named program, as a symbolic link.

    Args:
        names: Programs of `programs.yaml`.
        progress: Told what is built, and how long that takes on two cores.
        folder: Where `programs.yaml` and the modules are.

    Raises:
        ArcosError: A name is unknown, or a program could not be built.
    """
    known = {program.name: (module, program) for module in modules(folder) for program in module.programs}
    if unknown := sorted(set(names) - set(known)):
        raise ArcosError(
            f"the toolchain has no program {', '.join(unknown)}",
            where=str(folder / "programs.yaml"),
            why=f"it has: {', '.join(sorted(known))}",
            fix="name one of those",
            exit_code=USAGE,
        )
    found = {name: path for name in names if (path := on_path(known[name][1]))}
    for name in sorted(set(names) - set(found)):
        found[name] = build(known[name][0], progress, folder) / name
    return _gather(found)


def on_path(program: Program) -> Path | None:
    """The PATH's program if it says that it is of the wanted version."""
    path = shutil.which(program.ask[0]) if program.ask else None
    if not path:
        return None
    try:
        said = subprocess.run(
            [path, *program.ask[1:]], capture_output=True, text=True, timeout=10, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = re.search(program.find, said.stdout + said.stderr)
    return Path(path) if version and version[1] == program.version else None


def build(module: Module, progress: Progress, folder: Path = TOOLCHAIN) -> Path:
    """The folder with a module's programs, built where it is not in the cache.

    Raises:
        ArcosError: The build failed; nothing is left of it but Go's own cache, so that a retry goes on from there.
    """
    compiler = go(progress)
    built = cache_dir() / "toolchain" / f"{module.folder}-{recipe(module, compiler.version, folder)}"
    return made_once(built, lambda into: _compile(module, compiler, folder / module.folder, into, progress))


def recipe(module: Module, go_version: str, folder: Path = TOOLCHAIN) -> str:
    """A hash of all that a module's programs depend on."""
    told = hashlib.sha256(json.dumps([go_version, module.model_dump()], sort_keys=True).encode())
    for file in sorted((folder / module.folder).iterdir()):
        if file.name in ("go.mod", "go.sum") or (file.suffix == ".go" and not file.name.endswith("_test.go")):
            told.update(f"\0{file.name}\0".encode() + file.read_bytes())
    return told.hexdigest()[:16]


def _compile(module: Module, compiler: Go, source: Path, into: Path, progress: Progress) -> None:
    """Build into an empty folder, and give every program its name there."""
    minutes = f"{module.seconds / 60:.0f} minutes" if module.seconds > 90 else f"{module.seconds} seconds"
    with progress.step(f"building {module.folder} (about {minutes} on 2 cores, only this once)") as step:
        out = into / module.file if module.file else into
        command = [str(compiler.program), "build", "-v", "-o", f"{out}" if module.file else f"{out}/"]
        command += ["-ldflags", " ".join(module.ldflags), "-tags", ",".join(module.tags), *module.packages]
        _run(command, source, compiler, module, step)
    for program in module.programs:
        if module.file:
            (into / program.name).symlink_to(module.file)
        if not (into / program.name).exists():
            raise ArcosError(
                f"building {module.folder} did not give {program.name}",
                where=str(source.parent / "programs.yaml"),
                why=f"it gave: {', '.join(sorted(path.name for path in into.iterdir()))}",
                fix="correct `packages` or `programs` there",
            )


def _run(command: list[str], source: Path, compiler: Go, module: Module, step: Step) -> None:
    """Run `go build -v`, which names each package as it is done, and pass on how far it is."""
    said: list[str] = []
    noted, packages = time.monotonic(), 0
    with subprocess.Popen(
        command,
        cwd=source,
        env=compiler.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    ) as running:
        assert running.stderr is not None  # noqa: S101
        for line in running.stderr:
            if re.fullmatch(r"[\w.~/-]+\n", line):
                packages += 1
            else:
                said.append(line)
            if time.monotonic() - noted > _NOTE_EVERY:
                step.note(f"{packages} packages done")
                noted = time.monotonic()
    if running.returncode:
        raise failed(f"could not build {module.folder}", source, "".join(said))


def _gather(programs: dict[str, Path]) -> Path:
    """A folder of links, named after where they lead, so that two callers never change each other's."""
    told = json.dumps({name: str(path) for name, path in programs.items()}, sort_keys=True)
    folder = cache_dir() / "toolchain" / f"programs-{hashlib.sha256(told.encode()).hexdigest()[:16]}"

    def link(into: Path) -> None:
        for name, path in programs.items():
            (into / name).symlink_to(path)

    return made_once(folder, link)
