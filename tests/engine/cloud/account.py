"""One account of a cloud: everything it has, in one JSON file that any number of plugins share.

A change is made under a lock and moved into place whole; a plugin killed at any moment leaves the file as it was or as
it becomes. Knows nothing of resource types.
"""

from __future__ import annotations

import copy
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Resource:
    """Something in the account. `chosen`: the paths of those `properties` that the cloud set, not its owner."""

    id: str
    type: str
    properties: dict[str, Any]
    chosen: list[str] = field(default_factory=list)

    def inputs(self) -> dict[str, Any]:
        """What was asked for, with the values it has now."""
        asked = copy.deepcopy(self.properties)
        for path in self.chosen:
            head, _, rest = path.partition(".")
            if not rest:
                asked.pop(head, None)
            elif isinstance(asked.get(head), dict):
                asked[head].pop(rest, None)
        return asked


class Account:
    """The account kept in `file`."""

    def __init__(self, file: Path) -> None:
        self.file = file

    @property
    def calls(self) -> Path:
        """Where each change that succeeded is noted, a line of JSON each."""
        return self.file.with_suffix(".calls.jsonl")

    @contextmanager
    def change(self) -> Iterator[list[Resource]]:
        """Everything there is, alone; what is changed in the list is kept unless an exception leaves the block."""
        with locked(self.file):
            held = self.resources()
            yield held
            write(self.file, json.dumps([asdict(one) for one in held], indent=1, sort_keys=True))

    def others(self) -> list[Resource]:
        """Everything that the cloud's other accounts have."""
        cloud = self.file.stem.partition("-")[0]
        files = [file for file in sorted(self.file.parent.glob(f"{cloud}-*.json")) if file != self.file]
        return [one for file in files for one in Account(file).resources()]

    def resources(self) -> list[Resource]:
        """Everything there is."""
        if not self.file.exists():
            return []
        return [Resource(**one) for one in json.loads(self.file.read_text(encoding="utf-8"))]

    def of_type(self, suffix: str) -> list[Resource]:
        """What there is of a type, named by the end of its token, as in `:Vpc`."""
        return [one for one in self.resources() if one.type.endswith(suffix)]


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Alone with a file. The lock is a file beside it and goes with the process that holds it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write(file: Path, text: str) -> None:
    """Write a file whole or not at all."""
    beside = file.with_suffix(f".{os.getpid()}.new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(file)
