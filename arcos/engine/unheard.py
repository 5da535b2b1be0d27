"""What a plan would make that the cloud may have already, and what becomes of the state where it has. Pure.

Reads what `pulumi preview --json` and `pulumi stack export` print. Asking and changing is done in `ask.py`, `mend.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from arcos.engine.lookup import AGAIN, REFUSED
from arcos.engine.plan import UNKNOWN

#: What the engine writes where a value is not shown.
_UNSEEN = "[secret]"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Something that the next run would make, with the inputs that are known already.

    `instead`: of one that is there. `ready`: all that it waits for is there, so that nothing of it is unknown.
    """

    urn: str
    type: str
    asked: Mapping[str, Any]
    instead: bool = False
    ready: bool = True

    @property
    def name(self) -> str:
        """The resource's own name."""
        return self.urn.rpartition("::")[2]


def would_make(preview: Mapping[str, Any]) -> list[Wanted]:
    """What a plan would make in a cloud and what is known of it."""
    missing = {step["urn"] for step in preview.get("steps", ()) if step["op"] == "create"}
    return [
        Wanted(
            urn=step["urn"],
            type=state["type"],
            asked=known(inputs := state.get("inputs") or {}),
            instead=step["op"] == "replace",
            ready=missing.isdisjoint(state.get("dependencies") or ()) and not _hidden(inputs),
        )
        for step in preview.get("steps", ())
        if step["op"] in ("create", "replace")
        and (state := step["newState"]).get("custom")
        and not state["type"].startswith(("pulumi:", "kubernetes:"))
        and state["type"] not in AGAIN
    ]


def known(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs without those in which something is unknown or hidden."""
    return {key: value for key, value in inputs.items() if not key.startswith("__") and not _hidden(value)}


def chosen(file: dict[str, Any], found: Mapping[str, str]) -> dict[str, Any]:
    """An import file of what was found only, with the components that it stands in and are not there yet."""
    by_name = {(urn.split("::")[2].rpartition("$")[2], urn.rpartition("::")[2]): id_ for urn, id_ in found.items()}
    components = {one["name"]: one for one in file["resources"] if one.get("component")}
    # Where several have one name, the file gives them others.
    kept = [
        one | {"id": id_}
        for one in file["resources"]
        if (id_ := by_name.get((one["type"], one.get("logicalName") or one["name"])))
    ]
    needed, above = set[str](), {str(one.get("parent")) for one in kept}
    while above := (above & components.keys()) - needed:
        needed |= above
        above = {str(components[name].get("parent")) for name in above}
    return file | {"resources": [one for name, one in components.items() if name in needed] + kept}


def held_ids(state: Sequence[Mapping[str, Any]]) -> dict[str, set[str]]:
    """The last part of each id in the state, by type: a cluster and an alias may well be called the same."""
    held: dict[str, set[str]] = {}
    for one in state:
        if id_ := str(one.get("id") or ""):
            held.setdefault(one["type"], set()).add(id_.rpartition("/")[2])
    return held


def replaced(state: dict[str, Any], new: Mapping[str, str]) -> dict[str, Any]:
    """The state as after a replacement whose end nobody heard of: the new one's id, and the old one to be deleted."""
    resources = state["deployment"]["resources"]
    for one in [*resources]:
        id_ = new.get(one["urn"], one.get("id"))
        if not one.get("delete") and id_ != one.get("id"):
            # Where the old one goes first, it has.
            if not one.pop("pendingReplacement", False):
                resources.append(one | {"delete": True})
            one["id"] = id_
    return state


def claimed(one: Wanted, name: str, ids: Mapping[str, str], told: Iterable[tuple[str, str]]) -> str:
    """What import calls one that was made under `name`, by the `ids` of what was made, or that was refused.

    `told` is what the cloud said, with the URNs of what it spoke of.

    Raises:
        LookupError: Neither.
    """
    refusal = REFUSED[one.type]
    made = [id_ for urn, id_ in ids.items() if urn.endswith(f"::{one.type}::{name}")]
    said = [match[1] for urn, message in told if urn.endswith(f"::{name}") for match in refusal.says.finditer(message)]
    if not made and not said:
        raise LookupError(one.urn)
    return refusal.id.format_map({**one.asked, "found": (made + said)[0]})


def _hidden(value: object) -> bool:
    if isinstance(value, dict):
        return any(_hidden(one) for one in value.values())
    if isinstance(value, list):
        return any(_hidden(one) for one in value)
    return value in (UNKNOWN, _UNSEEN)
