"""The sentence a person reads when something does not get ready: the object, the cause, the next command."""

from __future__ import annotations

import pytest

from arcos.apply.explain import Surroundings, explain

DEPLOYMENT = {
    "apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": 1}, "status": {"observedGeneration": 1},
    "metadata": {"name": "web", "namespace": "app", "uid": "d", "generation": 1},
}  # fmt: skip
REPLICAS = {
    "apiVersion": "apps/v1", "kind": "ReplicaSet", "spec": {"replicas": 1}, "status": {},
    "metadata": {"name": "web-1", "namespace": "app", "uid": "r", "ownerReferences": [{"uid": "d"}]},
}  # fmt: skip


def pod(**status):
    metadata = {"name": "web-1-x", "namespace": "app", "uid": "p", "ownerReferences": [{"uid": "r"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {}, "status": status}


def waiting(reason, message="", **rest):
    state = {"name": "main", "image": "reg.example/web:1", "ready": False, "state": {"waiting": {"reason": reason,
             "message": message}}, **rest}  # fmt: skip
    return pod(phase="Pending", containerStatuses=[state])


def crashed(code=1, reason="Error", restarts=3):
    ended = {"terminated": {"exitCode": code, "reason": reason}}
    return waiting("CrashLoopBackOff", "back-off 40s", lastState=ended, restartCount=restarts)


def event(uid, reason, message, kind="Warning", at="2026-11-01T00:00:00Z"):
    return {"kind": "Event", "reason": reason, "message": message, "type": kind, "involvedObject": {"uid": uid},
            "lastTimestamp": at}  # fmt: skip


PULL = 'rpc error: failed to pull "reg.example/web:1": not found'
QUOTA = ('Error creating: pods "web-1-x" is forbidden: exceeded quota: small, requested: limits.memory=2Gi, '
         "used: limits.memory=1Gi, limited: limits.memory=2Gi")  # fmt: skip
SECURITY = ('Error creating: pods "web-1-x" is forbidden: violates PodSecurity "restricted:latest": '
            'runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false)')  # fmt: skip
HOOK = 'Error creating: admission webhook "policy.example.com" denied the request: no such registry'
ACCOUNT = ('Error creating: pods "web-1-" is forbidden: error looking up service account app/web: '
           'serviceaccount "web" not found')  # fmt: skip
PROBE = "Readiness probe failed: HTTP probe failed with statuscode: 503"
NODES = "0/1 nodes are available: 1 Insufficient memory. preemption: 0/1 nodes are available"
UNSCHEDULED = pod(phase="Pending", conditions=[{"type": "PodScheduled", "status": "False", "message": NODES}])
RUNNING = pod(phase="Running", containerStatuses=[{"name": "main", "ready": False, "state": {"running": {}}}])
CREATING = waiting("ContainerCreating")

# name: (pods, events, words the sentence must hold, the blamed object, next command, sure)
CASES = {
    "an image that cannot be pulled": (
        [waiting("ImagePullBackOff", PULL)], [], ["image reg.example/web:1", "not found"], "Pod", "describe", True),
    "an image that was never imported": (
        [waiting("ErrImageNeverPull", "Container image is not present with pull policy of Never")], [],
        ["image reg.example/web:1", "not present"], "Pod", "describe", True),
    "a used-up quota": (
        [], [event("r", "FailedCreate", QUOTA)], ["quota 'small'", "limits.memory=2Gi"],
        "ReplicaSet", "describe", True),
    "pods that Pod Security refuses": (
        [], [event("r", "FailedCreate", SECURITY)], ["Pod Security", "runAsNonRoot"], "ReplicaSet", "describe", True),
    "pods that an admission rule refuses": (
        [], [event("r", "FailedCreate", HOOK)], ["policy.example.com", "no such registry"],
        "ReplicaSet", "describe", True),
    "a service account that is not there yet": (
        [], [event("r", "FailedCreate", ACCOUNT)], ["service account 'web'"], "ReplicaSet", "describe", False),
    "a failing readiness probe": (
        [RUNNING], [event("p", "Unhealthy", PROBE)], ["readiness probe", "statuscode: 503"], "Pod", "describe", False),
    "no room on any node": ([UNSCHEDULED], [], ["no node", "Insufficient memory"], "Pod", "describe", False),
    "a crash": ([crashed()], [], ["container 'main'", "exit code 1"], "Pod", "logs", True),
    "a first crash, which may be a late dependency": (
        [crashed(restarts=1)], [], ["container 'main'"], "Pod", "logs", False),
    "too little memory": ([crashed(137, "OOMKilled")], [], ["memory", "OOMKilled"], "Pod", "logs", True),
    "a crash that its liveness probe brought about": (
        [crashed(137)], [event("p", "Unhealthy", "Liveness probe failed: connection refused")],
        ["Liveness probe failed: connection refused"], "Pod", "logs", True),
    "a missing secret in the environment": (
        [waiting("CreateContainerConfigError", 'secret "password" not found')], [],
        ["secret 'password'", "does not exist"], "Pod", "describe", True),
    "a missing key of a secret": (
        [waiting("CreateContainerConfigError", "couldn't find key user in Secret app/password")], [],
        ["secret 'app/password'", "'user'"], "Pod", "describe", True),
    "a missing config map that is mounted": (
        [CREATING], [event("p", "FailedMount", 'MountVolume.SetUp failed for volume "c" : configmap "conf" not found')],
        ["configmap 'conf'"], "Pod", "describe", False),
    "a node that cannot start it": (
        [CREATING], [event("p", "FailedCreatePodSandBox", "plugin type=bridge failed")], ["bridge"],
        "Pod", "describe", False),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_explaining(name):
    pods, events, words, about, command, sure = CASES[name]
    cause = explain(DEPLOYMENT, Surroundings(pods, [REPLICAS], events))
    for word in words:
        assert word in cause.sentence
    assert cause.about.kind == about
    assert command in cause.command
    assert cause.sure is sure
    assert "\n" not in cause.sentence


def test_the_last_lines_of_a_crashed_container_are_quoted():
    logs = {("app", "web-1-x", "main"): "starting\nreading config\nfatal: no such file: /etc/web.json\n"}
    cause = explain(DEPLOYMENT, Surroundings([crashed()], [REPLICAS], [], logs))
    assert "fatal: no such file: /etc/web.json" in cause.sentence


def test_an_init_container_is_explained_before_those_it_holds_up():
    init = {"name": "init", "image": "reg.example/init:1", "ready": False, "state": {"waiting": {
            "reason": "ErrImagePull", "message": "denied"}}}  # fmt: skip
    blocked = waiting("PodInitializing")
    blocked["status"]["initContainerStatuses"] = [init]
    assert "reg.example/init:1" in explain(DEPLOYMENT, Surroundings([blocked], [REPLICAS])).sentence


def test_another_workloads_pod_is_never_blamed():
    stranger = waiting("ImagePullBackOff", PULL)
    stranger["metadata"]["ownerReferences"] = [{"uid": "another"}]
    assert "image" not in explain(DEPLOYMENT, Surroundings([stranger], [REPLICAS])).sentence


def test_the_newest_of_several_events_counts():
    old, new = event("p", "Unhealthy", "Readiness probe failed: old"), event(
        "p", "Unhealthy", "Readiness probe failed: new", at="2026-11-01T00:05:00Z")  # fmt: skip
    assert "new" in explain(DEPLOYMENT, Surroundings([RUNNING], [REPLICAS], [old, new])).sentence


def test_a_failed_job_is_explained_by_its_pod():
    metadata = {"name": "seed", "namespace": "app", "uid": "r"}
    job = {"apiVersion": "batch/v1", "kind": "Job", "spec": {}, "metadata": metadata,
           "status": {"conditions": [{"type": "Failed", "status": "True", "message": "backoff limit"}]}}  # fmt: skip
    done = pod(phase="Failed", containerStatuses=[{"name": "main", "ready": False, "restartCount": 0, "state": {
               "terminated": {"exitCode": 3, "reason": "Error"}}}])  # fmt: skip
    assert "exit code 3" in explain(job, Surroundings([done])).sentence
    gone = explain(job, Surroundings())
    assert "backoff limit" in gone.sentence
    assert gone.sure


def test_a_claim_says_why_it_has_no_volume():
    metadata = {"name": "data", "namespace": "app", "uid": "c"}
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata,
             "spec": {"storageClassName": "fast"}, "status": {"phase": "Pending"}}  # fmt: skip
    assert "'fast'" in explain(claim, Surroundings()).sentence
    failed = event("c", "ProvisioningFailed", 'storageclass.storage.k8s.io "fast" not found')
    assert 'storageclass.storage.k8s.io "fast" not found' in explain(claim, Surroundings(events=[failed])).sentence
    del claim["spec"]["storageClassName"]
    assert "no default storage class" in explain(claim, Surroundings()).sentence


def test_a_load_balancer_says_what_its_controller_says():
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "in", "namespace": "app", "uid": "s"},
               "spec": {"type": "LoadBalancer"}, "status": {}}  # fmt: skip
    refused = event("s", "SyncLoadBalancerFailed", "quota exceeded for floating IPs")
    assert "floating IPs" in explain(service, Surroundings(events=[refused])).sentence


def test_nothing_known_is_said_as_it_stands():
    cause = explain(DEPLOYMENT, Surroundings())
    assert "0 of 1" in cause.sentence
    assert not cause.sure
