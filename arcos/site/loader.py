"""Site files in, sites out, or every mistake in them.

The one door to the site model: by name from `stacks/`, and from the value that the Pulumi engine hands over. What is
wrong with YAML is said by `document`, with a field by `validate`, with several of them by `rules`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from arcos.errors import USAGE, ArcosError
from arcos.paths import RELEASES, STACKS
from arcos.site.buckets import bucket_findings
from arcos.site.diagnostics import Finding, SiteErrors, nearest, render_findings
from arcos.site.document import Document, parse
from arcos.site.files import listing, read_text, shown, unreadable
from arcos.site.locality import locality_findings
from arcos.site.model import Site
from arcos.site.placement import placement_findings, texts
from arcos.site.release import Release, load_release, release_names
from arcos.site.requirements import requirement_findings
from arcos.site.rules import AT, World, is_secret, site_findings, stack_findings
from arcos.site.sense import sense_findings
from arcos.site.support import support_findings
from arcos.site.validate import in_order, validate

__all__ = [
    "SiteErrors", "check_sites", "every_site", "load_site", "placed", "render_findings", "site_from_config",
    "site_names",
]  # fmt: skip

_FILE = re.compile(r"Pulumi\..+\.yaml", flags=re.DOTALL)
_NAME = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,38}[a-z0-9])?")
_NAME_ACCEPTED = "1 to 40 of a-z, 0-9 and `-`, no `-` at either end"


def site_names(stacks: Path = STACKS) -> tuple[str, ...]:
    """The sites of a folder, sorted: every `Pulumi.<name>.yaml`, also one with a name that is refused later."""
    return tuple(name[7:-5] for name in listing(stacks) if _FILE.fullmatch(name))


def every_site(stacks: Path = STACKS) -> tuple[str, ...]:
    """The same, for whoever must not take a folder that is not there for one without sites.

    Raises:
        SiteErrors: The folder cannot be read.
    """
    if problem := unreadable(stacks):
        raise SiteErrors([problem])
    return site_names(stacks)


def load_site(name: str, stacks: Path = STACKS, *, releases: Path = RELEASES, today: date | None = None) -> Site:
    """Read `stacks/Pulumi.<name>.yaml`.

    Args:
        name: The site's name, which is the stack's.
        stacks: The folder with the site files.
        releases: The folder with the releases.
        today: The day that deviations are held against; default the present day, UTC.

    Raises:
        SiteErrors: Something is wrong with the name or the file; every mistake with its place.
    """
    site, findings = _read(name, stacks, _world(releases, today))
    if site is None:
        raise SiteErrors(findings)
    return site


def check_sites(
    names: Iterable[str] = (), stacks: Path = STACKS, *, releases: Path = RELEASES, today: date | None = None
) -> list[Finding]:
    """Everything that is wrong with sites, in the order of files and lines; empty when nothing is.

    Beside each file itself: two sites with one domain, and the releases that the sites name.

    Args:
        names: The sites; all of the folder when empty.
        stacks: As in :func:`load_site`.
        releases: As in :func:`load_site`.
        today: As in :func:`load_site`.
    """
    everything = site_names(stacks)
    if not everything and (problem := unreadable(stacks)):
        return [problem]
    wanted = tuple(dict.fromkeys(names)) or everything
    world = _world(releases, today)
    read = {name: _read(name, stacks, world) for name in dict.fromkeys((*wanted, *everything))}
    findings = [finding for name in wanted for finding in read[name][1]]
    if set(wanted) >= set(everything):
        findings += _strays(stacks)
    sites = [site for site, _ in read.values() if site is not None]
    findings += _shared_domains([site for site in sites if site.name in wanted], sites, stacks)
    chosen = [site for site in sites if site.name in wanted]
    known, wrong = _releases(chosen, releases)
    for site in chosen:
        if release := known.get(site.release):
            document = _positions(site.name, stacks)
            findings += support_findings(document, site, release, world.today, AT)
            findings += placement_findings(document, site, release, world.today, AT)
    return in_order([*findings, *wrong])


def _releases(sites: Sequence[Site], folder: Path) -> tuple[dict[str, Release], list[Finding]]:
    """The releases that sites name, and what is wrong with those that cannot be read."""
    known: dict[str, Release] = {}
    findings: list[Finding] = []
    for name in sorted({site.release for site in sites}):
        try:
            known[name] = load_release(name, folder)
        except SiteErrors as error:
            findings += error.findings
    return known, findings


def stack_secrets(name: str, stacks: Path = STACKS) -> frozenset[str]:
    """The keys of a stack file whose values are encrypted, as in `arcos:kubeconfig`; the values are never looked at."""
    text, problem = read_text(stacks / f"Pulumi.{name}.yaml", stacks)
    data = None if problem else parse(name, text, strict_under=AT).data
    config = data.get("config") if isinstance(data, dict) else None
    return frozenset(key for key, value in (config or {}).items() if is_secret(value))


def beside(name: str, stacks: Path = STACKS) -> dict[str, str]:
    """The plain texts beside `arcos:site` in a stack file, as in `{"aws:region": "ap-southeast-2"}`."""
    return texts(_positions(name, stacks), AT)


def site_from_config(
    value: object, name: str, stacks: Path = STACKS, *, beside: Mapping[str, str] | None = None
) -> Site:
    """The site that the Pulumi engine hands over as the decoded config object `arcos:site`.

    The same model as :func:`load_site`; mistakes are shown in the stack's file where it is there and readable. The
    engine has turned a date into text like `2027-06-30T00:00:00Z`, which is taken for the date. `beside` are the plain
    texts that it knows beside `arcos:site`.

    Raises:
        SiteErrors: The value is wrong.
        ArcosError: There is no value.
    """
    if value is None:
        raise ArcosError(
            "the stack has no `arcos:site`",
            where=f"stack {name}",
            why="every site is one structured value in its stack file",
            fix=f"./arcosctl check {name}",
            exit_code=USAGE,
        )
    document = _positions(name, stacks)
    site, findings = validate(
        Site, value, document, at=AT, extra={"name": name}, beside=texts(document, AT) if beside is None else beside
    )
    findings = in_order([*findings, *site_findings(document, value, _world(RELEASES, None)), *_needs(document, site)])
    if site is None or findings:
        raise SiteErrors(findings)
    return site


def placed(site: Site, release: Release, stacks: Path = STACKS, *, today: date | None = None) -> None:
    """Whether the cluster fits its release and the cloud's own keys, before any of it is made; as `check_sites`.

    Nothing where the stack's file cannot be read: what the engine knows of the cloud's keys need not stand there.

    Raises:
        SiteErrors: It does not.
    """
    document = _positions(site.name, stacks)
    day = today or datetime.now(UTC).date()
    if document.data is not None and (findings := [*placement_findings(document, site, release, day, AT)]):
        raise SiteErrors(in_order(findings))


def _needs(document: Document, site: Site | None) -> list[Finding]:
    """Only a site that is right field by field can be asked what it needs, and whether its parts fit together."""
    if not site:
        return []
    rules = (requirement_findings, sense_findings, bucket_findings, locality_findings)
    return [finding for rule in rules for finding in rule(document, site, AT)]


def _world(releases: Path, today: date | None) -> World:
    return World(today or datetime.now(UTC).date(), release_names(releases))


def _read(name: str, stacks: Path, world: World) -> tuple[Site | None, list[Finding]]:
    file = stacks / f"Pulumi.{name}.yaml"
    if problem := _name_problem(name, file, stacks):
        return None, [problem]
    text, problem = read_text(file, stacks)
    if problem:
        return None, [problem]
    document = parse(shown(file), text, strict_under=AT)
    findings = [*document.findings, *stack_findings(document)]
    config = document.data.get("config") if isinstance(document.data, dict) else None
    if not isinstance(config, dict) or AT[-1] not in config:
        return None, in_order(findings)
    data = config[str(AT[-1])]
    site, wrong = validate(Site, data, document, at=AT, extra={"name": name}, beside=texts(document, AT))
    findings = in_order([*findings, *wrong, *site_findings(document, data, world), *_needs(document, site)])
    return (None if findings else site), findings


def _name_problem(name: str, file: Path, stacks: Path) -> Finding | None:
    """A name that is none, or that no file has."""
    names = site_names(stacks)
    bare = re.sub(r"^(.*/)?(Pulumi\.)?|\.ya?ml$", "", name)
    better = bare if bare in names else nearest(bare, names)
    hint = f"did you mean `{better}`?" if better and better != name else ""
    accepted = f"one of: {', '.join(names)}" if names else f"a file {shown(stacks)}/Pulumi.<site>.yaml"
    if name in names and not _NAME.fullmatch(name):
        return Finding(shown(file), 1, 1, "", f"`{name}` is not a site name", _NAME_ACCEPTED, "rename the file")
    if not _NAME.fullmatch(name):
        return Finding(shown(stacks), 1, 1, "", f"`{name[:100]}` is not a site name", accepted, hint)
    if name not in names:
        if problem := unreadable(stacks):
            return problem
        return Finding(shown(file), 1, 1, "", f"there is no site `{name}`", accepted, hint)
    return None


def _strays(stacks: Path) -> list[Finding]:
    """Files that are meant as a site and that Pulumi passes over without a word."""
    strays = (name for name in listing(stacks) if name.lower().startswith("pulumi.") and not _FILE.fullmatch(name))
    hint = "rename it, or move it away"
    return [
        Finding(shown(stacks / name), 1, 1, "", "is not read as a site", "Pulumi.<site>.yaml", hint) for name in strays
    ]


def _shared_domains(wanted: Sequence[Site], sites: Sequence[Site], stacks: Path) -> list[Finding]:
    findings = []
    for site in wanted:
        others = [other.name for other in sites if other.domain == site.domain and other.name != site.name]
        if others:
            document = _positions(site.name, stacks)
            what = f"the domain `{site.domain}` is that of {', '.join(others)} as well"
            mark = document.value((*AT, "domain"))
            findings.append(document.finding(mark, what, "a domain of its own for every site"))
    return findings


def _positions(name: str, stacks: Path) -> Document:
    """The stack's file for its positions only; an empty document where it cannot be read."""
    file = stacks / f"Pulumi.{name}.yaml"
    text, problem = read_text(file, stacks)
    document = Document(shown(file), []) if problem else parse(shown(file), text, strict_under=AT)
    document.findings.clear()
    document.broken.clear()
    return document
