"""Files from the internet, named by their SHA-256: fetched once, kept in the cache, never used when they differ.

Several addresses may lead to one file; the first that answers with the right bytes wins.
"""

from __future__ import annotations

import hashlib
import shutil
import urllib.error
import urllib.request
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from arcos.errors import ArcosError
from arcos.paths import cache_dir
from arcos.toolchain.cache import made_once

#: Seconds without a byte before an address is given up.
_TIMEOUT = 60


def fetch(addresses: Sequence[str], digest: str, algorithm: str = "sha256") -> Path:
    """The file with this hexadecimal digest.

    Raises:
        ArcosError: No address gave it.
    """
    folder = cache_dir() / "downloads" / f"{algorithm}-{digest[:64]}"
    return made_once(folder, partial(_fetch, addresses, digest, algorithm)) / "file"


def _fetch(addresses: Sequence[str], digest: str, algorithm: str, into: Path) -> None:
    said = []
    for address in addresses:
        try:
            with urllib.request.urlopen(address, timeout=_TIMEOUT) as answer, (into / "file").open("wb") as file:  # noqa: S310
                shutil.copyfileobj(answer, file)
        except (urllib.error.URLError, OSError) as error:
            said.append(f"{address}: {getattr(error, 'reason', error)}")
            continue
        with (into / "file").open("rb") as file:
            found = hashlib.file_digest(file, algorithm).hexdigest()
        if found == digest:
            return
        said.append(f"{address}: has {algorithm} {found}")
    raise ArcosError(
        f"a file could not be had: {addresses[0].rpartition('/')[2]}",
        where=addresses[0],
        why="; ".join(said),
        fix="check the network, then run the same command again",
    )
