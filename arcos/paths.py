"""Where ARCOS keeps things: the checkout, the cache that can be deleted, and the data that must not be.

The folders follow the XDG base directory rules (https://specifications.freedesktop.org/basedir-spec/), and
``ARCOS_HOME`` moves both at once, which is how tests and side-by-side checkouts stay apart.
"""

from __future__ import annotations

import os
from pathlib import Path

#: The checkout this code runs from.
ROOT = Path(__file__).resolve().parent.parent
#: One file a site. ``ARCOS_STACKS`` names another folder: a private one beside a public fork, or a test's.
STACKS = Path(os.environ.get("ARCOS_STACKS") or ROOT / "stacks")
RELEASES = ROOT / "releases"
IMAGES = ROOT / "images"
TOOLCHAIN = ROOT / "toolchain"


def cache_dir() -> Path:
    """Built programs and images: anything here can be made again."""
    if home := os.environ.get("ARCOS_HOME"):
        return Path(home) / "cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "arcos"


def data_dir() -> Path:
    """Local sites' data and the local certificate authority: deleted only by ``--delete-data``."""
    if home := os.environ.get("ARCOS_HOME"):
        return Path(home) / "data"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "arcos"
