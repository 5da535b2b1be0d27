"""Why an object does not get ready, in one sentence: a pure function from what the cluster says.

Looks from the outside in: the object's own status, the events of what it made (a refused pod), then its pods and
their containers; the first cause found wins, as the others mostly follow from it. Leaves fetching pods, events and
logs to ``wait.py``. The reasons are the kubelet's (https://github.com/kubernetes/kubernetes, pkg/kubelet/events and
pkg/kubelet/images/types.go) and the controllers'.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from arcos.apply.failures import one_line
from arcos.apply.manifest import Id, Manifest, identify
from arcos.apply.readiness import State, assess, conditions

#: Container states that waiting does not mend, once they last.
_PULL = frozenset(["ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError",
                   "RegistryUnavailable", "SignatureValidationFailed"])  # fmt: skip
_CONFIG = frozenset(["CreateContainerConfigError", "CreateContainerError", "RunContainerError"])
_REFUSED = frozenset(["FailedCreate", "ReplicaSetCreateError"])
_MOUNT = frozenset(["FailedMount", "FailedAttachVolume", "FailedMapVolume"])


@dataclass(frozen=True)
class Cause:
    """Why something is not ready.

    Attributes:
        about: The object that is to blame.
        sentence: What is wrong, with the cluster's own words.
        command: The next kubectl arguments to look at it.
        sure: Whether waiting will not mend it.
    """

    about: Id
    sentence: str
    command: tuple[str, ...]
    sure: bool = False


@dataclass(frozen=True)
class Surroundings:
    """What stands around the objects that are not ready, of their namespaces."""

    pods: Sequence[Manifest] = ()
    owners: Sequence[Manifest] = ()
    events: Sequence[Manifest] = ()
    logs: Mapping[tuple[str, str, str], str] = field(default_factory=dict)  # (namespace, pod, container)

    def made_by(self, owner: Manifest) -> list[Manifest]:
        """The owner itself, what it made (replica sets, jobs) and the pods of these."""
        family = [owner]
        uids = {owner["metadata"].get("uid")}
        for one in (*self.owners, *self.pods):
            if any(ref.get("uid") in uids for ref in one["metadata"].get("ownerReferences") or []):
                family.append(one)
                uids.add(one["metadata"].get("uid"))
        return family

    def about(self, one: Manifest) -> list[Manifest]:
        """The events about an object, newest first."""
        this, uid = identify(one), one["metadata"].get("uid")
        found = [event for event in self.events if _concerns(event.get("involvedObject") or {}, this, uid)]
        return sorted(found, key=_when, reverse=True)


def explain(live: Manifest, around: Surroundings) -> Cause:
    """The likeliest cause why ``live`` is not ready; a plain "not yet" when nothing points anywhere."""
    family = around.made_by(live)
    pods = [one for one in family if one["kind"] == "Pod"]
    for look in (_from_refused, _from_claim, _from_balancer):
        for one in family:
            if cause := look(one, around):
                return cause
    causes = [cause for pod in _newest(pods) if (cause := _from_pod(pod, around))]
    causes.sort(key=lambda cause: not cause.sure)
    if causes:
        return causes[0]
    return _from_status(live)


def _concerns(about: Manifest, this: Id, uid: str | None) -> bool:
    if about.get("uid") and uid:
        return bool(about["uid"] == uid)
    return (about.get("kind"), about.get("namespace", ""), about.get("name")) == (this.kind, this.namespace, this.name)


def _when(event: Manifest) -> str:
    series = event.get("series") or {}
    times = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    return max((str(time) for time in times if time), default="")


def _newest(pods: Sequence[Manifest]) -> list[Manifest]:
    return sorted(pods, key=lambda pod: str(pod["metadata"].get("creationTimestamp")), reverse=True)


def _describe(this: Id) -> tuple[str, ...]:
    space = ("-n", this.namespace) if this.namespace else ()
    return (*space, "describe", this.type.lower(), this.name)


def _logs(this: Id, container: str) -> tuple[str, ...]:
    return ("-n", this.namespace, "logs", this.name, "-c", container, "--previous")


def _from_refused(one: Manifest, around: Surroundings) -> Cause | None:
    """Pods (or claims) that the cluster did not let the object make."""
    message = next((str(event["message"]) for event in around.about(one) if event.get("reason") in _REFUSED), "")
    if not message and one["kind"] in ("Deployment", "ReplicaSet"):
        failure = conditions(one).get("ReplicaFailure", {})
        message = str(failure.get("message") or "") if failure.get("status") == "True" else ""
    if not message or (one["kind"] == "ReplicaSet" and one["spec"].get("replicas") == 0):
        return None
    this = identify(one)
    sentence, sure = _refusal(message)
    return Cause(this, sentence, _describe(this), sure)


def _refusal(message: str) -> tuple[str, bool]:
    """What a refused creation means, and whether it is for good."""
    said = one_line(message)
    if quota := re.search(r"exceeded quota: ([^,]+), (.*)", said):
        return f"the quota '{quota[1]}' is used up: {quota[2]}", True
    if "violates PodSecurity" in said:
        return f"Pod Security refuses its pods: {said.partition('violates PodSecurity ')[2]}", True
    if hook := re.search(r'admission webhook "([^"]+)" denied the request:? ?(.*)', said):
        return f"the admission rule '{hook[1]}' refuses its pods: {hook[2]}", True
    if hook := re.search(r'failed calling webhook "([^"]+)"', said):
        return f"the admission webhook '{hook[1]}' does not answer", False
    if account := re.search(r"serviceaccount \"([^\"]+)\" not found", said):
        return f"the service account '{account[1]}' does not exist", False
    if limit := re.search(r"is forbidden: ((?:maximum|minimum) .*)", said):
        return f"the namespace's limit range refuses its pods: {limit[1]}", True
    return f"the cluster refuses its pods: {said}", False


def _from_claim(one: Manifest, around: Surroundings) -> Cause | None:
    if one["kind"] != "PersistentVolumeClaim":
        return None
    this = identify(one)
    trouble = next((event for event in around.about(one) if event.get("type") == "Warning"), None)
    if trouble:
        return Cause(this, f"no volume could be made: {one_line(trouble['message'])}", _describe(this))
    wanted = one["spec"].get("storageClassName")
    if not wanted:
        return Cause(this, "it waits for a volume, and the cluster has no default storage class", _describe(this))
    return Cause(this, f"it waits for a volume of the storage class '{wanted}'", _describe(this))


def _from_balancer(one: Manifest, around: Surroundings) -> Cause | None:
    if one["kind"] != "Service":
        return None
    this = identify(one)
    trouble = next((event for event in around.about(one) if event.get("type") == "Warning"), None)
    why = one_line(trouble["message"]) if trouble else "nothing in the cluster serves load balancers, or not yet"
    return Cause(this, f"the load balancer has no address: {why}", _describe(this))


def _from_pod(pod: Manifest, around: Surroundings) -> Cause | None:
    status = pod.get("status") or {}
    states = [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
    for state in states:
        if cause := _from_container(pod, state, around):
            return cause
    this = identify(pod)
    scheduled = conditions(pod).get("PodScheduled", {})
    if scheduled.get("status") == "False":
        return Cause(this, f"no node can take the pod: {one_line(scheduled.get('message', ''))}", _describe(this))
    for event in around.about(pod):
        if cause := _from_pod_event(pod, event):
            return cause
    if status.get("phase") == "Failed":
        why = one_line(status.get("message") or status.get("reason") or "its containers failed")
        return Cause(this, f"the pod failed: {why}", _describe(this), sure=False)
    return None


def _from_container(pod: Manifest, state: Manifest, around: Surroundings) -> Cause | None:
    this = identify(pod)
    waiting = (state.get("state") or {}).get("waiting") or {}
    reason, message = waiting.get("reason"), one_line(str(waiting.get("message") or ""))
    if reason in _PULL:
        why = message or str(reason)
        return Cause(this, f"the image {state['image']} cannot be pulled: {why}", _describe(this), sure=True)
    if reason in _CONFIG:
        return Cause(this, _config(str(state["name"]), message or str(reason)), _describe(this), sure=True)
    now = (state.get("state") or {}).get("terminated")
    ended = now or (state.get("lastState") or {}).get("terminated")
    if ended and (ended.get("exitCode") or reason == "CrashLoopBackOff") and not state.get("ready"):
        return _crashed(pod, state, ended, around, for_good=bool(state.get("restartCount", 0) > 1))
    return None


def _config(container: str, message: str) -> str:
    if missing := re.search(r'(secret|configmap) "([^"]+)" not found', message):
        return f"the {missing[1]} '{missing[2]}' that container '{container}' needs does not exist"
    if missing := re.search(r"couldn't find key (\S+) in (Secret|ConfigMap) (\S+)", message):
        return f"the {missing[2].lower()} '{missing[3]}' has no key '{missing[1]}', which container '{container}' needs"
    return f"container '{container}' cannot be started: {message}"


def _crashed(pod: Manifest, state: Manifest, ended: Manifest, around: Surroundings, *, for_good: bool) -> Cause:
    this, name = identify(pod), str(state["name"])
    how = f"exit code {ended.get('exitCode')}"
    if ended.get("reason") == "OOMKilled":
        how = "it needs more memory than its limit (OOMKilled)"
    elif ended.get("reason") not in (None, "Error", "Completed"):
        how += f", {ended['reason']}"
    text = around.logs.get((this.namespace, this.name, name)) or str(ended.get("message") or "")
    probe = next((e["message"] for e in around.about(pod) if "iveness probe failed" in str(e.get("message"))), "")
    last = one_line(" | ".join(text.strip().splitlines()[-3:]), 300)
    why = f"; {one_line(probe)}" if probe else f"; its last lines: {last}" if last else ""
    return Cause(this, f"container '{name}' keeps ending: {how}{why}", _logs(this, name), for_good)


def _from_pod_event(pod: Manifest, event: Manifest) -> Cause | None:
    this, reason, message = identify(pod), event.get("reason"), one_line(str(event.get("message") or ""))
    if reason == "Unhealthy":
        kind = message.partition(" probe")[0].lower()
        what = message.partition("failed: ")[2] or message
        return Cause(this, f"its {kind} probe fails: {what}", _describe(this))
    if reason in _MOUNT:
        if missing := re.search(r'(secret|configmap) "([^"]+)" not found', message):
            return Cause(this, f"the {missing[1]} '{missing[2]}' that it mounts does not exist", _describe(this))
        return Cause(this, f"a volume cannot be mounted: {message}", _describe(this))
    if reason in ("FailedCreatePodSandBox", "NetworkNotReady", "Evicted", "Preempted"):
        return Cause(this, f"the node cannot start the pod: {message}", _describe(this))
    return None


def _from_status(live: Manifest) -> Cause:
    this, verdict = identify(live), assess(live)
    if this.kind == "Namespace":
        remaining = conditions(live).get("NamespaceContentRemaining", {}).get("message")
        return Cause(this, one_line(remaining or "it is still being deleted"), _describe(this))
    sentence = verdict.reason or "nothing says why yet"
    return Cause(this, sentence, _describe(this), sure=verdict.state is State.FAILED)
