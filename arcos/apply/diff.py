"""What ``up`` would change on the live cluster, without changing it.

The server itself computes the outcome (a dry run of the same server-side apply), so defaults and what others manage
make no noise. Objects that do not exist yet are shown as the manifest has them. Secret data is never shown, only
that it differs. Leaves the exit code to the command line.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from arcos.apply import live
from arcos.apply.inventory import Inventory
from arcos.apply.kubectl import Kubectl
from arcos.apply.manifest import Id, Manifest, identify, ordered
from arcos.apply.prune import look
from arcos.apply.serverside import apply_objects

Action = Literal["create", "change", "delete", "keep", "unchanged"]
_NOISE = ("managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "selfLink")
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_HIDDEN = "(not shown)"
_MARKS: dict[Action, tuple[str, str]] = {
    "create": ("+", "32"), "change": ("~", "33"), "delete": ("-", "31"), "keep": ("!", "35"), "unchanged": ("=", "2"),
}  # fmt: skip


@dataclass(frozen=True)
class FieldChange:
    """One field that differs; ``None`` is "not there"."""

    path: str
    before: object
    after: object


@dataclass(frozen=True)
class Change:
    """What would happen to one object. ``reason`` says why it is kept or left alone."""

    id: Id
    action: Action
    fields: tuple[FieldChange, ...] = ()
    reason: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For JSON output."""
        names = {"group": self.id.group, "kind": self.id.kind, "namespace": self.id.namespace, "name": self.id.name}
        fields = [{"path": one.path, "before": one.before, "after": one.after} for one in self.fields]
        return {**names, "action": self.action, "fields": fields, "reason": self.reason}


def compare(
    site_name: str, manifests: Sequence[Manifest], kubectl: Kubectl, *, delete_data: bool = False
) -> list[Change]:
    """Every object of the site and what ``up`` would do to it, deletions last.

    Raises:
        ArcosError: An object is not whole, or the cluster refuses or does not answer.
    """
    wanted = ordered(manifests)
    kubectl = replace(kubectl, site=site_name)
    there = live.of_manifests(kubectl, wanted) if wanted else {}
    existing = [one for one in wanted if identify(one) in there]
    after = {identify(one): one for one in apply_objects(kubectl, existing, dry_run=True).objects}
    changes = []
    for one in wanted:
        this = identify(one)
        if this in there:
            fields = tuple(differences(this, there[this], after.get(this, there[this])))
            changes.append(Change(this, "change" if fields else "unchanged", fields))
        else:
            changes.append(Change(this, "create", tuple(differences(this, {}, one))))
    obsolete = Inventory.read(site_name, kubectl).ids - {change.id for change in changes}
    decided = look(kubectl, obsolete, delete_data=delete_data)
    changes += [Change(this, "delete") for this in decided.delete]
    changes += [Change(this, "keep", reason=reason) for this, reason in {**decided.kept, **decided.forgotten}.items()]
    return changes


def differences(this: Id, before: Manifest, after: Manifest) -> Iterator[FieldChange]:
    """The fields that differ, without what the server keeps for itself and without secret data."""
    secret = this.kind == "Secret" and not this.group
    for one in _walk("", _quiet(before), _quiet(after)):
        hide = secret and not one.path.startswith(("metadata.labels", "type", "kind", "apiVersion", "metadata.name"))
        yield FieldChange(one.path, one.before and _HIDDEN, one.after and _HIDDEN) if hide else one


def _quiet(one: Manifest) -> Manifest:
    kept = {key: value for key, value in one.items() if key != "status"}
    if metadata := kept.get("metadata"):
        metadata = {key: value for key, value in metadata.items() if key not in _NOISE}
        annotations = {k: v for k, v in (metadata.pop("annotations", None) or {}).items() if k != _LAST_APPLIED}
        kept["metadata"] = {**metadata, "annotations": annotations} if annotations else metadata
    return kept


def _walk(path: str, before: object, after: object) -> Iterator[FieldChange]:
    if before == after:
        return
    left, right = _members(before), _members(after)
    # A field that comes or goes whole is shown whole, but for the object itself.
    if left is None or right is None or type(left) is not type(right):
        if path or (left is None and right is None):
            yield FieldChange(path, before, after)
        return
    for key in dict.fromkeys([*left, *right]):
        yield from _walk(f"{path}{_step(key, path, before)}", left.get(key), right.get(key))


def _step(key: str, path: str, container: object) -> str:
    if isinstance(container, list):
        return f"[{key}]"
    quoted = f'["{key}"]' if "." in key or "/" in key else key
    return quoted if quoted.startswith("[") or not path else f".{quoted}"


def _members(value: object) -> dict[str, Any] | None:
    """A mapping's members; a list's by name where every item has one (containers, ports, volumes)."""
    if isinstance(value, dict):
        return value
    if isinstance(value, list):
        names = [item.get("name") if isinstance(item, dict) else None for item in value]
        if value and all(names) and len(set(names)) == len(names):
            return {str(name): item for name, item in zip(names, value, strict=True)}
    return None


def format_text(changes: Sequence[Change], *, colour: bool = False) -> str:
    """For people: one line for each object that differs, its fields below, and a count at the end."""
    lines = []
    for change in changes:
        if change.action != "unchanged":
            mark, code = _MARKS[change.action]
            head = f"{mark} {change.action} {change.id}" + (f": {change.reason}" if change.reason else "")
            lines.append(_paint(head, code, colour))
            if change.action == "change":
                lines += [_paint(line, code, colour) for one in change.fields for line, code in _field_lines(one)]
    counts = {action: sum(change.action == action for change in changes) for action in _MARKS}
    lines.append(", ".join(f"{count} to {action}" if action != "unchanged" else f"{count} {action}"
                           for action, count in counts.items() if count or action == "unchanged"))  # fmt: skip
    return "\n".join(lines)


def _field_lines(one: FieldChange) -> list[tuple[str, str]]:
    """The lines of one field and their colours; a text of many lines as a unified diff."""
    if isinstance(one.before, str) and isinstance(one.after, str) and "\n" in one.before + one.after:
        delta = difflib.unified_diff(one.before.splitlines(), one.after.splitlines(), n=1, lineterm="")
        body = [line for line in delta if not line.startswith(("---", "+++"))]
        colours = {"+": "32", "-": "31", "@": "36"}
        return [(f"    {one.path}:", ""), *((f"      {line}", colours.get(line[:1], "")) for line in body)]
    if one.before is None:
        return [(f"    {one.path}: + {_short(one.after)}", "32")]
    if one.after is None:
        return [(f"    {one.path}: - {_short(one.before)}", "31")]
    return [(f"    {one.path}: {_short(one.before)} -> {_short(one.after)}", "")]


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= 160 else text[:157] + "..."


def _paint(text: str, code: str, colour: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if colour and code else text
