"""Data that would leave the site's jurisdiction is refused at the field that says where it goes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from arcos.site.diagnostics import Finding
from components.locality import inside

Check = Callable[[str | bytes], list[Finding]]

SITE = """\
config:
  arcos:site:
    title: A site
    domain: a.example.org
    contact: ops@example.org
    release: "2026.11"
    jurisdiction: AU
    registry: registry.example.org/arcos
    cluster:
      kind: existing
      capabilities: {defaultStorageClass: block}
    apps:
      ingress: {}
      auth: {}
      database: {}
      objectstore:
        binding: {kind: s3, url: https://s3.example.org, location: {jurisdiction: AU-QLD, region: qld}}
      registry:
        upstreams:
          - {name: hub, url: https://registry-1.docker.io, location: {jurisdiction: AU}}
"""
DEVIATION = '    deviations:\n      - {path: "%s", reason: "agreed with the ethics board", expires: 2027-06-30}\n'


def test_inside_is_taken(check: Check) -> None:
    assert check(SITE) == []


def test_a_store_of_backups_abroad_is_refused_at_its_place(check: Check) -> None:
    [finding] = check(SITE.replace("AU-QLD", "US"))
    assert (finding.line, finding.source[finding.column - 1 :][:2]) == (17, "US")
    assert "US is outside of the site's jurisdiction AU: buckets, and the backups in them" in finding.what


def test_a_mirror_abroad_is_refused_at_its_place(check: Check) -> None:
    [finding] = check(SITE.replace("location: {jurisdiction: AU}}", "location: {jurisdiction: US}}"))
    assert finding.line == 20
    assert "US is outside" in finding.what


def test_silence_is_refused(check: Check) -> None:
    [finding] = check(SITE.replace(", location: {jurisdiction: AU-QLD, region: qld}", ""))
    assert finding.line == 17
    assert "nothing says where" in finding.what
    assert "location: {jurisdiction: AU}" in finding.accepted


def test_the_region_is_held_where_the_law_is_not_enough(check: Check) -> None:
    text = SITE.replace("    jurisdiction: AU\n", "    jurisdiction: AU\n    region: nsw\n")
    store, mirror = check(text)
    assert "qld is not the site's region nsw" in store.what
    assert "a region that is not told" in mirror.what


STORE = "binding: {kind: s3, url: https://s3.example.org, location: {jurisdiction: AU-QLD, region: qld}}"
EXISTING = "existing\n      capabilities: {defaultStorageClass: block}\n"
EKS = """aws-eks
      admins: ["arn:aws:iam::111122223333:role/a"]
      nodePools: [{name: core, instanceType: m7i.large, min: 3, max: 6}]
"""


def test_a_clouds_own_storage_lies_where_a_cluster_that_says_so_lies(check: Check) -> None:
    text = SITE.replace(STORE, "binding: {kind: cloud}")
    aws = text.replace(EXISTING, EKS).replace("  arcos:site", "  aws:region: ap-southeast-2\n  arcos:site")
    assert check(aws) == []
    [finding] = check(aws.replace("ap-southeast-2", "us-east-1"))
    assert "US-VA is outside" in finding.what
    elsewhere = text.replace("block}", "block, objectStorage: {url: https://s3.example.org}}")
    [finding] = check(elsewhere)
    assert "nothing says where it keeps buckets" in finding.what, "this cluster tells nobody where it is"
    assert check(elsewhere.replace("kind: cloud", "kind: cloud, location: {jurisdiction: AU-QLD}")) == []


def test_a_site_that_names_no_border_says_nothing_of_places(check: Check) -> None:
    text = SITE.replace("    jurisdiction: AU\n", "").replace(", location: {jurisdiction: AU-QLD, region: qld}", "")
    assert check(text) == []


@pytest.mark.parametrize(
    "path",
    [
        "apps.objectstore.binding",
        "apps.objectstore.binding.location",
        "apps.objectstore.binding.location.jurisdiction",
    ],
)
def test_a_deviation_at_the_field_excuses_it(path: str, check: Check) -> None:
    assert check(SITE.replace("AU-QLD", "US") + DEVIATION % path) == []


@pytest.mark.parametrize("path", ["apps.registry.upstreams.hub", "apps.registry.upstreams[0].location"])
def test_an_entry_is_excused_by_its_name_or_position(path: str, check: Check) -> None:
    abroad = SITE.replace("location: {jurisdiction: AU}}", "location: {jurisdiction: US}}")
    assert check(abroad + DEVIATION % path) == []


@pytest.mark.parametrize("path", ["apps.registry.upstreams.hub", "apps.objectstore.buckets", "title"])
def test_a_deviation_elsewhere_excuses_nothing(path: str, check: Check) -> None:
    assert len(check(SITE.replace("AU-QLD", "US") + DEVIATION % path)) == 1


@pytest.mark.parametrize(
    ("place", "border", "expected"),
    [
        ("AU", "AU", True),
        ("AU-QLD", "AU", True),
        ("AU", "AU-QLD", False),
        ("AU-NSW", "AU-QLD", False),
        ("AT", "AU", False),
        ("DE", "EU", True),
        ("DE-BY", "EU", True),
        ("CH", "EU", False),
        ("EU", "DE", False),
    ],
)
def test_what_lies_inside_of_what(place: str, border: str, expected: bool) -> None:
    assert inside(place, border) is expected
