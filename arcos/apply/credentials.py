"""A secret text as a file that only programs started from here can read, and that is gone when this process is.

kubectl takes a kubeconfig by file only. On Linux the file has no name and lies in memory (memfd_create(2)), so a killed
process leaves nothing behind; elsewhere it is a private temporary file.
"""

from __future__ import annotations

import atexit
import os
import tempfile
from pathlib import Path


def file_of(text: str) -> Path:
    """The file with the text; readable by this user, for as long as this process (or what it becomes) runs."""
    if hasattr(os, "memfd_create"):
        # Without close-on-exec: `arcosctl kubectl` becomes kubectl, which still has to read it.
        descriptor = os.memfd_create("kubeconfig", 0)
        path = Path(f"/proc/{os.getpid()}/fd/{descriptor}")
    else:
        descriptor, name = tempfile.mkstemp(prefix="arcos-kubeconfig-")
        path = Path(name)
        atexit.register(path.unlink, missing_ok=True)
    with os.fdopen(os.dup(descriptor), "w", encoding="utf-8") as file:
        file.write(text)
    return path
