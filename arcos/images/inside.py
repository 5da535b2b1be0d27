"""The command line that runs a program with a folder as its whole file system.

As root by chroot, as anybody else in a user namespace; with the machine's /dev and /proc, which go with the process.
https://man7.org/linux/man-pages/man1/unshare.1.html
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

_SYSTEM = "/usr/sbin:/usr/bin:/sbin:/bin"
_SCRIPT = """
root=$1; who=$2; chroot=$3; mount=$4; shift 4
for one in dev proc; do
    if [ -d "$root/$one" ]; then $mount --rbind "/$one" "$root/$one"; fi
done
if [ "$who" ]; then exec "$chroot" --userspec="$who" --groups= "$root" "$@"; fi
exec "$chroot" "$root" "$@"
"""


def inside(root: Path, command: Sequence[str], user: str = "") -> list[str]:
    """Run `command` in `root`, as `user` (`10080:10080`) where we are root; elsewhere as the namespace's own root."""
    rootless = os.geteuid() != 0
    namespaces = ["--user", "--map-root-user"] if rootless else []
    who = "" if rootless else user
    # The PATH may be the image's own by then.
    tools = [shutil.which(name, path=_SYSTEM) or name for name in ("unshare", "chroot", "mount")]
    script = ["/bin/sh", "-ec", _SCRIPT, "inside", str(root), who, *tools[1:]]
    return [tools[0], "--mount", *namespaces, "--", *script, *command]
