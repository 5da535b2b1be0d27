"""Going on after a run that was cut short: what the cloud has made, and the state does not know, is taken in.

A plain retry makes the rest. Without this it would be refused where a name is taken, and make a second one where not.
Nothing is made or deleted here, but for rules that only a refusal can name. See docs/adr/0031-after-a-crash.md.
"""

from __future__ import annotations

import json
import os
import re
import socket
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arcos.engine import pulumi
from arcos.engine.ask import Answer, ask
from arcos.engine.lookup import AGAIN, REFUSED, ids, questions
from arcos.errors import ArcosError

_CREATED_BY = re.compile(r"created by \S+@(?P<host>\S+) \(pid (?P<pid>\d+)\)")
#: What the engine writes where a value is not known before something is made, and where one is not shown.
_UNKNOWN, _SECRET = "04da6b54-80e4-46f7-96ec-b56ff0331ba9", "[secret]"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Something that the next run would make, with the inputs that are known already."""

    urn: str
    type: str
    asked: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The resource's own name."""
        return self.urn.rpartition("::")[2]


def mend(site: str) -> dict[str, str]:
    """Take in what is there; ids by URN.

    Raises:
        ArcosError: Another run is at work, the cloud cannot be asked, or it has several of something.
    """
    _refresh(site)
    with tempfile.TemporaryDirectory(prefix="arcos-mend-") as folder:
        file = Path(folder) / "import.json"
        wanted = would_make(pulumi.preview(site, "--ignore-protect", f"--import-file={file}"))
        found = _look(site, wanted)
        # A rule whose group is not there cannot be there either.
        if rules := [one for one in wanted if one.type in REFUSED and "securityGroupId" in one.asked]:
            found |= _refused(site, rules)
        if found:
            file.write_text(json.dumps(chosen(json.loads(file.read_text("utf-8")), found)), encoding="utf-8")
            pulumi.run(
                site, "import", f"--file={file}", "--yes", "--skip-preview", "--protect=false", "--generate-code=false"
            )
    return found


def would_make(preview: Mapping[str, Any]) -> list[Wanted]:
    """What a plan would make in a cloud and what is known of it."""
    return [
        Wanted(urn=step["urn"], type=state["type"], asked=known(state.get("inputs") or {}))
        for step in preview.get("steps", ())
        if step["op"] == "create"
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


def _look(site: str, wanted: Sequence[Wanted]) -> dict[str, str]:
    """What is there of what is wanted."""
    state = json.loads(pulumi.run(site, "stack", "export"))["deployment"].get("resources") or []
    held = held_ids(state)
    asked = [(one, some) for one in wanted if (some := _questions(one))]
    answers: Iterator[Answer] = iter(ask(site, [question for _, some in asked for question in some]))
    found: dict[str, str] = {}
    for one, some in asked:
        same = held.setdefault(one.type, set())
        there = ids(one.type, one.asked, [next(answers) for _ in some], same)
        if len(there) > 1:
            raise _several(one, there)
        if there:
            found[one.urn] = there[0]
            # No other of its type is this one too.
            same.add(there[0].rpartition("/")[2])
    return found


def _questions(one: Wanted) -> list[Any]:
    """None where a part of the question is not known: then what it stands in is not there either, nor is it."""
    try:
        return list(questions(one.type, one.asked))
    except (KeyError, IndexError):
        return []


def _refused(site: str, rules: Sequence[Wanted]) -> dict[str, str]:
    """Make these; one that is there already is named by the refusal."""
    targets = [f"--target={one.urn}" for one in rules]
    done = pulumi.attempt(site, "up", "--yes", "--skip-preview", "--continue-on-error", "--json", *targets)
    return named(rules, done.stdout)


def named(rules: Sequence[Wanted], output: str) -> dict[str, str]:
    """The ids in the refusals of a run, by URN."""
    by_urn = {one.urn: re.compile(REFUSED[one.type]) for one in rules}
    found: dict[str, str] = {}
    for line in output.splitlines():
        said = (pulumi.decoded(line) or {}).get("diagnosticEvent") or {}
        if (pattern := by_urn.get(said.get("urn", ""))) and (match := pattern.search(said.get("message", ""))):
            found[said["urn"]] = match[1]
    return found


def _refresh(site: str) -> None:
    """Read anew what is there, and forget what was about to be made. The lock of a run that died here is opened."""
    arguments = ("refresh", "--yes", "--skip-preview", "--clear-pending-creates")
    done = pulumi.attempt(site, *arguments)
    said = done.stdout + done.stderr
    if holders := [(one["host"], int(one["pid"])) for one in _CREATED_BY.finditer(said)]:
        if any(host != socket.gethostname() or _alive(pid) for host, pid in holders):
            raise pulumi.locked(site, said)
        pulumi.run(site, "cancel", "--yes")
        pulumi.run(site, *arguments)
    elif done.returncode:
        raise pulumi.failed(site, arguments, done.stderr.strip() or done.stdout.strip())


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _hidden(value: object) -> bool:
    if isinstance(value, dict):
        return any(_hidden(one) for one in value.values())
    if isinstance(value, list):
        return any(_hidden(one) for one in value)
    return value in (_UNKNOWN, _SECRET)


def _several(one: Wanted, there: Sequence[str]) -> ArcosError:
    return ArcosError(
        f"the cloud has {len(there)} of {one.name}",
        where=one.urn,
        why=f"{', '.join(there)}: runs that were cut short have each made one",
        fix="delete all but one of them there (they are empty), then ./arcosctl mend again",
    )
