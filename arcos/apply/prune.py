"""Removing what a site no longer has, and nothing else.

Only objects in the site's record that still carry our mark are deleted, in the reverse of the order they were applied
in: custom resources before the programs that look after them, namespaces and definitions last. Data stays unless
asked for: volume claims and volumes, namespaces that hold a claim, definitions that still have resources. So does a
namespace in which somebody else runs something. :func:`plan` decides and is pure; :func:`prune` does it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from arcos.apply import live
from arcos.apply.failures import Reason, ServerError
from arcos.apply.kubectl import Kubectl
from arcos.apply.manifest import Id, Manifest, as_list, identify, is_ours
from arcos.errors import ArcosError

#: Seconds that one group of objects may take to disappear.
_DELETE_TIMEOUT = 180.0
_KEPT = "--delete-data deletes it"
_CLAIM = "PersistentVolumeClaim"
_OWN_ROOTS = "deployments,statefulsets,daemonsets,cronjobs,persistentvolumeclaims"
_ORDER = ("custom", "built-in", "last")


@dataclass
class Plan:
    """What pruning is to do. ``kept`` stays in the record, ``forgotten`` leaves it without being touched."""

    delete: list[Id] = field(default_factory=list)
    kept: dict[Id, str] = field(default_factory=dict)
    forgotten: dict[Id, str] = field(default_factory=dict)


def plan(
    found: Mapping[Id, Manifest],
    inside: Mapping[str, Sequence[Manifest]],
    in_use: Collection[Id],
    *,
    delete_data: bool,
) -> Plan:
    """Decide about each object that is in the record but no longer wanted.

    Args:
        found: Those that exist, with managed fields.
        inside: For each namespace among them, the claims and long-lived workloads in it.
        in_use: Definitions among them that still have custom resources, other than those being pruned.
        delete_data: Whether data may go.
    """
    result = Plan()
    for this, one in found.items():
        if not is_ours(one):
            result.forgotten[this] = "somebody else made it since"
        elif not delete_data and (reason := _data(this, inside, in_use)):
            result.kept[this] = reason
        elif this.kind == "Namespace" and (theirs := _foreign(inside.get(this.name, ()), found)):
            result.kept[this] = f"it holds {theirs}, which ARCOS did not make"
        else:
            result.delete.append(this)
    result.delete.sort(key=_rank)
    return result


def _data(this: Id, inside: Mapping[str, Sequence[Manifest]], in_use: Collection[Id]) -> str:
    if this.kind in (_CLAIM, "PersistentVolume") and not this.group:
        return f"it holds data; {_KEPT}"
    if this.kind == "Namespace":
        claims = (one["metadata"]["name"] for one in inside.get(this.name, ()) if one["kind"] == _CLAIM)
        first = next(claims, "")
        return f"it holds the volume claim {first}; {_KEPT}" if first else ""
    return f"there are still resources of this kind; {_KEPT}" if this in in_use else ""


def _foreign(content: Sequence[Manifest], pruned: Collection[Id]) -> str:
    for one in content:
        made_by_another = not one["metadata"].get("ownerReferences") and not is_ours(one)
        if one["kind"] != _CLAIM and made_by_another and identify(one) not in pruned:
            return str(identify(one))
    return ""


def foreign_in(kubectl: Kubectl, namespace: str) -> str:
    """A long-lived workload in a namespace that somebody else made, "" when there is none.

    Raises:
        ServerError: The cluster refuses or does not answer.
    """
    return _foreign(_content(kubectl, namespace), ())


def _rank(this: Id) -> tuple[int, int, Id]:
    """Admission webhooks go first, as they would refuse what follows once their program is gone; then workloads."""
    groups = ("admissionregistration.k8s.io", "apps", "batch")
    return (_ORDER.index(_wave(this)), groups.index(this.group) if this.group in groups else len(groups), this)


def _wave(this: Id) -> str:
    if this.built_in and this.kind in ("Namespace", "CustomResourceDefinition"):
        return "last"
    return "built-in" if this.built_in else "custom"


def look(kubectl: Kubectl, obsolete: Collection[Id], *, delete_data: bool) -> Plan:
    """Ask the cluster about objects that are no longer wanted and decide; changes nothing.

    Raises:
        ServerError: The cluster refuses or does not answer.
    """
    if not obsolete:
        return Plan()
    found = live.of_ids(kubectl, obsolete)
    spaces = [this.name for this in found if this.kind == "Namespace"]
    inside = {name: _content(kubectl, name) for name in spaces}
    in_use = {this for this, one in found.items() if _is_definition(this) and _used(kubectl, one, obsolete)}
    return plan(found, inside, in_use, delete_data=delete_data)


def prune(kubectl: Kubectl, decided: Plan, timeout: float = _DELETE_TIMEOUT) -> None:
    """Delete what the plan says, wave by wave, and wait until it is gone.

    Raises:
        ArcosError: Something does not go away in time; everything else of its wave is gone.
        ServerError: The cluster refuses.
    """
    for wave in _ORDER:
        chosen = [this for this in decided.delete if _wave(this) == wave]
        if chosen:
            _delete(kubectl, chosen, timeout)


def _delete(kubectl: Kubectl, ids: Sequence[Id], timeout: float) -> None:
    still = live.of_ids(kubectl, ids)
    ours = [{"apiVersion": one["apiVersion"], "kind": one["kind"], "metadata": _name_only(one["metadata"])}
            for this in ids if (one := still.get(this)) and is_ours(one)]  # fmt: skip
    if not ours:
        return
    source = json.dumps(as_list(ours))
    kubectl.run("delete", "-f", "-", "--ignore-not-found", "--wait=false", stdin=source, timeout=60.0 + len(ours))
    # kubectl's own waiting asks five times a second for one object after the other.
    end, pause = time.monotonic() + timeout, 0.1
    while left := _left(live.of_manifests(kubectl, ours), still):
        if time.monotonic() > end:
            raise _stuck(kubectl, left, timeout)
        ours = [one for one in ours if identify(one) in left]
        time.sleep(pause)
        pause = min(pause * 2, 2.0)


def _left(there: Mapping[Id, Manifest], before: Mapping[Id, Manifest]) -> dict[Id, Manifest]:
    """What was not deleted yet; an object that somebody made anew is not it."""
    return {this: one for this, one in there.items() if one["metadata"]["uid"] == before[this]["metadata"]["uid"]}


def _name_only(metadata: Manifest) -> Manifest:
    return {key: metadata[key] for key in ("name", "namespace") if key in metadata}


def _stuck(kubectl: Kubectl, left: Mapping[Id, Manifest], timeout: float) -> ArcosError:
    this = next(iter(left))
    waits_for = ", ".join(left[this]["metadata"].get("finalizers") or []) or "its content"
    return ArcosError(
        f"{this} is still being deleted after {timeout:.0f} s", where=kubectl.where,
        why=f"waits for {waits_for}; {len(left) - 1} more are left" if len(left) > 1 else f"waits for {waits_for}",
        fix=kubectl.hint("describe", this.type, this.name, namespace=this.namespace),
    )  # fmt: skip


def _content(kubectl: Kubectl, namespace: str) -> list[Manifest]:
    return kubectl.objects("get", _OWN_ROOTS, "-n", namespace, "--show-managed-fields")


def _is_definition(this: Id) -> bool:
    return this.kind == "CustomResourceDefinition" and this.group == "apiextensions.k8s.io"


def _used(kubectl: Kubectl, definition: Manifest, pruned: Collection[Id]) -> bool:
    spec = definition["spec"]
    version = next((one["name"] for one in spec["versions"] if one.get("served")), None)
    if version is None:
        return False
    try:
        listed = kubectl.request("get", f"/apis/{spec['group']}/{version}/{spec['names']['plural']}?limit=500")
    except ServerError as error:
        if error.reason in (Reason.NOT_FOUND, Reason.UNKNOWN_KIND):
            return False
        raise
    kind = str(spec["names"]["kind"])
    left = (one["metadata"] for one in listed.get("items") or [])
    return any(Id(spec["group"], kind, one.get("namespace", ""), one["name"]) not in pruned for one in left)
