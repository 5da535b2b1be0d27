"""Whether an object does what it is there for: a pure function from the object to a verdict.

The conditions are those of the API reference (https://kubernetes.io/docs/reference/kubernetes-api/) and of
``kubectl rollout status``. Kinds that have nothing to wait for are ready once they exist. Leaves finding the cause of
a failure to ``explain.py`` and asking again to ``wait.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from arcos.apply.manifest import Manifest, identify


class State(Enum):
    """How far an object is."""

    READY = "ready"
    PROGRESSING = "progressing"
    #: It will not get ready by waiting.
    FAILED = "failed"


@dataclass(frozen=True)
class Verdict:
    """An object's state, and how far it is or why it failed in ``reason`` ("" when ready)."""

    state: State
    reason: str = ""


def _progressing(reason: str) -> Verdict:
    return Verdict(State.PROGRESSING, reason)


def _failed(reason: str) -> Verdict:
    return Verdict(State.FAILED, reason)


_READY = Verdict(State.READY)


def assess(live: Manifest, related: Sequence[Manifest] = ()) -> Verdict:
    """Judge one object as the server returned it.

    Args:
        live: The object with its status.
        related: Events and storage classes that may bear on it; most kinds need none.
    """
    metadata = live["metadata"]
    if metadata.get("deletionTimestamp"):
        return _progressing("is being deleted")
    seen = (live.get("status") or {}).get("observedGeneration")
    this = identify(live)
    judge = _JUDGES.get(this.kind) if this.built_in else None
    if judge is None:
        return _READY
    if seen is not None and seen < metadata.get("generation", 0):
        return _progressing("its change was not noticed yet")
    return judge(live, related)


def conditions(live: Manifest) -> dict[str, Manifest]:
    """The object's conditions by type."""
    return {str(one["type"]): one for one in (live.get("status") or {}).get("conditions") or []}


def _is(live: Manifest, condition: str, status: str = "True") -> bool:
    return bool(conditions(live).get(condition, {}).get("status") == status)


def _count(part: Manifest, name: str, default: int = 0) -> int:
    value = part.get(name)
    return default if value is None else int(value)


def _deployment(live: Manifest, _: Sequence[Manifest]) -> Verdict:
    status = live.get("status") or {}
    wanted = _count(live["spec"], "replicas", 1)
    updated, available = _count(status, "updatedReplicas"), _count(status, "availableReplicas")
    stuck = conditions(live).get("Progressing", {})
    if stuck.get("reason") == "ProgressDeadlineExceeded":
        return _failed(f"made no progress for its deadline, {available} of {wanted} pods available")
    if "observedGeneration" not in status:
        return _progressing("was not noticed yet")
    if updated < wanted:
        return _progressing(f"{updated} of {wanted} pods are of the new version")
    if _count(status, "replicas") > updated:
        return _progressing(f"{_count(status, 'replicas') - updated} old pods are still there")
    return _READY if available >= wanted else _progressing(f"{available} of {wanted} pods available")


def _stateful_set(live: Manifest, _: Sequence[Manifest]) -> Verdict:
    spec, status = live["spec"], live.get("status") or {}
    wanted = _count(spec, "replicas", 1)
    strategy = spec.get("updateStrategy") or {}
    ready, updated = _count(status, "readyReplicas"), _count(status, "updatedReplicas")
    if "observedGeneration" not in status:
        return _progressing("was not noticed yet")
    if ready < wanted:
        return _progressing(f"{ready} of {wanted} pods ready")
    if strategy.get("type") == "OnDelete":
        return _READY
    held_back = _count(strategy.get("rollingUpdate") or {}, "partition")
    if status.get("currentRevision") != status.get("updateRevision") and updated < wanted - held_back:
        return _progressing(f"{updated} of {wanted - held_back} pods are of the new version")
    return _READY


def _daemon_set(live: Manifest, _: Sequence[Manifest]) -> Verdict:
    status = live.get("status") or {}
    wanted, available = _count(status, "desiredNumberScheduled"), _count(status, "numberAvailable")
    if "observedGeneration" not in status:
        return _progressing("was not noticed yet")
    updated = _count(status, "updatedNumberScheduled")
    if (live["spec"].get("updateStrategy") or {}).get("type") != "OnDelete" and updated < wanted:
        return _progressing(f"{updated} of {wanted} nodes run the new version")
    return _READY if available >= wanted else _progressing(f"{available} of {wanted} nodes run it")


def _job(live: Manifest, _: Sequence[Manifest]) -> Verdict:
    status = live.get("status") or {}
    if _is(live, "Complete"):
        return _READY
    if _is(live, "Failed"):
        return _failed(str(conditions(live)["Failed"].get("message") or "the job failed"))
    if live["spec"].get("suspend"):
        return _READY
    return _progressing(f"{_count(status, 'succeeded')} of {_count(live['spec'], 'completions', 1)} runs done")


def _pod(live: Manifest, _: Sequence[Manifest]) -> Verdict:
    status = live.get("status") or {}
    phase = status.get("phase")
    if phase == "Succeeded" or _is(live, "Ready"):
        return _READY
    if phase == "Failed":
        return _failed(str(status.get("message") or status.get("reason") or "its containers failed"))
    return _progressing(f"phase {phase or 'unknown'}")


def _claim(live: Manifest, related: Sequence[Manifest]) -> Verdict:
    phase = (live.get("status") or {}).get("phase")
    if phase == "Bound":
        return _READY
    if phase == "Lost":
        return _failed("its volume is gone")
    if _binds_later(live, related):
        return _READY  # it is bound when the first pod that uses it starts
    return _progressing("no volume is bound to it yet")


def _binds_later(claim: Manifest, related: Sequence[Manifest]) -> bool:
    wanted = claim["spec"].get("storageClassName")
    for one in related:
        if one["kind"] == "StorageClass" and one.get("volumeBindingMode") == "WaitForFirstConsumer":
            default = (one["metadata"].get("annotations") or {}).get("storageclass.kubernetes.io/is-default-class")
            if one["metadata"]["name"] == wanted or (wanted is None and default == "true"):
                return True
        about = one.get("involvedObject") or {}
        if one.get("reason") == "WaitForFirstConsumer" and about.get("name") == claim["metadata"]["name"]:
            return True
    return False


def _service(live: Manifest, _: Sequence[Manifest]) -> Verdict:
    if live["spec"].get("type") != "LoadBalancer":
        return _READY
    given = ((live.get("status") or {}).get("loadBalancer") or {}).get("ingress")
    return _READY if given else _progressing("the load balancer has no address yet")


def _definition(live: Manifest, _: Sequence[Manifest]) -> Verdict:
    if _is(live, "NamesAccepted", "False"):
        return _failed(str(conditions(live)["NamesAccepted"].get("message") or "its names are taken"))
    return _READY if _is(live, "Established") else _progressing("is not served yet")


def _namespace(live: Manifest, _: Sequence[Manifest]) -> Verdict:
    phase = (live.get("status") or {}).get("phase")
    return _READY if phase in ("Active", None) else _progressing(f"phase {phase}")


def _api_service(live: Manifest, _: Sequence[Manifest]) -> Verdict:
    if _is(live, "Available"):
        return _READY
    return _progressing(str(conditions(live).get("Available", {}).get("message") or "is not served yet"))


_JUDGES: dict[str, Callable[[Manifest, Sequence[Manifest]], Verdict]] = {
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
    "Job": _job,
    "Pod": _pod,
    "PersistentVolumeClaim": _claim,
    "Service": _service,
    "CustomResourceDefinition": _definition,
    "Namespace": _namespace,
    "APIService": _api_service,
}
