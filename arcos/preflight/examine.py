"""Everything that can be asked about a site before money is spent or an object changes. Reads only.

A cluster kind has a module of its name here with what only it can ask (credentials, quota, flavors, address ranges):
`checks(site, release)`. What every running cluster can be asked is `cluster.py`.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Protocol, cast

from arcos.apply.kubectl import Kubectl
from arcos.apply.manifest import Manifest
from arcos.checks import Check, Level, fail, ok, warn
from arcos.errors import ArcosError, NotYetError
from arcos.preflight import cluster, offer, rights
from arcos.progress import Progress
from arcos.render.evaluate import evaluate
from arcos.site.model import Site
from arcos.site.release import Release, load_release
from arcos.site.support import Standing, standing


class Preflight(Protocol):
    """The module of a kind."""

    def checks(self, site: Site, release: Release, /) -> Iterator[Check]:
        """What only clusters of this kind can be asked, before one is made."""
        ...


def examine(site: Site, reach: Callable[[], Kubectl], today: date | None = None) -> list[Check]:
    """All checks of a site.

    Args:
        site: The site.
        reach: Gives its kubectl; raises NotYetError where there is no cluster yet.
        today: The day that the release's support is held against; default the present day, UTC.
    """
    release = load_release(site.release)
    found = [_support(site, release, today or datetime.now(UTC).date())]
    if module := _module(site.cluster.kind):
        found += module.checks(site, release)
    manifests = evaluate(site, release)
    try:
        return found + asked(site, release, reach(), manifests)
    except NotYetError as error:
        return [*found, warn("cluster", f"there is none yet that could be asked: {error.what}", error.fix)]
    except ArcosError as error:
        why = f"{error.what}{': ' + error.why if error.why else ''}{f' ({error.where})' if error.where else ''}"
        return [*found, fail("cluster", why, error.fix)]


def asked(site: Site, release: Release, kubectl: Kubectl, manifests: list[Manifest]) -> list[Check]:
    """What a running cluster answers, beside what the site says of it.

    Raises:
        ServerError: It does not answer, or does not know who asks.
    """
    offered = offer.read(kubectl)
    made = {one["metadata"]["name"] for one in manifests if one["kind"] == "StorageClass"}
    return [*cluster.checks(site, release, offered, made), rights.check(kubectl, manifests)]


def refuse(site: Site, release: Release, kubectl: Kubectl, manifests: list[Manifest], progress: Progress) -> None:
    """Stop before anything changes where the cluster contradicts the site file; say what nobody can tell.

    Raises:
        ArcosError: A declared capability is not there, or a right is missing.
    """
    with progress.step("ask the cluster what it offers"):
        checks = asked(site, release, kubectl, manifests)
    for one in checks:
        if one.level is Level.WARN:
            progress.say(f"  !! {one.name}: {one.detail}")
    if wrong := [one for one in checks if one.level is Level.FAIL]:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise ArcosError(
            f"the cluster is not what the site file says{more}, nothing was changed",
            where=f"stacks/Pulumi.{site.name}.yaml: {wrong[0].name}",
            why="; ".join(one.detail for one in wrong),
            fix=f"{wrong[0].fix}; all of it: ./arcosctl preflight {site.name}",
        )


def _module(kind: str) -> Preflight | None:
    name = f"arcos.preflight.{kind.replace('-', '_')}"
    return cast(Preflight, importlib.import_module(name)) if importlib.util.find_spec(name) else None


def _support(site: Site, release: Release, today: date) -> Check:
    stands = standing(release, today)
    until = release.supported.until
    if stands is Standing.SUPPORTED:
        return ok("release", f"{release.name}, Kubernetes {release.kubernetes}, supported until {until}")
    if stands is Standing.EARLY:
        what = f"{release.name} is not supported before {release.supported.first}"
        return warn("release", what, "wait for that day with sites that people depend on")
    fix = f"name a newer release in stacks/Pulumi.{site.name}.yaml; docs/adr/0022-support-windows.md"
    if stands is Standing.ENDING:
        return warn("release", f"{release.name} is supported until {until} only", fix)
    return fail("release", f"{release.name} has not been supported since {until}", fix)
