"""Which buckets a cluster's kind is asked for, and the keys that a stack may hold."""

from __future__ import annotations

import pulumi
import pytest

from arcos.errors import ArcosError
from arcos.platform.bucket_keys import bucket_keys
from arcos.platform.gather import bucket_endpoint, cloud_buckets, needs
from arcos.site.loader import load_site, site_from_config
from components.bucket_access import BucketKeys
from tests.recording import Cloud, record


def test_a_kind_with_roles_makes_every_bucket_that_apps_and_people_ask_for() -> None:
    site = load_site("aws-sydney")
    made = {one.bucket.name: one.name for one in cloud_buckets(site)}
    assert made == {name: f"arcos-aws-sydney-{name}" for name in ("database-backup", "registry", "shared-data")}, (
        "by names that say whose they are"
    )
    assert len(made) == len(needs(site).buckets)
    there = bucket_endpoint(site)
    assert there
    assert (there.url, there.region) == ("https://s3.ap-southeast-2.amazonaws.com", "ap-southeast-2")


def test_no_account_has_two_roles() -> None:
    """EKS gives an account one; of a second bucket it would never learn."""
    buckets = [one.bucket for one in cloud_buckets(load_site("aws-sydney"))]
    used = [(bucket.namespace, account) for bucket in buckets for account in bucket.accounts]
    assert len(used) == len(set(used))


@pytest.mark.parametrize("name", ["nectar-qld", "hpc-perth", "local"])
def test_elsewhere_no_kind_is_asked_for_a_bucket(name: str) -> None:
    assert cloud_buckets(load_site(name)) == []


def test_the_region_is_the_engines_where_that_knows_it_better_than_the_file() -> None:
    written = load_site("aws-sydney").model_dump(mode="json", by_alias=True, exclude={"name"})
    site = site_from_config(written, "aws-sydney", beside={"aws:region": "eu-west-1"})
    there = bucket_endpoint(site)
    assert there
    assert there.url == "https://s3.eu-west-1.amazonaws.com"


def _keys(name: str, **secrets: str) -> BucketKeys | None:
    found: list[BucketKeys | None] = []

    def program() -> None:
        pulumi.runtime.set_all_config({f"arcos:{key}": value for key, value in secrets.items()}, [*secrets])
        try:
            found.append(bucket_keys(load_site(name)))
        finally:
            pulumi.runtime.set_all_config({})

    record(program, Cloud())
    return found[0]


@pytest.mark.parametrize("name", ["nectar-qld", "hpc-perth"])
def test_a_stack_may_hold_the_keys_of_a_store_without_roles(name: str) -> None:
    assert _keys(name, bucketAccessKey="a", bucketSecretKey="b") is not None


@pytest.mark.parametrize("name", ["aws-sydney", "local", "hpc-perth"])
def test_where_none_is_needed_or_each_bucket_has_its_own_none_is_asked_for(name: str) -> None:
    assert _keys(name) is None


@pytest.mark.parametrize(
    ("name", "held", "missing"),
    [
        ("nectar-qld", (), ["bucketAccessKey", "bucketSecretKey"]),
        ("nectar-qld", ("bucketAccessKey",), ["bucketSecretKey"]),
        ("hpc-perth", ("bucketSecretKey",), ["bucketAccessKey"]),
    ],
)
def test_what_is_missing_is_named_with_the_command_before_anything_is_made(
    name: str, held: tuple[str, ...], missing: list[str]
) -> None:
    with pytest.raises(ArcosError) as caught:
        _keys(name, **dict.fromkeys(held, "x"))
    for key in missing:
        assert f"pulumi config set --secret arcos:{key} -s {name}" in caught.value.fix
    assert not [key for key in held if key in caught.value.fix]
