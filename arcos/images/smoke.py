"""Running an image's own commands, as the check that it works at all: the commands are in its `image.yaml`.

As root each command runs with the image as its whole file system and as the image's user, so a missing file, a program
that is not static or a wrong mode shows. Without root a static program runs straight from the unpacked image, and an
image of layers in a user namespace.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from arcos.images.build import BuiltImage
from arcos.images.catalogue import AnyImage, Image, LayersRecipe, SmokeTest
from arcos.images.inside import inside
from arcos.images.oci import Layout
from arcos.images.unpack import unpack, unpack_others
from arcos.images.upstream import UpstreamCopy

#: Seconds a command gets.
_TIMEOUT = 60


def smoke(image: AnyImage, had: BuiltImage | UpstreamCopy) -> tuple[str, ...]:
    """What went wrong, one sentence for each command that did not do what it should."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        (unpack if isinstance(image, Image) else unpack_others)(Layout(had.layout), root)
        # A pod brings its own; tar's safety filter takes the right to write from the image's.
        (root / "tmp").mkdir(exist_ok=True)
        (root / "tmp").chmod(0o1777)
        return tuple(said for test in image.tests if (said := _run(test, image, had, root)))


def _run(test: SmokeTest, image: AnyImage, had: BuiltImage | UpstreamCopy, root: Path) -> str:
    shown = " ".join(test.run)
    try:
        done = subprocess.run(
            _command(test, image, had, root),
            cwd=root,
            env={"PATH": "/usr/bin:/bin:/", **dict(one.split("=", 1) for one in _config(had).get("Env") or ())},
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


def _command(test: SmokeTest, image: AnyImage, had: BuiltImage | UpstreamCopy, root: Path) -> list[str]:
    whole = not isinstance(image, Image) or isinstance(image.recipe, LayersRecipe)
    if not whole and (os.geteuid() != 0 or not shutil.which("chroot")):
        return [f"{root}{test.run[0]}", *test.run[1:]]
    # What others build runs as our pods run it, not as its makers would.
    user = _config(had)["User"] if isinstance(image, Image) else f"{image.user}:{image.user}"
    return inside(root, test.run, user)


def _config(had: BuiltImage | UpstreamCopy) -> dict[str, Any]:
    layout = Layout(had.layout)
    config: dict[str, Any] = json.loads(layout.blob(layout.manifest()["config"]["digest"]).read_bytes())["config"]
    return config
