"""Running an image's own commands, as the check that it works at all: the commands are in its `image.yaml`.

As root each command runs with the image as its whole file system and as the image's user, so a missing file, a program
that is not static or a wrong mode shows. Without root it runs the program straight from the unpacked image.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from arcos.images.build import BuiltImage
from arcos.images.catalogue import Image, SmokeTest
from arcos.images.oci import Layout

#: Seconds a command gets.
_TIMEOUT = 60


def smoke(image: Image, built: BuiltImage) -> tuple[str, ...]:
    """What went wrong, one sentence for each command that did not do what it should."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        unpack(Layout(built.layout), root)
        return tuple(said for test in image.tests if (said := _run(test, built, root)))


def unpack(layout: Layout, root: Path) -> None:
    """Put an image's files into a folder."""
    for layer in layout.manifest()["layers"]:
        with tarfile.open(layout.blob(layer["digest"])) as tar:
            # Debian 12's Python (3.11.2) has no filters yet; the layer is our own, written a moment ago.
            tar.extraction_filter = getattr(tarfile, "tar_filter", None)
            tar.extractall(root)  # noqa: S202


def _run(test: SmokeTest, built: BuiltImage, root: Path) -> str:
    shown = " ".join(test.run)
    try:
        done = subprocess.run(
            _command(test, built, root),
            cwd=root,
            env={"PATH": "/"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=_TIMEOUT,
        )
    except subprocess.TimeoutExpired:
        return f"{shown}: did not end within {_TIMEOUT} s"
    except OSError as error:
        return f"{shown}: {error.strerror}"
    if (done.returncode != 0) != test.fails:
        return f"{shown}: left with {done.returncode}: {done.stdout.strip()[-300:]}"
    if test.prints not in done.stdout:
        return f"{shown}: did not print {test.prints!r} but: {done.stdout.strip()[-300:]}"
    return ""


def _command(test: SmokeTest, built: BuiltImage, root: Path) -> list[str]:
    chroot = shutil.which("chroot")
    if os.geteuid() != 0 or not chroot:
        return [f"{root}{test.run[0]}", *test.run[1:]]
    layout = Layout(built.layout)
    user = json.loads(layout.blob(layout.manifest()["config"]["digest"]).read_bytes())["config"]["User"]
    return [chroot, f"--userspec={user}", "--groups=", str(root), *test.run]
