"""Buckets in every sort of store: each app has keys of its own, and never knows whose storage it is."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from pulumi import Output
from pydantic import ValidationError

from apps.objectstore.config import ObjectStoreConfig
from apps.objectstore.objectstore import ObjectStore, ObjectStoreArgs, endpoint, needs, quotas
from apps.objectstore.seaweedfs import secrets
from arcos.apply.needed import secrets_needed
from arcos.render.evaluate import run
from components.bucket import Bucket, ObjectStorage
from components.bucket_access import BucketKeys, bucket_ca, bucket_mounts, to_bucket
from components.facts import Facts
from tests.certificates import certificate
from tests.recording import Cloud, record

FACTS = Facts(name="x", title="X", contact="a@b.org", domain="x.org", storage_class="block")
DUMPS = Bucket(name="dumps", app="database", namespace="database", quota="10Gi")
LAYERS = Bucket(name="layers", app="registry", namespace="registry", quota="1Gi", versioned=True, expire_days=7)
WITH_ROLES = replace(
    FACTS,
    object_storage=ObjectStorage(url="https://s3.ap-southeast-2.amazonaws.com", region="ap-southeast-2", keys=False),
)
WITH_KEYS = replace(FACTS, object_storage=ObjectStorage(url="https://swift.example.org"))
EXTERNAL = {"kind": "s3", "url": "https://s3.example.org:9000", "region": "x-1", "prefix": "arcos-"}


def _config(**binding: object) -> ObjectStoreConfig:
    return ObjectStoreConfig.model_validate({"binding": binding} if binding else {})


def _args(config: ObjectStoreConfig, facts: Facts = FACTS, keys: BucketKeys | None = None) -> ObjectStoreArgs:
    return ObjectStoreArgs(
        config=config,
        facts=facts,
        keys=keys,
        images=lambda name: f"r/{name}:1@sha256:" + "0" * 64,
        buckets=[DUMPS, LAYERS],
    )


def _made(config: ObjectStoreConfig, facts: Facts = FACTS) -> list[dict]:
    return run(lambda: ObjectStore("objectstore", _args(config, facts)), stack="toy")


def _one(made: list[dict], kind: str, name: str) -> dict:
    [found] = [m for m in made if m["kind"] == kind and m["metadata"]["name"] == name]
    return found


def test_each_bucket_has_keys_of_its_own_which_only_its_app_gets():
    by_name = {secret.name: secret for secret in secrets([DUMPS, LAYERS])}
    assert [copy.namespace for copy in by_name["bucket-dumps"].copies] == ["database"]
    assert by_name["bucket-dumps"].keys == ("access-key", "secret-key")
    copies = by_name["objectstore-authority"].copies
    assert {(copy.namespace, copy.keys) for copy in copies} == {("database", ("ca.crt",)), ("registry", ("ca.crt",))}


def test_only_the_namespaces_with_a_bucket_the_ingress_and_prometheus_reach_the_store():
    policy = _one(_made(_config()), "NetworkPolicy", "objectstore")["spec"]
    reached = {
        rule["from"][0]["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]: rule["ports"][0]["port"]
        for rule in policy["ingress"]
    }
    assert reached == {"database": 8334, "registry": 8334, "ingress": 8333, "monitoring": 9327}
    assert "egress" not in policy, "the store talks to nobody, and reports to nobody"


def test_the_store_declares_what_the_apps_asked_for():
    text = _one(_made(_config()), "ConfigMap", "objectstore-config")["data"]["buckets.json"]
    assert json.loads(text) == [
        {"name": "dumps", "quota": 10 * 2**30, "versioned": False, "keepVersionsDays": 30, "expireDays": None},
        {"name": "layers", "quota": 2**30, "versioned": True, "keepVersionsDays": 30, "expireDays": 7},
    ]


def test_no_key_stands_in_what_is_rendered():
    container = _one(_made(_config()), "StatefulSet", "objectstore")["spec"]["template"]["spec"]["containers"][0]
    assert [one["name"] for one in container["env"]] == ["GOMEMLIMIT"]
    assert not any("key" in part for part in container["command"])


def test_an_external_store_gets_no_pod_and_a_job_for_each_bucket_with_its_own_keys():
    made = _made(_config(**EXTERNAL))
    assert not [m for m in made if m["kind"] in ("StatefulSet", "Deployment", "PersistentVolumeClaim")]
    jobs = [m for m in made if m["kind"] == "Job"]
    assert {job["metadata"]["namespace"] for job in jobs} == {"database", "registry"}
    for job in jobs:
        volumes = job["spec"]["template"]["spec"]["volumes"]
        assert len([v for v in volumes if "secret" in v]) == 1, "no job sees another's keys"
    assert secrets_needed(made) == {("database", "bucket-dumps"), ("registry", "bucket-layers")}, (
        "nobody but the operator has these, so `up` has to ask for them before it changes anything"
    )
    declared = json.loads(_one(made, "ConfigMap", "bucket-dumps-config")["data"]["buckets.json"])
    assert [one["name"] for one in declared] == ["arcos-dumps"]


def test_the_job_at_an_external_store_reaches_its_port_only():
    policy = _one(_made(_config(**EXTERNAL)), "NetworkPolicy", "bucket-dumps")["spec"]
    assert policy["egress"] == [{"ports": [{"protocol": "TCP", "port": 9000}]}]


def test_apps_learn_an_address_and_never_which_store_it_is():
    inside, outside = endpoint(_config(), FACTS), endpoint(_config(**EXTERNAL), FACTS)
    assert (inside.url, inside.ca_secret) == (
        "https://objectstore.objectstore.svc.cluster.local:8334",
        "objectstore-ca",
    )
    assert (outside.url, outside.region, outside.ca_secret, outside.port) == (
        "https://s3.example.org:9000",
        "x-1",
        None,
        9000,
    )
    assert (inside.name(DUMPS), outside.name(DUMPS)) == ("dumps", "arcos-dumps")


def test_a_store_whose_authority_only_the_site_knows_is_trusted_by_every_app_with_a_bucket():
    authority = certificate()
    config = _config(**EXTERNAL, authority=authority)
    made = _made(config)
    for bucket in (DUMPS, LAYERS):
        [known] = [
            m
            for m in made
            if m["kind"] == "ConfigMap"
            and m["metadata"]["name"] == "bucket-authority"
            and m["metadata"]["namespace"] == bucket.namespace
        ]
        assert known["data"] == {"ca.crt": authority}
        [mount] = [one for one in bucket_mounts(bucket, endpoint(config, FACTS)) if one.config_map]
        assert mount.config_map == "bucket-authority"
    [container] = next(m for m in made if m["kind"] == "Job")["spec"]["template"]["spec"]["containers"]
    assert {"name": "AWS_CA_BUNDLE", "value": bucket_ca(endpoint(config, FACTS))} in container["env"]


def test_where_pods_have_roles_nothing_stands_in_the_cluster_and_no_key_anywhere():
    assert _made(_config(kind="cloud"), WITH_ROLES) == []
    there = endpoint(_config(kind="cloud"), WITH_ROLES)
    assert bucket_mounts(DUMPS, there) == []
    assert there.name(DUMPS) == "arcos-x-dumps", "the site's name, since names of S3 are everybody's"
    assert endpoint(_config(kind="cloud", prefix="arcos-uq-"), WITH_ROLES).name(DUMPS) == "arcos-uq-dumps"
    agent = {"to": [{"ip_block": {"cidr": "169.254.170.23/32"}}], "ports": [{"protocol": "TCP", "port": 80}]}
    assert agent in to_bucket(there), "who hands a pod its role's keys"


def test_a_cloud_without_roles_is_as_an_external_store_whose_keys_the_stack_may_hold():
    made = _made(_config(kind="cloud"), WITH_KEYS)
    assert {m["kind"] for m in made} == {"ConfigMap", "ServiceAccount", "NetworkPolicy", "Job"}
    assert secrets_needed(made) == {("database", "bucket-dumps"), ("registry", "bucket-layers")}


def test_keys_that_the_stack_holds_are_put_where_each_app_looks_and_are_kept_encrypted():
    def program() -> None:
        keys = BucketKeys(access_key=Output.secret("who"), secret_key=Output.secret("hush"))
        ObjectStore("objectstore", _args(_config(kind="cloud"), WITH_KEYS, keys))

    made = record(program, Cloud())
    secrets = [one for one in made if one.type == "kubernetes:core/v1:Secret"]
    assert {(one.inputs["metadata"]["namespace"], one.inputs["metadata"]["name"]) for one in secrets} == {
        ("database", "bucket-dumps"),
        ("registry", "bucket-layers"),
    }
    assert [one.inputs["stringData"] for one in secrets] == [{"access-key": "who", "secret-key": "hush"}] * 2
    assert all("stringData" in one.secrets for one in secrets), "the engine keeps it encrypted in its state"
    for job in (one for one in made if one.type == "kubernetes:batch/v1:Job"):
        assert any(":Secret::" in urn for urn in job.asked.dependencies), "a Job without keys only fails"


@pytest.mark.parametrize("prefix", ["", "arcos", "arcos-", "uq-", "arcos-UQ-", "arcos-uq"])
def test_a_prefix_that_the_operators_rights_do_not_reach_is_refused(prefix: str):
    with pytest.raises(ValidationError):
        _config(kind="cloud", prefix=prefix)


def test_somebody_elses_store_is_not_watched_here():
    assert needs(_config(**EXTERNAL), FACTS).alerts == ()
    assert {alert.name for alert in needs(_config(), FACTS).alerts} == {
        "ObjectStoreDown",
        "ObjectStoreDiskFull",
        "ObjectStoreReadOnly",
        "BucketFull",
    }


@pytest.mark.parametrize("url", ["http://s3.example.org", "s3.example.org", "ftp://s3.example.org"])
def test_an_external_store_without_https_is_refused(url: str):
    with pytest.raises(ValidationError, match="https"):
        _config(**EXTERNAL | {"url": url})


@pytest.mark.parametrize("name", ["ab", "Data", "a_b", "-ab", "x" * 41])
def test_a_name_that_s3_would_refuse_is_refused_before(name: str):
    with pytest.raises(ValidationError):
        ObjectStoreConfig.model_validate({"buckets": [{"name": name, "quota": "1Gi"}]})


def test_the_namespace_has_room_for_the_store():
    assert quotas(_config(kind="seaweedfs", memory="2Gi"))["objectstore"].memory == "6144Mi"
