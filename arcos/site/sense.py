"""Whether what a site says in different places fits together: groups that exist, images that are notebooks, sizes,
names in their zone, a certificate that somebody signs.

Looks at a site that is right field by field. What an app needs of another is `arcos.site.requirements`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as File

import yaml

from apps.ingress.config import LocalCa
from apps.jupyterhub.config import JupyterHubConfig, Profile
from arcos.paths import IMAGES
from arcos.site.diagnostics import Finding
from arcos.site.document import Document, Path
from arcos.site.model import Apps, Site
from arcos.site.words import meant
from components.clusters.local.config import LocalCluster
from components.groups import OPERATORS, RESEARCHERS
from components.quantity import millicores, to_bytes
from components.requirement import NamingGroups


def sense_findings(document: Document, site: Site, at: Path, images: File = IMAGES) -> Iterator[Finding]:
    """One finding for each thing that fits nowhere, at its field; `images` is the catalogue's folder."""
    yield from _groups(document, site, (*at, "apps"))
    yield from _zone(document, site, (*at, "apps", "dns", "zone"))
    yield from _authority(document, site, (*at, "apps", "ingress", "tls"))
    if hub := site.apps.jupyterhub:
        here = (*at, "apps", "jupyterhub")
        yield from _images(document, hub, here, images)
        for number, profile in enumerate(hub.profiles):
            yield from _profile(document, profile, site, (*here, "profiles", number))
            yield from _vendor(document, profile, site, (*here, "profiles", number))
        yield from _servers(document, hub, site, here)


def _groups(document: Document, site: Site, at: Path) -> Iterator[Finding]:
    """A group that nobody defines has no members, ever: a typing error, or a line that is missing."""
    known = [OPERATORS, RESEARCHERS, *(one.name for one in (site.apps.auth.groups if site.apps.auth else ()))]
    for name in Apps.model_fields:
        config = getattr(site.apps, name)
        for use in config.groups_used() if isinstance(config, NamingGroups) else ():
            if use.group not in known:
                hint = meant(use.group, known) or f"or define it: apps.auth.groups: [{{name: {use.group}}}]"
                what = f"no group `{use.group}` is defined"
                yield document.finding(document.value((*at, name, *use.path)), what, ", ".join(known), hint)


def _zone(document: Document, site: Site, at: Path) -> Iterator[Finding]:
    """Names outside of the zone are passed over without a word by whoever keeps the records."""
    zone = site.apps.dns.zone if site.apps.dns else None
    if zone and site.domain != zone and not site.domain.endswith(f".{zone}"):
        what = f"the site's domain {site.domain} is not in the zone {zone}, so it would get no record"
        yield document.finding(document.value(at), what, f"{site.domain}, or a zone above it")


def _authority(document: Document, site: Site, at: Path) -> Iterator[Finding]:
    """Only `up` of a local site puts its authority into the cluster; elsewhere the certificate would never come."""
    if site.apps.ingress and isinstance(site.apps.ingress.tls, LocalCa) and not isinstance(site.cluster, LocalCluster):
        what = "`local-ca` signs on sites of cluster kind `local` only"
        hint = "`up` then prints the command that puts a certificate in"
        yield document.finding(document.value((*at, "kind")), what, "{kind: secret}", hint)


def _images(document: Document, hub: JupyterHubConfig, at: Path, images: File) -> Iterator[Finding]:
    described = {file.parent.name: _description(file) for file in sorted(images.glob("*/image.yaml"))}
    notebooks = [name for name, told in described.items() if told.get("notebook") is True]
    for number, profile in enumerate(hub.profiles):
        if profile.image in notebooks:
            continue
        known = profile.image in described
        what = f"`{profile.image}` is no notebook" if known else f"there is no image `{profile.image}`"
        mark = document.value((*at, "profiles", number, "image"))
        yield document.finding(mark, what, ", ".join(notebooks), meant(profile.image, notebooks))


def _description(file: File) -> dict[str, object]:
    """What `image.yaml` says; a wrong one is for `./arcosctl images` to refuse."""
    try:
        told = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    return told if isinstance(told, dict) else {}


def _profile(document: Document, profile: Profile, site: Site, at: Path) -> Iterator[Finding]:
    """A profile that fits on no node would wait for ever."""
    offered = site.cluster.capabilities
    if offered.node_memory and to_bytes(profile.memory_request or profile.memory) > to_bytes(offered.node_memory):
        field = "memoryRequest" if profile.memory_request else "memory"
        what = f"`{field}` is more than any node has ({offered.node_memory})"
        yield document.finding(document.value((*at, field)), what, f"up to {offered.node_memory}")
    if offered.node_cpu and millicores(profile.cpu_request) > millicores(offered.node_cpu):
        what = f"`cpuRequest` is more than any node has ({offered.node_cpu})"
        yield document.finding(document.value((*at, "cpuRequest")), what, f"up to {offered.node_cpu}")
    elif offered.node_cpu and millicores(profile.cpu) > millicores(offered.node_cpu):
        what = f"`cpu` is more than any node has ({offered.node_cpu})"
        yield document.finding(document.value((*at, "cpu")), what, f"up to {offered.node_cpu}")


def _vendor(document: Document, profile: Profile, site: Site, at: Path) -> Iterator[Finding]:
    """Whose GPUs it asks for is told, never guessed."""
    offered = site.cluster.capabilities.gpu
    if not profile.gpu or not offered:
        return
    accepted = f"gpuVendor: {' or '.join(offered)}"
    if profile.gpu_vendor is None and len(offered) > 1:
        what = f"the cluster has GPUs of {' and '.join(offered)}, and nothing says whose it asks for"
        yield document.finding(document.key((*at, "gpu")), what, accepted)
    elif profile.gpu_vendor and profile.gpu_vendor not in offered:
        what = f"the cluster has no GPUs of {profile.gpu_vendor}"
        yield document.finding(document.value((*at, "gpuVendor")), what, accepted)


def _servers(document: Document, hub: JupyterHubConfig, site: Site, at: Path) -> Iterator[Finding]:
    """So many servers that the site could not hold them if all were of the smallest profile."""
    total = site.cluster.capabilities.total_memory
    least = min(to_bytes(one.memory_request or one.memory) for one in hub.profiles)
    if total and hub.servers * least > to_bytes(total):
        most = to_bytes(total) // least
        what = f"`servers` is {hub.servers}, for which the whole site has too little memory ({total})"
        hint = "smaller profiles, or more nodes"
        yield document.finding(document.value((*at, "servers")), what, f"up to {most} of the smallest profile", hint)
