"""The registry in the cluster: what each part is told, who reaches whom, and what `check` refuses."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from apps.registry import distribution, gate
from apps.registry.config import RegistryConfig
from apps.registry.registry import config_files, needs, quotas, secrets
from arcos.site.loader import check_sites
from components.bucket import BucketEndpoint
from components.facts import Facts
from components.metrics import PROMETHEUS
from tests.certificates import certificate
from tests.real.site import FULL

FACTS = Facts(name="x", title="The X site", contact="ops@x.org", domain="x.org", https_port=8443)
ENDPOINT = BucketEndpoint(
    url="https://s3.y.org", region="r1", prefix="x-", ca_secret="store-ca", app="store", namespace="s"
)


def _config(**values: object) -> RegistryConfig:
    return RegistryConfig.model_validate(values)


def _gate(config: RegistryConfig) -> gate.GateArgs:
    return gate.GateArgs(config=config, facts=FACTS, images=lambda name: f"image-{name}", groups=["climate"])


def _back(config: RegistryConfig) -> distribution.DistributionArgs:
    return distribution.DistributionArgs(
        config=config,
        facts=FACTS,
        images=lambda name: f"image-{name}",
        endpoint=ENDPOINT,
        files=config_files(_gate(config)),
    )


UPSTREAM = {"name": "dockerhub", "url": "https://registry-1.docker.io"}


def test_people_pass_the_sign_on_and_programs_the_gate_of_the_registry():
    [route] = needs(_config(groups=["lab"]), FACTS).routes
    assert route.groups == ("operators", "lab"), "operators always get in"
    assert route.open_paths == ("/v2/", "/token"), "programs cannot sign on; the registry's gate asks them for a token"
    assert route.service == "registry-gate", "nobody reaches Distribution itself"


def test_clients_are_led_to_the_public_address_for_their_token():
    environment = distribution.main(_back(_config())).pod.env
    assert environment["REGISTRY_AUTH_TOKEN_REALM"] == "https://registry.x.org:8443/token"
    assert environment["REGISTRY_AUTH_TOKEN_SERVICE"] == "registry.x.org:8443"
    assert gate.settings(_gate(_config()))["url"] == "https://registry.x.org:8443"


def test_another_name_is_another_address_everywhere():
    config = _config(host="images.z.org")
    assert needs(config, FACTS).routes[0].host == "images.z.org"
    assert distribution.main(_back(config)).pod.env["REGISTRY_AUTH_TOKEN_REALM"] == "https://images.z.org:8443/token"


def test_no_secret_stands_in_an_object():
    pods = [distribution.main(_back(_config())).pod, distribution.collect_pod(_back(_config()))]
    for pod in pods:
        assert pod.env["REGISTRY_STORAGE_S3_SECRETKEY_FILE"] == "/run/bucket/secret-key"
        assert not {name for name in pod.env if "SECRET" in name.upper() and not name.endswith("_FILE")}


def test_the_store_is_trusted_for_itself_alone():
    environment = distribution.main(_back(_config())).pod.env
    assert environment["AWS_CA_BUNDLE"].endswith("/ca.crt")
    assert "SSL_CERT_FILE" not in environment, "a cache must still trust the public authorities of its upstream"


def test_a_copy_of_another_registry_has_a_bucket_of_its_own():
    config = _config(upstreams=[UPSTREAM])
    assert [one.name for one in needs(config, FACTS).buckets] == ["registry", "registry-cache"]
    environment = distribution.copy_of(_back(config), config.upstreams[0]).pod.env
    assert environment["REGISTRY_STORAGE_S3_BUCKET"] == "x-registry-cache", "a full cache must not stop a push"
    assert environment["REGISTRY_STORAGE_S3_ROOTDIRECTORY"] == "/dockerhub"
    assert environment["REGISTRY_PROXY_REMOTEURL"] == UPSTREAM["url"]
    assert [one.name for one in needs(_config(), FACTS).buckets] == ["registry"], "no upstream, no bucket for copies"


def test_only_the_gate_and_prometheus_reach_distribution():
    config = _config(upstreams=[UPSTREAM])
    for workload in (distribution.main(_back(config)), distribution.copy_of(_back(config), config.upstreams[0])):
        peers = [peer["pod_selector"]["match_labels"] for rule in workload.ingress for peer in rule["from_"]]
        assert [peer["app.kubernetes.io/name"] for peer in peers] == ["registry-gate", PROMETHEUS]


def test_only_a_cache_reaches_the_outside():
    config = _config(upstreams=[UPSTREAM])
    inside = distribution.main(_back(config)).egress
    outside = distribution.copy_of(_back(config), config.upstreams[0]).egress
    assert all("to" in rule for rule in inside)
    assert {"ports": [{"protocol": "TCP", "port": 443}]} in outside


def test_the_gate_runs_once_and_never_twice_during_an_update():
    workload = gate.workload(_gate(_config()))
    assert workload.replicas == 1
    assert workload.recreate, (
        "two gates would each know half of the writes, and garbage removal would take what is pushed"
    )


def test_no_persons_space_is_that_of_a_group():
    config = _config(groups=["lab"], robots=[{"name": "ci", "repositories": ["alice/*"]}])
    reserved = gate.settings(_gate(config))["reserved"]
    assert reserved == ["climate", "lab", "operators", "researchers"], (
        "a robot for somebody's space does not take it away"
    )


def test_each_robot_has_a_secret_that_is_born_in_the_cluster():
    config = _config(robots=[{"name": "ci", "repositories": ["a/*"]}])
    assert "registry-robot-ci" in {one.name for one in secrets(config)}
    mounts = {mount.path: mount.secret for mount in gate.workload(_gate(config)).pod.mounts}
    assert mounts["/run/gate/robots/ci"] == "registry-robot-ci"
    assert "password" not in json.dumps(gate.settings(_gate(config)))


def test_garbage_is_removed_each_night_and_untagged_images_unless_the_site_says_so():
    assert "--keep-untagged" not in distribution.collect_pod(_back(_config())).args
    assert "--keep-untagged" in distribution.collect_pod(_back(_config(keepUntagged=True))).args


def test_the_quota_has_room_for_every_part_and_its_successor():
    small, large = (quotas(config)["registry"] for config in (_config(), _config(upstreams=[UPSTREAM])))
    assert int(large.memory[:-2]) - int(small.memory[:-2]) == 2 * distribution.MEMORY_MIB


def test_our_files_are_what_the_docs_of_distribution_describe():
    files = config_files(_gate(_config()))
    main = yaml.safe_load(files["config.yml"])
    assert "cache" not in main["storage"], "a cache of descriptors promises what was removed as garbage"
    assert "auth" in main
    assert "auth" not in yaml.safe_load(files["cache.yml"]), "the gate checks who pulls from a cache"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"upstreams": [UPSTREAM | {"url": "http://registry-1.docker.io"}]}, "is not an https address"),
        ({"robots": [{"name": "ci", "repositories": ["Climate/*"]}]}, "is no repository"),
        ({"robots": [{"name": "ci", "repositories": []}]}, "at least 1"),
        ({"moving": ["a b"]}, "is no tag"),
        ({"groups": ["lab"], "upstreams": [UPSTREAM | {"name": "lab"}]}, "both called `lab`"),
        ({"tokenDays": 0}, "greater than or equal to 1"),
    ],
)
def test_what_could_not_work_is_refused(values: dict, said: str):
    with pytest.raises(ValidationError, match=said):
        _config(**values)


def test_two_robots_of_one_name_are_refused(tmp_path: Path):
    twice = "[{name: ci, repositories: [a/b]}, {name: ci, repositories: [a/c]}]"
    text = FULL[: FULL.index("      registry:")].format(title="A", name="a", http=1080, https=1443, api=6443)
    (tmp_path / "Pulumi.a.yaml").write_text(f"{text}      registry: {{robots: {twice}}}\n")
    [finding] = check_sites(["a"], tmp_path, today=date(2026, 11, 24))
    assert "the name `ci` is used twice" in finding.what


def test_a_cache_reaches_its_upstreams_port_and_trusts_whom_the_site_names() -> None:
    authority = certificate()
    upstream = {"name": "inner", "url": "https://harbor.y.org:8443"}
    config = _config(upstreams=[upstream], authorities=[authority])
    back = _back(config)
    made = distribution.copy_of(back, config.upstreams[0])
    assert made.egress[-1] == {"ports": [{"protocol": "TCP", "port": 8443}]}
    folder, _, file = made.pod.env["AUTHORITIES_FILE"].rpartition("/")
    [mount] = [one for one in made.pod.mounts if one.path == folder]
    assert mount.items == {"cache.yml": "cache.yml", file: file}
    assert back.files[file] == authority
    assert "AUTHORITIES_FILE" not in distribution.main(back).pod.env, "it asks nobody but its bucket"
