"""Python packages as files of an image: a virtual environment in /opt/venv, the same bytes whichever pip made it.

Wheels only, named with their hashes in `requirements.txt` beside the `image.yaml`. What pip adds of its own (who
installed it, scripts with this machine's paths) is taken out; commands are written here from the wheels' entry points.
https://packaging.python.org/en/latest/specifications/
"""

from __future__ import annotations

import configparser
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from arcos.toolchain.go import PIP_LOCKED, pip_failed

REQUIREMENTS = "requirements.txt"
#: Debian 12's Python, for which the wheels are chosen.
VERSION = "3.11"
VENV = "opt/venv"
_PLATFORMS = ("manylinux_2_34_x86_64", "manylinux_2_28_x86_64", "manylinux2014_x86_64")
_SCRIPT = """#!/{venv}/bin/python3
import sys

from {module} import {first}

sys.exit({function}())
"""
#: What pip writes beside a wheel's own files.
_PIPS_OWN = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")


def install(folder: Path, root: Path, work: Path) -> dict[str, str]:
    """Make the environment below `root`.

    Returns:
        SHA-256 of each wheel by `name==version`.

    Raises:
        ArcosError: A wheel could not be had.
    """
    store, flat = work / "wheels", work / "flat"
    _pip("download", "--dest", str(store), folder=folder, requirements=folder / REQUIREMENTS)
    wheels = sorted(store.glob("*.whl"))
    _pip(
        *("install", "--no-compile", "--no-index", "--find-links", str(store), "--target", str(flat)),
        folder=folder,
        requirements=folder / REQUIREMENTS,
    )
    venv = root / VENV
    packages = venv / "lib" / f"python{VERSION}" / "site-packages"
    packages.parent.mkdir(parents=True)
    (venv / "bin").mkdir()
    for name in ("share", "etc"):
        if (flat / name).is_dir():
            shutil.move(flat / name, venv / name)
    scripts = flat / "bin"
    commands = dict(_commands(flat))
    for script in sorted(scripts.glob("*")) if scripts.is_dir() else ():
        if script.is_file() and script.name not in commands:
            _own_script(script, venv / "bin" / script.name)
    shutil.rmtree(scripts, ignore_errors=True)
    shutil.move(flat, packages)
    for name, text in commands.items():
        _executable(venv / "bin" / name, text)
    for info in packages.glob("*.dist-info"):
        for own in _PIPS_OWN:
            (info / own).unlink(missing_ok=True)
    for name in ("python", "python3"):
        (venv / "bin" / name).symlink_to(f"/usr/bin/python{VERSION}")
    text = f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {VERSION}\n"
    (venv / "pyvenv.cfg").write_text(text, encoding="utf-8")
    return {_requirement(wheel): _sha256(wheel) for wheel in wheels}


def compile_all(root: Path) -> None:
    """Bytecode for all modules, by the image's own Python: a read-only image cannot keep it at run time.

    Marked as never to be compared with its source (PEP 552), so no time stands in it. The image's own loader starts
    its own Python here, so neither this machine's Python nor root matters. It keeps nothing of what it imports itself
    (`-B`): that would be compiled with this folder's name and the time in it.
    """
    loader, python = root / "usr/lib64/ld-linux-x86-64.so.2", root / f"usr/bin/python{VERSION}"
    libraries = ":".join(str(root / one) for one in ("usr/lib/x86_64-linux-gnu", "usr/lib"))
    folders = [root / f"usr/lib/python{VERSION}", root / "usr/lib/python3", root / VENV / "lib"]
    subprocess.run(
        [
            *(str(loader), "--library-path", libraries, str(python), "-I", "-B", "-m", "compileall", "-q", "-j1"),
            *("--invalidation-mode", "unchecked-hash", "-s", str(root), "-p", "/"),
            *(str(one) for one in folders if one.is_dir()),
        ],
        # Some packages carry templates that are no valid modules; whoever imports them sees it then.
        check=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"PYTHONHOME": str(root / "usr"), "PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8"},
    )


def _pip(verb: str, *arguments: str, folder: Path, requirements: Path) -> None:
    target = [part for one in _PLATFORMS for part in ("--platform", one)]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", verb, *PIP_LOCKED, *target),
            *("--python-version", VERSION, "--implementation", "cp", *arguments, "--requirement", str(requirements)),
        ],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        raise pip_failed(f"the wheels of the image {folder.name} could not be had", requirements, done.stderr)


def _commands(packages: Path) -> Iterator[tuple[str, str]]:
    for file in sorted(packages.glob("*.dist-info/entry_points.txt")):
        parser = configparser.ConfigParser(delimiters=("=",), interpolation=None)
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        parser.read_string(file.read_text(encoding="utf-8"))
        for name, value in parser.items("console_scripts") if parser.has_section("console_scripts") else ():
            module, _, function = value.split("[")[0].strip().partition(":")
            first = function.split(".")[0]
            yield name, _SCRIPT.format(venv=VENV, module=module.strip(), first=first, function=function)


def _own_script(script: Path, into: Path) -> None:
    """A program that the wheel brings as it is; only the line that names its Python is this machine's."""
    content = script.read_bytes()
    first, _, rest = content.partition(b"\n")
    if first.startswith(b"#!") and b"python" in first:
        content = f"#!/{VENV}/bin/python3\n".encode() + rest
    into.write_bytes(content)
    into.chmod(0o755)


def _executable(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    file.chmod(0o755)


def _requirement(wheel: Path) -> str:
    name, version = wheel.name.split("-")[:2]
    return f"{name.replace('_', '-')}=={version}"


def _sha256(wheel: Path) -> str:
    with wheel.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
