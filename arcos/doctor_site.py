"""What is right in a site file and may still not work: size and disk on this machine, and those who sign people in.

Reads only; asks each federation for the document that Keycloak reads as well. Every answer names the field.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import ssl
import urllib.request
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from apps.objectstore.config import KEEP_FREE
from arcos.checks import Check, Level, fail, ok, warn
from arcos.paths import cache_dir
from components.certificates import ends
from components.groups import RESEARCHERS
from components.quantity import to_bytes

if TYPE_CHECKING:
    from apps.auth.federations import AnyFederation
    from arcos.site.model import Site

#: A federation needs weeks to hand round a new certificate.
RENEW_BEFORE = timedelta(days=30)
#: The share of a local site's disk below which its kubelet ends pods: `nodefs.available` in `local/files/kubelet.yaml`.
EVICTED_BELOW = 0.01


def room(site: Site) -> Iterator[Check]:
    """Servers that this machine, the local site's only node, could never hold: one of them, or all at once."""
    hub = site.apps.jupyterhub
    if hub is None:
        return
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for profile in hub.profiles:
        wanted = profile.memory_request or profile.memory
        if to_bytes(wanted) > total:
            yield fail(
                f"profile {profile.name}",
                f"apps.jupyterhub.profiles[{profile.name}].memory: {wanted}, this machine has less",
                f"a smaller `memory` or `memoryRequest` in stacks/Pulumi.{site.name}.yaml",
            )
    least = min(to_bytes(one.memory_request or one.memory) for one in hub.profiles)
    if hub.servers * least > total:
        yield warn(
            "servers",
            f"apps.jupyterhub.servers: {hub.servers} of the smallest profile want {hub.servers * least / 2**30:.0f}"
            f" GiB, this machine has {total / 2**30:.0f}: the last ones would wait for ever",
            f"servers: {max(1, total // least)} or fewer, or a smaller `memoryRequest`",
        )


def disk(site: Site, folder: Path) -> Check:
    """How far the disk under a local site is from where the site stops writing; `folder` is where its data is."""
    place = next(one for one in (folder, *folder.parents) if one.exists())
    usage, label = shutil.disk_usage(place), f"disk under {site.name}"
    stops, what = int(usage.total * EVICTED_BELOW), "its pods are ended"
    store = site.apps.objectstore
    if store and store.store() and stops < KEEP_FREE:
        stops, what = KEEP_FREE, "its object store takes no more writes"
    detail = f"{usage.free / 2**30:.1f} GiB free at {place}; below {stops / 2**30:.1f} GiB {what}"
    fix = f"delete what else is there, or programs and images that are made anew when needed: rm -r {cache_dir()}"
    if usage.free < stops:
        return fail(label, detail, fix)
    return warn(label, f"nearly full: {detail}", fix) if usage.free < 2 * stops else ok(label, detail)


def groups(site: Site) -> Iterator[Check]:
    """Groups of a site with federations to which no rule admits anybody: often a line that was forgotten."""
    auth = site.apps.auth
    if auth is None or not auth.federations:
        return
    admitted = {rule.group for one in auth.federations for rule in one.admit}
    admitted |= {one.everyone.group for one in auth.federations if one.everyone}
    for name in (RESEARCHERS, *(one.name for one in auth.groups)):
        if name not in admitted:
            field = f"apps.auth.groups[{name}]" if name != RESEARCHERS else "apps.auth.federations"
            yield warn(
                f"group {name}",
                f"{field}: no rule admits anybody to `{name}`, so its members are those whom an operator puts there",
                f"`admit: [{{group: {name}, ...}}]` at a federation, if people are to come by themselves",
            )


def federations(site: Site) -> Iterator[Check]:
    """Each federation, as Keycloak would find it; Keycloak may stand in another network than this."""
    auth = site.apps.auth
    for one in auth.federations if auth else ():
        yield from _federation(one, auth.authorities if auth else ())


def _federation(one: AnyFederation, authorities: Sequence[str]) -> Iterator[Check]:
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
