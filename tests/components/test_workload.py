"""The building block of every service: what surrounds the pod."""

from __future__ import annotations

import pytest

from arcos.render.evaluate import run
from components.network import from_anywhere, from_app, to_api_server, to_app, to_dns
from components.pod import PodArgs, Resources
from components.workload import Workload, WorkloadArgs


def _args(**more: object) -> WorkloadArgs:
    pod = PodArgs(
        app="hello",
        image="r/hello:1@sha256:0",
        user=10001,
        resources=Resources(cpu="10m", cpu_limit="1", memory="32Mi"),
        service_account="hello",
    )
    service = {"type": "ClusterIP", "ports": [{"name": "http", "protocol": "TCP", "port": 80, "target_port": 8080}]}
    given = {"namespace": "hello", "pod": pod, "replicas": 2, "service": service, "ingress": [from_anywhere(8080)]}
    return WorkloadArgs(**given | more)


def _made(**more: object) -> dict[str, dict[str, object]]:
    return {m["kind"]: m for m in run(lambda: Workload("hello", _args(**more)), stack="toy")}


def test_a_service_is_an_account_a_policy_a_service_a_budget_and_a_deployment():
    assert set(_made()) == {"ServiceAccount", "NetworkPolicy", "Service", "PodDisruptionBudget", "Deployment"}


def test_everything_selects_the_same_pods():
    made = _made()
    labels = made["Deployment"]["spec"]["template"]["metadata"]["labels"]
    for selector in (
        made["Service"]["spec"]["selector"],
        made["Deployment"]["spec"]["selector"]["matchLabels"],
        made["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
        made["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
    ):
        assert selector.items() <= labels.items()


def test_an_update_leaves_no_gap():
    spec = _made()["Deployment"]["spec"]
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


def test_several_pods_spread_over_nodes_and_zones():
    pod = _made()["Deployment"]["spec"]["template"]["spec"]
    keys = [constraint["topologyKey"] for constraint in pod["topologySpreadConstraints"]]
    assert keys == ["kubernetes.io/hostname", "topology.kubernetes.io/zone"]


def test_one_pod_says_why_and_blocks_no_maintenance():
    made = _made(replicas=1, singleton="state on one disk")
    assert made["Deployment"]["metadata"]["annotations"] == {"arcos.dev/singleton": "state on one disk"}
    assert "PodDisruptionBudget" not in made, "a budget for one pod would block every drain"


@pytest.mark.parametrize(("replicas", "why"), [(1, ""), (2, "needless")])
def test_one_pod_and_a_reason_belong_together(replicas, why):
    with pytest.raises(ValueError, match="hello"):
        _args(replicas=replicas, singleton=why)


def test_the_engine_waits_for_pods_and_public_addresses_and_not_for_services_in_the_cluster():
    annotation = "pulumi.com/skipAwait"
    assert _made()["Service"]["metadata"]["annotations"] == {annotation: "true"}, "its few hands would all wait"
    public = _made(service={"type": "LoadBalancer", "ports": []})
    assert "annotations" not in public["Service"]["metadata"], "`up` is done when users can reach it"
    assert annotation not in _made()["Deployment"]["metadata"].get("annotations", {}), "pods are waited for"


def test_what_is_not_opened_stays_closed():
    spec = _made(ingress=[])["NetworkPolicy"]["spec"]
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert not {"ingress", "egress"} & set(spec)


def test_network_rules_name_the_pods_the_namespace_and_the_port():
    peer = {
        "namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": "n"}},
        "pod_selector": {"match_labels": {"app.kubernetes.io/name": "a"}},
    }
    assert from_app("a", "n", 1) == {"from_": [peer], "ports": [{"protocol": "TCP", "port": 1}]}
    assert to_app("a", "n", 1, 2)["to"] == [peer]
    assert [p["port"] for p in to_api_server()["ports"]] == [443, 6443]
    assert {p["protocol"] for p in to_dns()["ports"]} == {"UDP", "TCP"}
