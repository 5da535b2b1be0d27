"""Bringing a cluster to what the rendered manifests say, and taking it all away again.

The order makes every interruption harmless: lock; record old and new; apply namespaces and definitions, then the rest;
prune; record what is there; wait. A run that dies anywhere is mended by the next one. Leaves what is rendered to
``arcos.render`` and starting a local cluster to ``arcos.local``.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from arcos.apply import live
from arcos.apply.inventory import Inventory
from arcos.apply.kubectl import Kubectl
from arcos.apply.lock import Lock, locked
from arcos.apply.manifest import Id, Manifest, identify, is_ours, ordered
from arcos.apply.needed import require
from arcos.apply.prune import Plan, foreign_in, look, prune
from arcos.apply.readiness import State, assess
from arcos.apply.serverside import Applied, apply_objects
from arcos.apply.wait import wait_ready
from arcos.errors import ArcosError
from arcos.progress import Progress

#: Seconds to bear with an API server that stops answering in the middle of the work: time for a restart.
PATIENCE = 90.0
#: Seconds until a new custom resource definition must be served.
_ESTABLISHED = 60.0


@dataclass
class Outcome:
    """What a run did. ``kept`` and ``left_alone`` say why an object that is no longer wanted is still there."""

    applied: int = 0
    deleted: tuple[Id, ...] = ()
    kept: dict[Id, str] = field(default_factory=dict)
    left_alone: dict[Id, str] = field(default_factory=dict)


def apply(
    site_name: str,
    manifests: Sequence[Manifest],
    kubectl: Kubectl,
    progress: Progress,
    delete_data: bool = False,
    wait: bool = True,
    timeout: float = 300.0,
    take_over: bool = False,
) -> Outcome:
    """Make the cluster hold exactly ``manifests`` of what this site applies.

    Args:
        site_name: Whose lock and record are used.
        manifests: Every object of the site, each with its name and namespace.
        kubectl: The cluster.
        progress: Told about each step.
        delete_data: Whether pruning may delete volume claims and what holds them.
        wait: Whether to wait until everything is ready.
        timeout: Seconds to wait.
        take_over: Take objects and fields that somebody else made or manages.

    Raises:
        ArcosError: See ``why`` and ``fix``; running it again is always safe.
    """
    wanted = ordered(manifests)
    kubectl = replace(kubectl, site=site_name)
    require(site_name, wanted, kubectl)
    with locked(site_name, kubectl, progress.say) as lock:
        steady = kubectl.patient(PATIENCE, progress.say)
        inventory = Inventory.read(site_name, steady)
        ids = frozenset(identify(manifest) for manifest in wanted)
        inventory.claim(ids)
        with progress.step(f"apply {len(wanted)} objects"):
            if not take_over:
                _refuse_foreign(steady, [one for one in wanted if identify(one) not in inventory.ids])
            lock.check()
            inventory.write(inventory.ids | ids)
            applied = _apply(steady, wanted, take_over=take_over)
        for notice in applied.notices:
            progress.say(f"  !! {notice}")
        decided = _prune(steady, lock, inventory, ids, progress, delete_data=delete_data)
        if wait:
            with progress.step("wait until everything is ready") as step:
                wait_ready(steady, applied.objects, step, timeout)
    return Outcome(len(wanted), tuple(decided.delete), decided.kept, decided.forgotten)


def remove(site_name: str, kubectl: Kubectl, progress: Progress, delete_data: bool = False) -> Outcome:
    """Take everything away that the site applied; data stays unless ``delete_data``.

    Raises:
        ArcosError: See ``why`` and ``fix``; running it again is always safe.
    """
    kubectl = replace(kubectl, site=site_name)
    with locked(site_name, kubectl, progress.say) as lock:
        steady = kubectl.patient(PATIENCE, progress.say)
        inventory = Inventory.read(site_name, steady)
        decided = _prune(steady, lock, inventory, frozenset(), progress, delete_data=delete_data)
        if not decided.kept:
            inventory.delete()
    return Outcome(0, tuple(decided.delete), decided.kept, decided.forgotten)


def _apply(kubectl: Kubectl, wanted: Sequence[Manifest], *, take_over: bool) -> Applied:
    """Everything in one run; in two when there are definitions, as kubectl looks their kinds up beforehand."""
    split = next((i for i, one in enumerate(wanted) if one["kind"] not in ("Namespace", _DEFINITION)), len(wanted))
    if not any(one["kind"] == _DEFINITION for one in wanted):
        split = 0

    def replaceable(this: Id) -> bool:
        if (this.group, this.kind) != ("batch", "Job"):
            return False
        kubectl.run("delete", this.type, this.name, "-n", this.namespace, "--ignore-not-found", timeout=120.0)
        return True

    first = apply_objects(kubectl, wanted[:split], take_over=take_over)
    _wait_established(kubectl, [one for one in first.objects if one["kind"] == _DEFINITION])
    rest = apply_objects(kubectl, wanted[split:], take_over=take_over, replace=replaceable)
    return Applied(first.objects + rest.objects, first.notices + rest.notices)


_DEFINITION = "CustomResourceDefinition"


def _wait_established(kubectl: Kubectl, definitions: list[Manifest]) -> None:
    end = time.monotonic() + _ESTABLISHED
    while waiting := [one for one in definitions if assess(one).state is not State.READY]:
        verdict = assess(waiting[0])
        if verdict.state is State.FAILED or time.monotonic() > end:
            raise ArcosError(
                f"{identify(waiting[0])} is not served", where=kubectl.where, why=verdict.reason,
                fix=kubectl.hint("describe", "crd", waiting[0]["metadata"]["name"]),
            )  # fmt: skip
        time.sleep(0.3)
        definitions = list(live.of_manifests(kubectl, waiting).values())


def _refuse_foreign(kubectl: Kubectl, new: Sequence[Manifest]) -> None:
    """Objects that are not in our record must not exist already, unless they carry our mark.

    A namespace may have been made ahead, for a secret that somebody had to put there; but not one in use by others.
    """
    found = live.of_manifests(kubectl, new) if new else {}
    for this, one in found.items():
        if is_ours(one):
            continue
        if this.kind != "Namespace" or this.group:
            why = "ARCOS did not make it, so it may be in use by somebody else"
        elif theirs := foreign_in(kubectl, this.name):
            why = f"it holds {theirs}, which ARCOS did not make"
        else:
            continue
        raise ArcosError(
            f"{this} exists already", where=kubectl.where, why=why,
            fix="delete it, or run it again with --take-over to make it ours",
        )  # fmt: skip


def _prune(
    kubectl: Kubectl, lock: Lock, inventory: Inventory, ids: frozenset[Id], progress: Progress, *, delete_data: bool
) -> Plan:
    obsolete = inventory.ids - ids
    if not obsolete:
        return Plan()
    with progress.step(f"prune {len(obsolete)} objects"):
        decided = look(kubectl, obsolete, delete_data=delete_data)
        lock.check()
        prune(kubectl, decided)
        inventory.write(ids | decided.kept.keys())
    for this, reason in decided.kept.items():
        progress.say(f"  !! kept {this}: {reason}")
    for this, reason in decided.forgotten.items():
        progress.say(f"  !! left {this} alone: {reason}")
    return decided
