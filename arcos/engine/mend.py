"""Going on after a run that was cut short: what the cloud has made, and the state does not know, is taken in.

A plain retry makes the rest. Without this it would be refused where a name is taken, and make a second one where not.
Nothing is made or deleted here, but for what only a refusal can name. See docs/adr/0031-after-a-crash.md.
"""

from __future__ import annotations

import json
import os
import re
import socket
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from arcos.engine import pulumi
from arcos.engine.ask import Answer, ask, claim
from arcos.engine.lookup import AFTERLIFE, REFUSED, after, deleted, ids, questions
from arcos.engine.unheard import Wanted, chosen, held_ids, replaced, would_make
from arcos.errors import ArcosError

_CREATED_BY = re.compile(r"created by \S+@(?P<host>\S+) \(pid (?P<pid>\d+)\)")


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
        # What waits for something that is not there cannot be there either.
        if some := [one for one in wanted if one.type in REFUSED and one.ready]:
            found |= claim(site, some)
        if new := {one.urn: found[one.urn] for one in wanted if one.instead and one.urn in found}:
            _replace(site, new, Path(folder) / "state.json")
        if found.keys() - new:
            file.write_text(json.dumps(chosen(json.loads(file.read_text("utf-8")), found)), encoding="utf-8")
            pulumi.run(
                site, "import", f"--file={file}", "--yes", "--skip-preview", "--protect=false", "--generate-code=false"
            )
    return found


def _replace(site: str, new: Mapping[str, str], file: Path) -> None:
    """`pulumi import` takes in nothing under a name that the state has; what it is now is read from the cloud."""
    state = json.loads(pulumi.run(site, "stack", "export"))
    file.write_text(json.dumps(replaced(state, new)), encoding="utf-8")
    pulumi.run(site, "stack", "import", f"--file={file}")
    pulumi.run(site, "refresh", "--yes", "--skip-preview", *(f"--target={urn}" for urn in new))


def _look(site: str, wanted: Sequence[Wanted]) -> dict[str, str]:
    """What is there of what is wanted."""
    state = json.loads(pulumi.run(site, "stack", "export"))["deployment"].get("resources") or []
    held = held_ids(state)
    asked = [(one, some) for one in wanted if (some := _questions(one))]
    answers: Iterator[Answer] = iter(ask(site, [question for _, some in asked for question in some]))
    told = [(one, [next(answers) for _ in some]) for one, some in asked]
    gone = _gone(site, told, held)
    found: dict[str, str] = {}
    for one, answer in told:
        same = held.setdefault(one.type, set())
        there = ids(one.type, one.asked, answer, same | gone)
        if len(there) > 1:
            raise _several(one, there)
        if there:
            found[one.urn] = there[0]
            # No other of its type is this one too.
            same.add(there[0].rpartition("/")[2])
    return found


def _gone(site: str, told: Sequence[tuple[Wanted, Sequence[Answer]]], held: Mapping[str, Collection[str]]) -> set[str]:
    """The ids among the answers that are deleted, though the cloud lists them still."""
    suspects = [
        (one.type, id_)
        for one, answers in told
        if one.type in AFTERLIFE
        for id_ in ids(one.type, one.asked, answers, held.get(one.type, ()))
    ]
    answers = ask(site, [after(*suspect) for suspect in suspects])
    return {id_ for (type_, id_), answer in zip(suspects, answers, strict=True) if deleted(type_, answer)}


def _questions(one: Wanted) -> list[Any]:
    """None where a part of the question is not known: then what it stands in is not there either, nor is it."""
    try:
        return list(questions(one.type, one.asked))
    except (KeyError, IndexError):
        return []


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


def _several(one: Wanted, there: Sequence[str]) -> ArcosError:
    return ArcosError(
        f"the cloud has {len(there)} of {one.name}",
        where=one.urn,
        why=f"{', '.join(there)}: runs that were cut short have each made one",
        fix="delete all but one of them there (they are empty), then ./arcosctl mend again",
    )
