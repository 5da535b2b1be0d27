"""How a resource type is made of calls to AWS's API: the words in which `calls.py` and `bucket_calls.py` say it.

The inputs of a resource are the parameters of its creating calls, spelled as that service does: a call takes the inputs
that it names, the first one all that are left. So a property that AWS does not know becomes a
parameter that it does not know.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.components.clusters.aws_eks.shapes import Params

Mapper = Callable[[dict[str, Any]], Params]


@dataclass(frozen=True, kw_only=True)
class Call:
    """One creating call. `takes` are the inputs that it alone is given; () is all that no other call takes."""

    operation: str
    params: Mapper
    takes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A resource type. Operations without a service are the kind's own."""

    service: str
    create: tuple[Call, ...]
    read: tuple[str, ...]
    update: tuple[str, ...] = ()
    delete: tuple[str, ...] = ()

    def operations(self) -> set[tuple[str, str]]:
        """Every (service, operation)."""
        named = (*(call.operation for call in self.create), *self.read, *self.update, *self.delete)
        return {tuple(name.split(":")) if ":" in name else (self.service, name) for name in named}  # type: ignore[misc]


def one(operation: str, params: Mapper) -> tuple[Call, ...]:
    """A single creating call, which takes everything."""
    return (Call(operation=operation, params=params),)
