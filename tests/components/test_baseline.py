"""What every cluster gets: priorities and hardened namespaces."""

from __future__ import annotations

from dataclasses import replace

import pytest

from arcos.render.evaluate import run
from components import baseline
from components.baseline import Baseline, BaselineArgs
from components.metadata import digest, labels, metadata, resource_name
from components.namespace import Quota, pod_security_labels

QUOTA = Quota(pods=3, cpu="1", memory="1Gi", node_ports=2)


def _made() -> list[dict[str, object]]:
    return run(lambda: Baseline("b", BaselineArgs(namespaces={"hub": QUOTA}, kubernetes="1.37")), stack="toy")


def test_every_app_and_the_system_have_a_namespace():
    assert [m["metadata"]["name"] for m in _made() if m["kind"] == "Namespace"] == ["arcos-system", "hub"]


def test_a_namespace_holds_its_rules_before_anything_runs_in_it():
    kinds = {m["kind"]: m for m in _made() if m["metadata"].get("namespace") == "hub"}
    assert set(kinds) == {"NetworkPolicy", "ResourceQuota", "LimitRange"}
    assert kinds["ResourceQuota"]["spec"]["hard"] == {
        "pods": "3",
        "requests.cpu": "1",
        "limits.memory": "1Gi",
        "services.nodeports": "2",
        "services.loadbalancers": "0",
        "persistentvolumeclaims": "0",
    }


@pytest.mark.parametrize(("said", "kept"), [("4096Mi", "4Gi"), ("1.5Gi", "1536Mi"), ("17000Mi", "17000Mi")])
def test_a_quota_is_written_as_the_api_server_gives_it_back(said: str, kept: str):
    """Or every `pulumi refresh` would find that it has changed."""
    assert replace(QUOTA, memory=said).hard()["limits.memory"] == kept


def test_a_namespace_that_may_hold_volumes_has_no_such_bound():
    """It is protected instead, as `tests/engine` shows: what is in it goes with it."""
    assert "persistentvolumeclaims" not in replace(QUOTA, volumes=True).hard()


def test_pod_security_is_pinned_to_the_releases_minor():
    """`latest` would change what is allowed on the day a cluster is upgraded."""
    assert pod_security_labels("1.37")["pod-security.kubernetes.io/enforce-version"] == "v1.37"


def test_the_proxy_outranks_services_and_they_outrank_users():
    values = {m["metadata"]["name"]: m["value"] for m in _made() if m["kind"] == "PriorityClass"}
    assert values[baseline.CRITICAL] > values[baseline.SERVICE] > values[baseline.USER] > 0
    assert values[baseline.CRITICAL] < 1_000_000_000, "that range is the cluster's own"


def test_what_users_start_pushes_nothing_out():
    policies = {m["metadata"]["name"]: m["preemptionPolicy"] for m in _made() if m["kind"] == "PriorityClass"}
    assert policies[baseline.USER] == "Never"


def test_metadata_names_the_app_and_the_platform():
    assert labels("a") == {"app.kubernetes.io/name": "a", "app.kubernetes.io/part-of": "arcos"}
    assert metadata("n", app="a") == {"name": "n", "labels": labels("a")}
    assert metadata("n", app="a", namespace="s", annotations={"k": "v"}, extra_labels={"x": "y"}) == {
        "name": "n",
        "namespace": "s",
        "labels": labels("a") | {"x": "y"},
        "annotations": {"k": "v"},
    }


def test_pulumi_names_are_readable_and_say_where_an_object_lives():
    assert resource_name("Deployment", "ingress", "ingress") == "ingress/deployment/ingress"
    assert resource_name("Namespace", "ingress") == "cluster/namespace/ingress"


def test_a_digest_tells_configurations_apart_and_not_their_order():
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1}) != digest({"a": 1, "b": 3})
