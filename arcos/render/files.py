"""Rendered sites on disk: one object a file, in a folder that belongs to the render and to nobody else.

Owns the layout, `<namespace or _cluster>/<kind>-<name>.yaml`, and leaves a folder exactly as the last render says:
files it wrote before and that are not rendered any more go. A marker file says which folder is ours.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from arcos.errors import USAGE, ArcosError
from arcos.paths import STACKS
from arcos.render.evaluate import evaluate
from arcos.render.order import Manifest
from arcos.render.yaml_text import dump, object_text
from arcos.site.loader import load_site

__all__ = ["MARKER", "dump", "file_name", "render_site", "render_sites", "write"]

MARKER = ".arcos-rendered"
_CLUSTER = "_cluster"
#: Below this many sites a second process costs more than it saves.
_WORTH_FORKING = 4


def file_name(manifest: Manifest) -> str:
    """Where an object stands below the site's folder. A colon, which some file systems refuse, becomes `_`."""
    meta = manifest["metadata"]
    name = f"{manifest['kind'].lower()}-{meta['name']}.yaml".replace(":", "_")
    return f"{meta.get('namespace', _CLUSTER)}/{name}"


def write(manifests: Sequence[Manifest], directory: Path) -> list[Path]:
    """Write a site's objects below `directory` and remove what an earlier render left; returns the files in order.

    A file that is right already is not touched. Killed half-way, the next call finishes the work.

    Raises:
        ArcosError: The folder holds something that no render wrote, or two objects want one file.
    """
    texts = {file_name(manifest): object_text(manifest) for manifest in manifests}
    if len(texts) != len(manifests):
        names = [file_name(manifest) for manifest in manifests]
        raise ArcosError(
            f"two objects want the file {next(n for n in names if names.count(n) > 1)}", where=str(directory)
        )
    _claim(directory)
    for folder in {(directory / name).parent for name in texts}:
        folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        _put(directory / name, text)
    _remove_stale(directory, set(texts))
    return [directory / name for name in texts]


def render_site(name: str, out: Path, stacks: Path = STACKS) -> int:
    """Render one site of the folder `stacks` into `out/<name>`; returns the number of objects.

    Raises:
        ArcosError: The site file is wrong, the site cannot be rendered, or the folder is not ours.
    """
    return len(write(evaluate(load_site(name, stacks)), out / name))


def render_sites(names: Sequence[str], out: Path, *, jobs: int | None = None, stacks: Path = STACKS) -> dict[str, int]:
    """Render sites side by side into `out/<site>`, with `jobs` processes (default: one a core); objects per site.

    Raises:
        ArcosError: The first site, in the order given, that cannot be rendered; the others are written all the same.
    """
    workers = min(jobs or len(os.sched_getaffinity(0)), len(names))
    if workers < 2 or len(names) < _WORTH_FORKING:
        return {name: render_site(name, out, stacks) for name in names}
    # A forked child shares what is imported; frozen, the collector never copies those pages.
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(10_000)
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("fork")) as pool:
        counts = dict(zip(names, pool.map(partial(_try_site, out=out, stacks=stacks), names), strict=True))
    # What failed in a child fails here again with its whole error: not every exception survives the way up.
    return {name: render_site(name, out, stacks) if count is None else count for name, count in counts.items()}


def _try_site(name: str, out: Path, stacks: Path) -> int | None:
    """The number of objects, or None for a site that cannot be rendered."""
    try:
        return render_site(name, out, stacks)
    except ArcosError:
        return None


def _claim(directory: Path) -> None:
    marker = directory / MARKER
    if directory.is_dir() and not marker.exists() and any(directory.iterdir()):
        raise ArcosError(
            f"{directory} holds files that no render wrote",
            where=str(directory),
            why="a render removes what it does not know, so it only writes into a folder of its own",
            fix="choose a new folder: ./arcosctl render --out DIR",
            exit_code=USAGE,
        )
    directory.mkdir(parents=True, exist_ok=True)
    if not marker.exists():
        _put(marker, "Written by `./arcosctl render`, which also removes files here. Do not edit.\n")


def _put(path: Path, text: str) -> None:
    """Write a file whole or not at all, and only if it differs."""
    data = text.encode()
    if path.is_file() and path.read_bytes() == data:
        return
    # Two renders into one folder do not meet in it.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_bytes(data)
    temporary.replace(path)


def _remove_stale(directory: Path, wanted: set[str]) -> None:
    for path in sorted(directory.glob("*/*")):
        if path.relative_to(directory).as_posix() not in wanted and path.suffix in (".yaml", ".tmp"):
            path.unlink()
    for folder in sorted(directory.iterdir()):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
