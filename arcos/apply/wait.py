"""Waiting until everything applied works, and giving up early when it surely never will.

Asks about what is missing once a second in one kubectl run, and every few seconds about its pods and events. Leaves
judging to ``readiness.py`` and finding the cause to ``explain.py``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from arcos.apply import live
from arcos.apply.explain import Cause, Surroundings, explain
from arcos.apply.failures import ServerError
from arcos.apply.kubectl import Kubectl
from arcos.apply.manifest import Id, Manifest, identify
from arcos.apply.readiness import State, Verdict, assess
from arcos.errors import ArcosError
from arcos.progress import Step

#: Seconds between two questions about what is missing, and between two looks at its pods and events.
POLL = 1.0
LOOK = 4.0
#: Seconds that a sure cause must last before we give up: a registry may be away for a moment.
GRACE = 20.0
_AROUND = "pods,replicasets,jobs,events"


@dataclass
class _Watch:
    """What is not ready yet, with the verdict on each and since when its cause was a sure one."""

    pending: dict[Id, Manifest] = field(default_factory=dict)
    verdicts: dict[Id, Verdict] = field(default_factory=dict)
    sure: dict[Id, float] = field(default_factory=dict)

    def judge(self, this: Id, one: Manifest, related: Sequence[Manifest]) -> None:
        verdict = assess(one, related)
        self.pending[this], self.verdicts[this] = one, verdict
        if verdict.state is State.READY:
            del self.pending[this], self.verdicts[this]


def wait_ready(kubectl: Kubectl, objects: Collection[Manifest], step: Step, timeout: float) -> None:
    """Wait until every object is ready, for at most ``timeout`` seconds.

    Args:
        kubectl: The cluster, patient enough for a restart of its API server.
        objects: As the server returned them when they were applied; nothing is asked when they are ready already.
        step: Told how many are ready and which are missing.
        timeout: Seconds.

    Raises:
        ArcosError: Something failed for good, or the time is over; says what, why and the next command.
    """
    watch = _Watch()
    related = _storage_classes(kubectl, objects)
    for one in objects:
        watch.judge(identify(one), one, related)
    say = _teller(step, len(objects))
    start = looked = time.monotonic()
    while watch.pending:
        say(watch)
        now = time.monotonic()
        hopeless = [this for this, verdict in watch.verdicts.items() if verdict.state is State.FAILED]
        if hopeless or now - looked >= LOOK:
            looked = now
            hopeless += _look(kubectl, watch, now)
        if hopeless or now - start > timeout:
            raise _not_ready(kubectl, watch, hopeless, now - start)
        time.sleep(POLL)
        _ask_again(kubectl, watch, related)


def _ask_again(kubectl: Kubectl, watch: _Watch, related: Sequence[Manifest]) -> None:
    found = live.of_manifests(kubectl, list(watch.pending.values()))
    for this, last in list(watch.pending.items()):
        if this in found:
            watch.judge(this, found[this], related)
        elif this.kind == "Job" and last["spec"].get("ttlSecondsAfterFinished") is not None:
            del watch.pending[this], watch.verdicts[this]  # done, and tidied away by the cluster
        else:
            watch.verdicts[this] = Verdict(State.FAILED, "somebody deleted it")


def _storage_classes(kubectl: Kubectl, objects: Collection[Manifest]) -> list[Manifest]:
    """They tell whether a claim waits for its first pod by design."""
    waiting = any(one["kind"] == "PersistentVolumeClaim" and assess(one).state is not State.READY for one in objects)
    return kubectl.objects("get", "storageclasses") if waiting else []


def _look(kubectl: Kubectl, watch: _Watch, now: float) -> list[Id]:
    """Which of the missing have had a sure cause for long enough."""
    around = _surroundings(kubectl, watch.pending)
    sure = {this for this, one in watch.pending.items() if explain(one, around).sure}
    watch.sure = {this: watch.sure.get(this, now) for this in sure}
    return [this for this, since in watch.sure.items() if now - since >= GRACE]


def _surroundings(kubectl: Kubectl, pending: Mapping[Id, Manifest]) -> Surroundings:
    around: dict[str, list[Manifest]] = {}
    for namespace in sorted({this.namespace for this in pending if this.namespace}):
        for one in kubectl.objects("get", _AROUND, "-n", namespace):
            around.setdefault(str(one["kind"]), []).append(one)
    owners = around.get("ReplicaSet", []) + around.get("Job", [])
    return Surroundings(around.get("Pod", []), owners, around.get("Event", []))


def _not_ready(kubectl: Kubectl, watch: _Watch, hopeless: Sequence[Id], seconds: float) -> ArcosError:
    around = _surroundings(kubectl, watch.pending)
    causes = {this: explain(one, around) for this, one in watch.pending.items()}
    worst = min(causes, key=lambda this: (this not in hopeless, not causes[this].sure, this))
    cause = _with_logs(kubectl, watch.pending[worst], around, causes[worst])
    others = [f"{this} ({causes[this].sentence})" for this in sorted(causes) if this != worst]
    more = "; ".join(others[:3]) + (f"; and {len(others) - 3} more" if len(others) > 3 else "")
    ending = "" if worst in hopeless else f" after {seconds:.0f} s"
    about = "" if cause.about == worst else f"{cause.about}: "
    return ArcosError(
        f"{worst} is not ready{ending}: {cause.sentence}", where=f"{about}{kubectl.where}",
        why=f"also not ready: {more}" if more else "", fix=kubectl.hint(*cause.command),
    )  # fmt: skip


def _with_logs(kubectl: Kubectl, one: Manifest, around: Surroundings, cause: Cause) -> Cause:
    """The same cause with the crashed container's last lines, where it is one and they can be had."""
    if "logs" not in cause.command:
        return cause
    container = cause.command[cause.command.index("-c") + 1]
    arguments = [part for part in cause.command if part != "--previous"]
    for previous in ("--previous",), ():
        with suppress(ServerError):
            text = replace(kubectl, patience=0.0).run(*arguments, "--tail=5", *previous)
            logs = {(cause.about.namespace, cause.about.name, container): text}
            return explain(one, replace(around, logs=logs))
    return cause


def _teller(step: Step, total: int) -> Callable[[_Watch], None]:
    """Says who is missing when that changes, and not more often than every five seconds."""
    told, last = "", 0.0

    def say(watch: _Watch) -> None:
        nonlocal told, last
        names = [f"{this.kind} {this.place} ({watch.verdicts[this].reason})" for this in sorted(watch.pending)]
        text = f"{total - len(names)} of {total} ready, waiting for {names[0]}"
        text += f" and {len(names) - 1} more" if len(names) > 1 else ""
        if text != told and time.monotonic() - last > 5:
            told, last = text, time.monotonic()
            step.note(text)

    return say
