"""Buckets that cannot be are refused by `check`, at the field that asks for them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from arcos.site.diagnostics import Finding

Check = Callable[[str | bytes], list[Finding]]

SITE = """\
config:
  arcos:site:
    title: A site
    domain: a.example.org
    contact: ops@example.org
    release: "2026.11"
    registry: registry.example.org/arcos
    cluster: {kind: openstack-magnum, template: t, nodePools: [{name: core, flavor: m3.large, min: 3, max: 6}]}
    apps:
      database:
        backup: {kind: bucket, quota: 50Gi}
      objectstore:
        binding: {kind: seaweedfs, storage: 100Gi}
        buckets:
          - {name: group-data, quota: 10Gi}
          - {name: scratch, quota: 10Gi, expireDays: 7}
"""


def test_buckets_that_fit_are_taken(check: Check) -> None:
    assert check(SITE) == []


#: What is replaced, by what; what the finding points at; pieces of what is wrong and accepted.
MISFITS = {
    "one quota above the store's size": (
        *("quota: 50Gi", "quota: 90Gi", "90Gi"),
        *("`database-backup` may hold 90Gi, more than the store has room for", "at most 80Gi"),
    ),
    "all quotas together above the store's size": (
        *("name: scratch, quota: 10Gi", "name: scratch, quota: 30Gi", "100Gi"),
        *("90Gi together (database-backup 50Gi, group-data 10Gi, scratch 30Gi)", "at least 113Gi"),
    ),
    "a name of a site's bucket twice": (
        *("name: scratch", "name: group-data", "group-data, quota: 10Gi, expireDays"),
        *("the name `group-data` is used twice", "every name once"),
    ),
    "a name that an app has": (
        *("name: scratch", "name: database-backup", "quota: 10Gi, expireDays"),
        *("the bucket `database-backup` is that of `database` as well", "every bucket's name once"),
    ),
    "an external store without https": (
        *("kind: seaweedfs, storage: 100Gi", "kind: s3, url: http://s3.example.org", "http://s3.example.org"),
        *("is not an https address", "https://"),
    ),
    "a cloud's own storage that the cluster does not name": (
        *("kind: seaweedfs, storage: 100Gi", "kind: cloud", "binding"),
        *("needs the cluster's `objectStorage`, which is not there", "capabilities name a `objectStorage`"),
    ),
    "the wrong binding's field": (
        *("kind: seaweedfs, storage", "kind: s3, url: https://s3.example.org, storage", "storage: 100Gi"),
        *("unknown key `storage`", "prefix"),
    ),
}


@pytest.mark.parametrize("case", MISFITS)
def test_what_cannot_be_is_refused_at_its_field(check: Check, case: str) -> None:
    old, new, at, what, accepted = MISFITS[case]
    text = SITE.replace(old, new)
    assert text != SITE
    [finding] = check(text)
    assert text.splitlines()[finding.line - 1][finding.column - 1 :].startswith(at)
    assert what in finding.what
    assert accepted in finding.accepted


def test_a_name_that_is_too_long_with_its_prefix_is_refused(check: Check) -> None:
    name, prefix = "g" * 40, f"arcos-{'p' * 20}-"
    text = SITE.replace("nodePools:", "objectStorage: {url: https://s3.example.org}, nodePools:")
    text = text.replace("kind: seaweedfs, storage: 100Gi", f"kind: cloud, prefix: {prefix}")
    assert check(text) == []
    [finding] = check(text.replace("group-data", name))
    assert f"the bucket `{prefix}{name}` has a name of 67 characters, and S3 takes 63" in finding.what
    assert "prefix" in finding.accepted


def test_an_app_with_a_bucket_needs_the_store(check: Check) -> None:
    [finding] = check(SITE.split("      objectstore:")[0])
    assert "`database.backup` needs the app `objectstore`" in finding.what
    assert "backup: {kind: none" in finding.hint, "and how to do without"


def test_an_external_store_may_promise_what_it_likes(check: Check) -> None:
    external = SITE.replace("kind: seaweedfs, storage: 100Gi", "kind: s3, url: https://s3.example.org")
    assert check(external.replace("quota: 50Gi", "quota: 5Pi")) == []
