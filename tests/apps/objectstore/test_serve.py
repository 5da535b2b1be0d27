"""Who may do what in the store, and what it is told; whether it obeys is asked in tests/real/test_objectstore.py."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from types import ModuleType

from apps.objectstore.config import KEEP_FREE
from apps.objectstore.seaweedfs import METRICS, PLAIN, TLS, config_files
from components.bucket import Bucket

FILES = config_files([Bucket(name="a-bucket", app="a", namespace="a", quota="1Gi")])


def _options() -> dict[str, str]:
    lines = FILES["weed.options"].splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_an_apps_policy_names_its_bucket_only_and_lets_it_change_nothing_about_it(serve: ModuleType):
    statements = serve.policy("mine")["Statement"]
    assert {one["Resource"] for one in statements} == {"arn:aws:s3:::mine", "arn:aws:s3:::mine/*"}
    actions = {action for one in statements for action in one["Action"]}
    assert "s3:DeleteObject" in actions
    assert not [a for a in actions if "*" in a or "Policy" in a or "Lifecycle" in a or "Acl" in a]
    assert "s3:PutBucketVersioning" not in actions
    assert "s3:DeleteObjectVersion" not in actions, "what versions keep, a stolen key must not end"


def test_each_bucket_has_an_identity_and_only_root_is_without_a_policy(serve: ModuleType):
    made = serve.identities({"mine": ("a", "b"), "yours": ("c", "d")}, ("r", "s"))
    by_name = {one["name"]: one for one in made["identities"]}
    assert by_name["mine"] == {
        "name": "mine",
        "credentials": [{"accessKey": "a", "secretKey": "b"}],
        "policyNames": ["mine"],
    }
    assert [one["name"] for one in made["identities"] if one.get("actions")] == ["root"]
    assert {one["name"]: json.loads(one["content"]) for one in made["policies"]}["yours"] == serve.policy("yours")


def test_identities_are_written_to_memory_for_this_user_only(serve: ModuleType, tmp_path: Path, monkeypatch):
    memory, keys = tmp_path / "memory", tmp_path / "keys" / "mine"
    memory.mkdir()
    keys.mkdir(parents=True)
    (keys / "access-key").write_text("a")
    (keys / "secret-key").write_text("b")
    monkeypatch.setattr(serve, "MEMORY", memory)
    monkeypatch.setattr(serve, "KEYS", keys.parent)
    monkeypatch.setattr(serve, "READY", memory / "ready")
    (memory / "ready").touch()

    serve.prepare([{"name": "mine"}])

    assert not (memory / "ready").exists(), "memory outlives a container: an old mark must not count"
    assert (memory / "identities.json").stat().st_mode & 0o077 == 0


def test_quotas_are_told_in_mebibytes_and_never_as_none(serve: ModuleType):
    orders = serve.quotas([{"name": "a", "quota": 5 * 2**20}, {"name": "b", "quota": 1024}])
    assert orders.splitlines() == [
        "s3.bucket.quota -name a -op set -sizeMB 5",
        "s3.bucket.quota -name b -op set -sizeMB 1",
    ]


def test_nothing_but_s3_and_figures_listens_outside_of_the_pod():
    options = _options()
    assert options["ip.bind"] == "127.0.0.1"
    assert {key for key, value in options.items() if value == "0.0.0.0"} == {"s3.ip.bind", "metricsIp"}
    assert (options["s3.port"], options["s3.port.https"]) == (str(PLAIN), str(TLS))
    assert options["metricsPort"] == str(METRICS)
    assert options["s3.iam"] == "false"
    assert options["master.telemetry"] == "false", "a site tells nobody about itself"


def test_the_room_that_stays_free_is_a_figure_and_the_one_that_doctor_tells():
    figure = _options()["volume.minFreeSpace"]
    assert figure.endswith("GiB"), "a plain number is a share, which of a large disk is far too much"
    assert int(figure.removesuffix("GiB")) * 2**30 == KEEP_FREE


def test_the_ports_between_its_parts_take_in_only_who_shows_the_stores_certificate():
    security = tomllib.loads(FILES["security.toml"])["grpc"]
    for part in ("master", "volume", "filer", "s3", "client"):
        assert security[part] == {"cert": "/run/tls/tls.crt", "key": "/run/tls/tls.key"}, part


def test_the_master_runs_the_lifecycle():
    maintenance = tomllib.loads(FILES["master.toml"])["master"]["maintenance"]
    assert "s3.lifecycle.run-shard -shards 0-15" in maintenance["scripts"]
    assert maintenance["sleep_minutes"] <= 60
