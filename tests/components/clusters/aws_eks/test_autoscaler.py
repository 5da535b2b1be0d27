"""The autoscaler of an EKS cluster: whose machines it moves, and what it may in the cluster."""

from __future__ import annotations

from typing import Any

from arcos.render.evaluate import run
from components.clusters.aws_eks import autoscaler
from components.clusters.aws_eks.autoscaler import EksAutoscaler, EksAutoscalerArgs
from components.clusters.aws_eks.node_plan import plan
from tests.components.clusters.aws_eks.recording import config
from tests.program.pod_security import violations

ARGS = EksAutoscalerArgs(image="r/cluster-autoscaler:1@sha256:0", cluster_name="arcos-a")


def made(kind: str) -> dict[str, Any]:
    [found] = [one for one in run(lambda: EksAutoscaler("a", ARGS), stack="toy") if one["kind"] == kind]
    return found


def test_it_moves_the_groups_of_its_own_cluster_only() -> None:
    [groups] = [one for one in autoscaler.arguments(ARGS) if one.startswith("--node-group-auto-discovery=")]
    assert groups.endswith("k8s.io/cluster-autoscaler/enabled,k8s.io/cluster-autoscaler/arcos-a")


def test_its_bounds_are_those_of_the_pools() -> None:
    """EKS writes a node group's least and most on the group that the autoscaler reads them from."""
    bounds = {pool.name: (plan(pool, "abc").low, plan(pool, "abc").high) for pool in config().node_pools}
    assert bounds == {"core": (3, 6), "user": (0, 20), "gpu": (0, 4)}
    assert not [one for one in autoscaler.arguments(ARGS) if one.startswith(("--nodes=", "--max-nodes"))]


def test_it_reads_no_secret_and_writes_nothing_but_marks_on_nodes_and_events() -> None:
    rules = made("ClusterRole")["rules"]
    writes = [
        (rule["resources"], sorted(set(rule["verbs"]) - {"get", "list", "watch"}))
        for rule in rules
        if set(rule["verbs"]) - {"get", "list", "watch"}
    ]
    assert writes == [(["nodes"], ["update"]), (["pods/eviction"], ["create"]), (["events"], ["create", "patch"])]
    assert "secrets" not in {resource for rule in rules for resource in rule["resources"]}


def test_nobody_is_elected_since_there_is_one() -> None:
    deployment = made("Deployment")["spec"]
    assert (deployment["replicas"], deployment["strategy"]["type"]) == (1, "Recreate")
    assert "--leader-elect=false" in deployment["template"]["spec"]["containers"][0]["args"]
    assert violations(deployment["template"]) == [], "and it is as hardened as any other"


def test_its_pod_is_the_one_that_the_role_in_aws_is_for() -> None:
    deployment = made("Deployment")
    account = deployment["spec"]["template"]["spec"]["serviceAccountName"]
    assert (deployment["metadata"]["namespace"], account) == (autoscaler.NAMESPACE, autoscaler.APP)
