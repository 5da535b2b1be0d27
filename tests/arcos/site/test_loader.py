"""Sites by name, all sites together, and the value that the Pulumi engine hands over."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from arcos.errors import USAGE, ArcosError
from arcos.site.diagnostics import Finding, SiteErrors
from arcos.site.document import parse
from arcos.site.loader import check_sites, load_site, site_from_config, site_names
from components.clusters.local.config import LocalCluster

Check = Callable[[str | bytes], list[Finding]]
Swap = Callable[[str, str], str]


def put(stacks: Path, name: str, text: str) -> None:
    (stacks / f"Pulumi.{name}.yaml").write_text(text, encoding="utf-8")


def local(good: str) -> str:
    """The good file as a local site that names nothing it need not."""
    return good[: good.index("    registry:")] + "    cluster: {kind: local}\n    apps: {ingress: {}}\n"


def test_a_site_is_typed_frozen_and_named_after_its_file(stacks: Path, good: str, today: date) -> None:
    put(stacks, "a", good)
    site = load_site("a", stacks, today=today)
    assert (site.name, site.domain, site.apps.welcome and site.apps.welcome.message) == ("a", "a.example.org", "Hello")
    assert hash(site.deviations[0]) == hash(site.deviations[0]), "lists are tuples, so that a site can be a key"
    with pytest.raises(ValueError, match="frozen"):
        site.title = "x"  # type: ignore[misc]


def test_an_app_that_is_not_named_is_off(stacks: Path, swap: Swap, today: date) -> None:
    put(stacks, "a", swap("      welcome: {message: Hello}\n", ""))
    assert load_site("a", stacks, today=today).apps.welcome is None


def test_a_local_site_gets_its_own_defaults(stacks: Path, good: str) -> None:
    put(stacks, "a", local(good))
    site = load_site("a", stacks)
    assert site.registry == "arcos.localhost", "it pulls from nowhere"
    assert isinstance(site.cluster, LocalCluster)
    assert site.apps.ingress
    assert (site.apps.ingress.tls.kind, site.apps.ingress.replicas) == ("local-ca", 1)


def test_a_local_sites_file_overrules_its_defaults(stacks: Path, good: str) -> None:
    put(stacks, "a", local(good).replace("ingress: {}", "ingress: {replicas: 2, tls: {kind: secret, name: x}}"))
    ingress = load_site("a", stacks).apps.ingress
    assert ingress
    assert (ingress.tls.kind, ingress.replicas) == ("secret", 2)


def test_another_site_gets_the_standard(stacks: Path, good: str, today: date) -> None:
    put(stacks, "a", good)
    ingress = load_site("a", stacks, today=today).apps.ingress
    assert ingress
    assert (ingress.tls.kind, ingress.replicas) == ("secret", 2)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("locl", "`local`"),
        ("Pulumi.local.yaml", "`local`"),
        ("stacks/Pulumi.local.yaml", "`local`"),
        ("LOCAL", "`local`"),
    ],
)
def test_a_wrong_name_brings_the_nearest(name: str, hint: str, stacks: Path, good: str) -> None:
    put(stacks, "local", local(good))
    with pytest.raises(SiteErrors) as raised:
        load_site(name, stacks)
    (finding,) = raised.value.findings
    assert hint in finding.hint
    assert "local" in finding.accepted, "the sites there are"
    assert raised.value.exit_code == USAGE


@pytest.mark.parametrize("name", ["", "..", "../a", "a/b", "a\x00b", "-a", "a.b", "ä", "x" * 41, "$(id)"])
def test_what_is_no_site_name(name: str, stacks: Path) -> None:
    with pytest.raises(SiteErrors, match="is not a site name"):
        load_site(name, stacks)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert site_names(tmp_path / "none") == ()
    [finding] = check_sites((), tmp_path / "none")
    assert finding.what == "cannot be read: No such file or directory"
    with pytest.raises(SiteErrors, match="cannot be read: No such file or directory"):
        load_site("a", tmp_path / "none")


def test_files_with_bad_names_are_refused_when_all_sites_are_checked(stacks: Path, good: str) -> None:
    for name in ("Pulumi.Big.yaml", "Pulumi.a.yml", "pulumi.b.yaml", "Pulumi.c.yaml.bak"):
        (stacks / name).write_text(local(good))
    findings = {Path(finding.path).name: finding.what for finding in check_sites((), stacks)}
    assert findings == {
        "Pulumi.Big.yaml": "`Big` is not a site name",
        "Pulumi.a.yml": "is not read as a site",
        "pulumi.b.yaml": "is not read as a site",
        "Pulumi.c.yaml.bak": "is not read as a site",
    }, "Pulumi passes over them without a word, and somebody wonders why nothing happens"


def test_two_sites_with_one_domain(stacks: Path, good: str, today: date) -> None:
    put(stacks, "a", good)
    put(stacks, "b", good)
    put(stacks, "broken", "config: {}")
    (finding,) = check_sites(["a"], stacks, today=today)
    assert finding.what == "the domain `a.example.org` is that of b as well"
    assert (finding.line, finding.column) == (4, 13)
    assert len(check_sites(["a", "b"], stacks, today=today)) == 2, "both files are shown"


def test_two_local_sites_may_have_the_same_ports(stacks: Path, good: str) -> None:
    put(stacks, "a", local(good))
    put(stacks, "b", local(good).replace("a.example.org", "b.example.org"))
    assert check_sites(["a", "b"], stacks) == [], "they need not run at the same time"


def test_a_release_with_a_mistake_is_found_with_the_sites(stacks: Path, tmp_path: Path, good: str, today: date) -> None:
    put(stacks, "a", good)
    (tmp_path / "2026.11.yaml").write_text(
        "kubernetes: 1.37\nsupported: {from: 2026-11-01, until: 2026-10-01}\nimages: {}\n"
    )
    findings = check_sites(["a"], stacks, releases=tmp_path, today=today)
    assert [(finding.line, finding.what) for finding in findings] == [
        (1, "`kubernetes` is a number with a fraction, not text"),
        (2, "`until` is before `from`"),
    ]


STACK = {
    "empty file": ("", "the file is empty"),
    "only a comment": ("# nothing\n", "the file is empty"),
    "list as root": ("- a\n", "the file is no mapping"),
    "text as root": ("site\n", "the file is no mapping"),
    "no config": ("encryptionsalt: v1\n", "`config` is missing"),
    "config without value": ("config:\n", "`config` is missing"),
    "config as list": ("config: []\n", "`config` is no mapping"),
    "no arcos:site": ("config: {aws:region: x}\n", "`arcos:site` is missing"),
    "arcos:site without value": ("config:\n  arcos:site:\n", "`arcos:site` has no value"),
    "arcos:site as text": ("config: {'arcos:site': x}\n", "`arcos:site` is text, not a mapping"),
    "arcos:site as list": ("config: {'arcos:site': []}\n", "`arcos:site` is a list, not a mapping"),
    "arcos:site encrypted": ("config: {'arcos:site': {secure: x}}\n", "unknown key `secure`"),
    "misspelt config": ("confg: {}\n", "unknown key `confg`"),
}


@pytest.mark.parametrize("case", STACK, ids=str)
def test_around_the_site(case: str, check: Check) -> None:
    text, what = STACK[case]
    assert what in [finding.what for finding in check(text)], f"{case} must be refused in these words"


def test_pulumis_own_keys_are_left_alone(check: Check, good: str) -> None:
    own = "secretsprovider: awskms://x\nencryptedkey: x\nencryptionsalt: v1:x\nenvironment: [a]\n"
    config = "config:\n  aws:region: ap-southeast-2\n  openstack:insecure: yes\n  arcos:token: {secure: AAAB}\n"
    assert check(own + good.replace("config:\n", config)) == []


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("arcos:sites: {}", "unknown key `arcos:sites`"),
        ("arcos:token: plain", "unknown key `arcos:token`"),
        ("site: {}", "config key `site` has no namespace"),
    ],
)
def test_keys_beside_the_site(line: str, what: str, check: Check, good: str) -> None:
    (finding,) = check(good.replace("config:\n", f"config:\n  {line}\n"))
    assert (finding.line, finding.column, finding.what) == (2, 3, what)


def test_the_engines_value_gives_the_same_site(stacks: Path, good: str, today: date) -> None:
    put(stacks, "a", good)
    value = parse("a", good).data["config"]["arcos:site"]
    # The engine turns a date into the start of that day and everything into JSON.
    decoded = json.loads(json.dumps(value, default=lambda day: f"{day}T00:00:00Z"))
    assert site_from_config(decoded, "a", stacks) == load_site("a", stacks, today=today)


def test_the_engines_value_is_refused_at_its_place_in_the_file(stacks: Path, good: str) -> None:
    put(stacks, "a", good)
    value = parse("a", good).data["config"]["arcos:site"] | {"contact": "nobody"}
    with pytest.raises(SiteErrors) as raised:
        site_from_config(value, "a", stacks)
    (finding,) = raised.value.findings
    assert (finding.line, finding.column) == (5, 14)


def test_the_engines_value_is_held_to_the_rules_as_well(stacks: Path, good: str) -> None:
    put(stacks, "a", good)
    value = parse("a", good).data["config"]["arcos:site"]
    value["deviations"][0]["expires"] = "2020-01-01T00:00:00Z"
    value["cluster"]["nodePools"] *= 2
    with pytest.raises(SiteErrors) as raised:
        site_from_config(value, "a", stacks)
    assert {finding.what for finding in raised.value.findings} == {
        "the name `core` is used twice",
        "the deviation expired on 2020-01-01",
    }


@pytest.mark.parametrize(
    "value", ["x", 5, [], {}, {"cluster": None}, {"apps": {"ingress": None}, "cluster": {"kind": "local"}}]
)
def test_what_the_engine_hands_over_is_refused_without_a_file_too(value: object, stacks: Path) -> None:
    with pytest.raises(SiteErrors):
        site_from_config(value, "a", stacks)


def test_a_stack_without_a_site_says_so(stacks: Path) -> None:
    with pytest.raises(ArcosError, match="has no `arcos:site`") as raised:
        site_from_config(None, "a", stacks)
    assert raised.value.fix == "./arcosctl check a"
