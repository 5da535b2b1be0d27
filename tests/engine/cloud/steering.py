"""How a test makes the cloud slow, refuse, lose a reply or kill the engine: orders in a file that the plugins read.

Owns the file and the counting of which call an order is for; what is done then stands in `provider.py`.
"""

from __future__ import annotations

import fnmatch
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from tests.engine.cloud.account import locked, write

#: `fail`: refused, nothing is done. `slow`: takes `seconds`, or until the orders are withdrawn.
#: `lost`: done, and the plugin dies before it says so.
#: `kill-before`, `kill-after`: the engine is killed, and the plugin with it, just before or just after it is done.
#: `broken`: done, but what was made does not work, as a cluster in CREATE_FAILED.
Fault = Literal["fail", "slow", "lost", "kill-before", "kill-after", "broken"]


@dataclass
class Order:
    """A fault for some calls: those of kinds `on` (a pattern), for types and names that match, from the `first` one on.

    `times` calls get it, 0 means all. `seen` is counted by the plugins.
    """

    fault: Fault
    on: str = "*"
    type: str = "*"
    name: str = "*"
    first: int = 1
    times: int = 1
    seconds: float = 0
    message: str = "InternalError: the service is unavailable"
    seen: int = 0

    def hits(self) -> bool:
        """Whether the call just counted gets the fault."""
        return self.seen >= self.first and (not self.times or self.seen < self.first + self.times)


class Steering:
    """The orders in `file`; beside them the quotas, and the kubeconfig that every cluster of this cloud gives out."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def give(self, *orders: Order) -> None:
        """Replace all orders, with nothing counted yet."""
        self._set(orders=[asdict(one) for one in orders])

    def limit(self, **quotas: int) -> None:
        """How many of a type, named by its last word as in `Vpc`, the account may have."""
        self._set(quotas=quotas)

    def reach(self, kubeconfig: Path) -> None:
        """The cluster that stands behind every cluster of this cloud."""
        self._set(kubeconfig=str(kubeconfig))

    def take(self, on: str, type_: str, name: str) -> list[Order]:
        """Count a call, and give back the orders it gets."""
        with locked(self.file):
            orders = [Order(**one) for one in self.data().get("orders", [])]
            matching = [one for one in orders if _matches(one, on, type_, name)]
            for one in matching:
                one.seen += 1
            if matching:
                self._write(self.data() | {"orders": [asdict(one) for one in orders]})
        return [one for one in matching if one.hits()]

    def data(self) -> dict[str, Any]:
        """Everything in the file."""
        found: dict[str, Any] = json.loads(self.file.read_text(encoding="utf-8")) if self.file.exists() else {}
        return found

    def _set(self, **values: Any) -> None:
        with locked(self.file):
            self._write(self.data() | values)

    def _write(self, data: dict[str, Any]) -> None:
        write(self.file, json.dumps(data, indent=1))


def _matches(order: Order, on: str, type_: str, name: str) -> bool:
    wanted = ((on, order.on), (type_, order.type), (name, order.name))
    return all(fnmatch.fnmatchcase(value, pattern) for value, pattern in wanted)
