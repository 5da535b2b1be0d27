"""Debian packages as files of an image: locked by hash, unpacked without their scripts, the same everywhere.

`debian.lock` beside an `image.yaml` names every package with its SHA-256 and its place in Debian's archive. Nothing of
dpkg runs: what maintainer scripts would do and an image needs (merged /usr, the bundle of certificates) is done here,
as Distroless images do it. https://www.debian.org/doc/debian-policy/ch-relationships.html
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from arcos.errors import ArcosError
from arcos.images.fetch import fetch

LOCK = "debian.lock"
#: The package with the world's certificate authorities, and where programs look for them in one file.
AUTHORITIES, BUNDLE = "ca-certificates", "etc/ssl/certs/ca-certificates.crt"
SUITE = "bookworm"
#: Debian's archives by the first part of a package's place, with the suite's name there.
ARCHIVES = {"debian": (SUITE, f"{SUITE}-updates"), "debian-security": (f"{SUITE}-security",)}
_MIRROR = "http://deb.debian.org"
_SNAPSHOT = "https://snapshot.debian.org/archive"
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
#: Documentation, translations and what only dpkg reads; licences stay.
_LEFT_OUT = re.compile(
    r"^(usr/share/(man|info|locale|lintian|doc-base|bug|applications|pixmaps|icons|menu)/"
    r"|usr/share/doc/[^/]+/(?!copyright$)|var/cache/|var/lib/dpkg/|etc/(init\.d|cron\.[a-z]+|logrotate\.d)/)"
)
#: Since Debian 12 these are links into /usr.
_MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")


@dataclass(frozen=True)
class Package:
    """One line of a lock."""

    name: str
    version: str
    sha256: str
    place: str
    """Below Debian's host, as in `debian/pool/main/b/bash/bash_5.2.15-2_amd64.deb`."""


@dataclass(frozen=True)
class Lock:
    """The packages of an image, and the day on which Debian had all of them."""

    day: str
    packages: tuple[Package, ...]

    def text(self) -> str:
        """As it stands in the file."""
        head = f"# Written by `./arcosctl images lock --packages`. Debian {SUITE} as of\n# {self.day}\n"
        return head + "".join(f"{one.name} {one.version} {one.sha256} {one.place}\n" for one in self.packages)


def read_lock(folder: Path) -> Lock:
    """The lock beside an `image.yaml`.

    Raises:
        ArcosError: There is none, or it is damaged.
    """
    file = folder / LOCK
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
        packages = tuple(Package(*line.split()) for line in lines if not line.startswith("#"))
        return Lock(lines[1].removeprefix("# "), packages)
    except (OSError, TypeError, IndexError) as error:
        raise ArcosError(
            f"the packages of the image {folder.name} are not locked",
            where=str(file),
            why=str(error),
            fix=f"./arcosctl images lock --packages {folder.name}",
        ) from error


def unpack(lock: Lock, root: Path) -> None:
    """Put all packages' files into a folder, and what their scripts would have made."""
    for package in lock.packages:
        archive, _, rest = package.place.partition("/")
        deb = fetch(
            [f"{_MIRROR}/{package.place}", f"{_SNAPSHOT}/{archive}/{lock.day}/{rest}"],
            package.sha256,
        )
        _unpack_deb(deb, root)
    _merge_usr(root)
    _certificates(root)


def _unpack_deb(deb: Path, root: Path) -> None:
    """A .deb is an `ar` archive with `data.tar` in it: https://manpages.debian.org/deb.5"""
    with deb.open("rb") as stream, tempfile.TemporaryFile() as data:
        if stream.read(8) != b"!<arch>\n":
            raise ArcosError("a Debian package is no package", where=str(deb), fix=f"rm -r {deb.parent}")
        while header := stream.read(60):
            name, size = header[:16].decode().strip().rstrip("/"), int(header[48:58])
            if name.startswith("data.tar"):
                data.write(stream.read(size))
                data.seek(0)
                break
            stream.seek(size + size % 2, os.SEEK_CUR)
        with tarfile.open(fileobj=data) as tar:
            tar.extraction_filter = getattr(tarfile, "tar_filter", None)
            members = [one for one in tar if not _LEFT_OUT.match(one.name.removeprefix("./"))]
            for member in members:
                member.uid = member.gid = 0
                member.name = _merged(member.name.removeprefix("./"))
                if member.islnk():
                    member.linkname = _merged(member.linkname.removeprefix("./"))
                if not member.isdev() and member.name:
                    tar.extract(member, root, set_attrs=not member.issym(), numeric_owner=True)


def _merged(name: str) -> str:
    first, _, rest = name.partition("/")
    return f"usr/{first}/{rest}" if first in _MERGED and rest else ("" if first in _MERGED else name)


def _merge_usr(root: Path) -> None:
    for name in _MERGED:
        if (root / "usr" / name).is_dir() and not (root / name).exists():
            (root / name).symlink_to(f"usr/{name}")


def _certificates(root: Path) -> None:
    """What update-ca-certificates makes: one file of all authorities."""
    found = sorted((root / "usr/share/ca-certificates").rglob("*.crt"))
    if found:
        bundle = root / BUNDLE
        bundle.parent.mkdir(parents=True, exist_ok=True)
        bundle.write_bytes(b"".join(one.read_bytes().rstrip() + b"\n" for one in found))


def resolve(packages: Sequence[str], without: Sequence[str]) -> Lock:
    """What apt would install for these packages today, all they depend on included, in an apt of its own.

    Raises:
        ArcosError: apt is not there, or does not know a package.
    """
    if not shutil.which("apt-get"):
        raise ArcosError("packages are locked with apt, which is not here", fix="run this on Debian or Ubuntu")
    with tempfile.TemporaryDirectory() as work:
        root = Path(work)
        for folder in ("state/lists/partial", "cache/archives/partial", "etc/apt.conf.d", "etc/preferences.d"):
            (root / folder).mkdir(parents=True)
        sources = [
            f"deb [signed-by={_KEYRING}] {_MIRROR}/{archive} {suite} main"
            for archive, suites in ARCHIVES.items()
            for suite in suites
        ]
        (root / "etc/sources.list").write_text("\n".join(sources) + "\n", encoding="utf-8")
        (root / "status").touch()
        options = {
            "Dir::State": root / "state",
            "Dir::State::status": root / "status",
            "Dir::Cache": root / "cache",
            "Dir::Etc": root / "etc",
            "APT::Architecture": "amd64",
            "APT::Architectures": "amd64",
            "APT::Sandbox::User": "root",
            "APT::Install-Recommends": "false",
            "Acquire::Languages": "none",
            "Acquire::ForceHash": "SHA256",
        }
        base = ["apt-get", "-q", *(part for key, value in options.items() for part in ("-o", f"{key}={value}"))]
        _apt([*base, "update"])
        listed = _apt([*base, "install", "--print-uris", "--yes", *packages])
    lines = [line for line in listed.splitlines() if line.startswith("'")]
    found = [_package(line) for line in lines]
    kept = sorted((one for one in found if one.name not in without), key=lambda one: one.name)
    return Lock(f"{datetime.now(UTC):%Y%m%dT000000Z}", tuple(kept))


def _apt(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise ArcosError(
            "apt could not find out which packages are needed",
            where=" ".join(command[-3:]),
            why=(done.stderr.strip().splitlines() or ["it says nothing"])[-1],
            fix="check the names and the network",
        )
    return done.stdout


def _package(line: str) -> Package:
    """`'http://host/debian/pool/x.deb' name_version_arch.deb size SHA256:...`"""
    address, file, _, digest = line.split()
    name, version, _ = file.split("_")
    return Package(
        name,
        version.replace("%3a", ":"),
        digest.removeprefix("SHA256:"),
        address.strip("'").removeprefix(f"{_MIRROR}/"),
    )
