"""When each kind counts as ready."""

from __future__ import annotations

import pytest

from arcos.apply.readiness import State, assess


def thing(kind, api="apps/v1", generation=1, spec=None, status=None, **rest):
    metadata = {"name": "x", "namespace": "y", "generation": generation}
    return {"apiVersion": api, "kind": kind, "metadata": metadata, "spec": spec or {}, "status": status or {}, **rest}


def condition(kind, status="True", **rest):
    return {"type": kind, "status": status, **rest}


READY = {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2}
CASES = {
    "a deployment whose pods are all new and available": (
        thing("Deployment", spec={"replicas": 2}, status=READY), State.READY),
    "a deployment that was just made": (thing("Deployment", spec={"replicas": 2}), State.PROGRESSING),
    "a deployment whose change the controller has not seen": (
        thing("Deployment", generation=2, spec={"replicas": 2}, status=READY), State.PROGRESSING),
    "a deployment with one pod of the old version left": (
        thing("Deployment", spec={"replicas": 2}, status={**READY, "replicas": 3}), State.PROGRESSING),
    "a deployment half of whose pods are available": (
        thing("Deployment", spec={"replicas": 2}, status={**READY, "availableReplicas": 1}), State.PROGRESSING),
    "a deployment scaled to nothing": (
        thing("Deployment", spec={"replicas": 0}, status={"observedGeneration": 1}), State.READY),
    "a deployment past its progress deadline": (
        thing("Deployment", spec={"replicas": 2}, status={"observedGeneration": 1, "conditions": [
            condition("Progressing", "False", reason="ProgressDeadlineExceeded")]}), State.FAILED),
    "a stateful set that is rolling": (
        thing("StatefulSet", spec={"replicas": 2}, status={
            "observedGeneration": 1, "readyReplicas": 2, "updatedReplicas": 1,
            "currentRevision": "a", "updateRevision": "b"}), State.PROGRESSING),
    "a stateful set that holds part of its pods back on purpose": (
        thing("StatefulSet", spec={"replicas": 2, "updateStrategy": {"rollingUpdate": {"partition": 1}}}, status={
            "observedGeneration": 1, "readyReplicas": 2, "updatedReplicas": 1,
            "currentRevision": "a", "updateRevision": "b"}), State.READY),
    "a daemon set on a cluster without nodes": (
        thing("DaemonSet", status={"observedGeneration": 1, "desiredNumberScheduled": 0}), State.READY),
    "a daemon set that runs on one node of two": (
        thing("DaemonSet", status={"observedGeneration": 1, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2,
                                   "numberAvailable": 1}), State.PROGRESSING),
    "a job that is done": (
        thing("Job", "batch/v1", status={"conditions": [condition("Complete")]}), State.READY),
    "a job that failed": (
        thing("Job", "batch/v1", status={"conditions": [condition("Failed", message="BackoffLimit")]}), State.FAILED),
    "a job that runs": (thing("Job", "batch/v1", status={"active": 1}), State.PROGRESSING),
    "a pod that is ready": (thing("Pod", "v1", status={"conditions": [condition("Ready")]}), State.READY),
    "a pod that has not started": (thing("Pod", "v1", status={"phase": "Pending"}), State.PROGRESSING),
    "a bound claim": (thing("PersistentVolumeClaim", "v1", status={"phase": "Bound"}), State.READY),
    "a claim without a volume": (thing("PersistentVolumeClaim", "v1", status={"phase": "Pending"}), State.PROGRESSING),
    "a claim that lost its volume": (thing("PersistentVolumeClaim", "v1", status={"phase": "Lost"}), State.FAILED),
    "a plain service": (thing("Service", "v1", spec={"type": "ClusterIP"}), State.READY),
    "a load balancer without an address": (
        thing("Service", "v1", spec={"type": "LoadBalancer"}, status={"loadBalancer": {}}), State.PROGRESSING),
    "a load balancer with one": (
        thing("Service", "v1", spec={"type": "LoadBalancer"},
              status={"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}), State.READY),
    "a definition that is served": (
        thing("CustomResourceDefinition", "apiextensions.k8s.io/v1",
              status={"conditions": [condition("Established")]}), State.READY),
    "a definition whose names are taken": (
        thing("CustomResourceDefinition", "apiextensions.k8s.io/v1",
              status={"conditions": [condition("NamesAccepted", "False", message="taken")]}), State.FAILED),
    "an active namespace": (thing("Namespace", "v1", status={"phase": "Active"}), State.READY),
    "a namespace that is being deleted": (thing("Namespace", "v1", status={"phase": "Terminating"}), State.PROGRESSING),
    "a kind with nothing to wait for": (thing("ConfigMap", "v1"), State.READY),
    "a custom resource that shares a built-in kind's name": (
        thing("Service", "serving.knative.dev/v1", spec={"type": "LoadBalancer"}), State.READY),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_verdict_on(name):
    live, expected = CASES[name]
    verdict = assess(live)
    assert verdict.state is expected
    assert bool(verdict.reason) == (expected is not State.READY), "whatever is not ready says why"


def test_a_claim_that_waits_for_its_first_pod_by_design_is_ready():
    claim = thing("PersistentVolumeClaim", "v1", spec={"storageClassName": "slow"}, status={"phase": "Pending"})
    later = {"kind": "StorageClass", "metadata": {"name": "slow"}, "volumeBindingMode": "WaitForFirstConsumer"}
    assert assess(claim, [later]).state is State.READY
    assert assess(claim, [{**later, "volumeBindingMode": "Immediate"}]).state is State.PROGRESSING


def test_an_object_on_its_way_out_is_not_ready():
    live = thing("Deployment", spec={"replicas": 2}, status=READY)
    live["metadata"]["deletionTimestamp"] = "2026-11-01T00:00:00Z"
    assert assess(live).state is State.PROGRESSING
