"""What a change would do, read from `pulumi preview --json`: what is made, changed, replaced, deleted.

Pure: reads no file, runs nothing. Components and providers are left out, for nobody owns or pays for one.
https://www.pulumi.com/docs/iac/cli/commands/pulumi_preview/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Action = Literal["make", "change", "replace", "delete"]
#: What the engine writes where a value is not known before something is made.
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
#: The engine's words for a step, and ours; what is not here changes nothing that anybody has.
_ACTIONS: Mapping[str, Action] = {
    "create": "make",
    "import": "make",
    "update": "change",
    "replace": "replace",
    "create-replacement": "replace",
    "delete-replaced": "replace",
    "import-replacement": "replace",
    "delete": "delete",
}
#: Of several steps for one resource the heaviest counts.
_WEIGHT: Mapping[Action, int] = {"make": 0, "change": 1, "replace": 2, "delete": 3}


@dataclass(frozen=True, kw_only=True)
class Step:
    """What happens to one resource. `before` is what was asked for until now, `after` what is asked for from now on;
    `reasons` are the properties that differ.

    `protected`: the state says so, or the program does. `kept`: Pulumi forgets it and leaves it where it is.
    """

    urn: str
    type: str
    action: Action
    reasons: tuple[str, ...] = ()
    protected: bool = False
    kept: bool = False
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The resource's own name."""
        return self.urn.rpartition("::")[2]

    @property
    def takes_away(self) -> bool:
        """Whether what is there now goes."""
        return self.action in ("replace", "delete") and not self.kept


def read(preview: Mapping[str, Any]) -> list[Step]:
    """The steps of a plan that change something, one a resource, in the plan's order."""
    found: dict[str, Step] = {}
    for one in preview.get("steps", ()):
        step = _step(one)
        if step and (step.urn not in found or _WEIGHT[step.action] > _WEIGHT[found[step.urn].action]):
            found[step.urn] = step
    return list(found.values())


def readable(preview: Mapping[str, Any]) -> bool:
    """Whether it is a plan that can be judged: a step that says nothing of its resource might be any."""
    steps = preview.get("steps")
    return isinstance(steps, list) and all(isinstance(one, dict) and _told(one) for one in steps)


def stack(preview: Mapping[str, Any]) -> str:
    """Whose plan it is, as every URN in it says; "" for an empty one."""
    return next((str(one["urn"]).split("::")[0].rpartition(":")[2] for one in preview["steps"]), "")


def _told(step: Mapping[str, Any]) -> bool:
    known = isinstance(step.get("op"), str) and isinstance(step.get("urn"), str)
    return known and (step["op"] not in _ACTIONS or any(step.get(state) for state in ("oldState", "newState")))


def counted(steps: Iterable[Step]) -> dict[Action, int]:
    """How many of each."""
    counts: dict[Action, int] = dict.fromkeys(_WEIGHT, 0)
    for step in steps:
        counts[step.action] += 1
    return counts


def _step(one: Mapping[str, Any]) -> Step | None:
    old, new = one.get("oldState") or {}, one.get("newState") or {}
    action, state = _ACTIONS.get(one["op"]), old or new
    kind = str(state.get("type", ""))
    if action is None or not state.get("custom") or kind.startswith("pulumi:"):
        return None
    return Step(
        urn=one["urn"],
        type=kind,
        action=action,
        reasons=tuple(one.get("replaceReasons") or one.get("diffReasons") or ()),
        protected=bool(old.get("protect") or new.get("protect")),
        kept=bool(old.get("retainOnDelete")),
        before=old.get("inputs") or {},
        after=new.get("inputs") or {},
    )
