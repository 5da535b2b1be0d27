"""What a machine does in its cluster, for a simulated one: it comes up as a node, each time with another boot id.

Its node stays when it goes, and looks ready for a while, as a real one does.
https://kubernetes.io/docs/reference/node/node-status/
"""

from __future__ import annotations

import http.client
import shlex
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from arcos.apply.kubectl import Kubectl
from tests.engine.cloud.account import Account
from tests.engine.cloud.controllers import Cluster

#: Seconds between two looks.
_PAUSE = 0.3
#: Every node of a machine has it.
MACHINE = {"arcos.dev/machine": "true"}


@contextmanager
def nodes(account: Account, cluster: Cluster) -> Iterator[set[str]]:
    """Nodes for the account's machines, for as long as the block lasts. Gives the names of those that never come up."""
    done, broken = threading.Event(), set[str]()

    def work() -> None:
        while not done.wait(_PAUSE):
            for one in account.of_type(":Instance"):
                try:
                    if (name := str(one.properties["name"])) not in broken:
                        _start(cluster, name, one.id)
                except (OSError, http.client.HTTPException):
                    continue  # the server is busy or on its way down

    hands = threading.Thread(target=work, name="machines")
    hands.start()
    try:
        yield broken
    finally:
        done.set()
        hands.join()


def _start(cluster: Cluster, name: str, boot: str) -> None:
    path = f"/api/v1/nodes/{name}"
    found = cluster.ask("GET", path)
    if not found:
        labels = MACHINE | {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}
        cluster.ask("POST", "/api/v1/nodes", {"kind": "Node", "metadata": {"name": name, "labels": labels}})
    elif (info := found["status"].get("nodeInfo", {})).get("osImage") and info["bootID"] != boot:
        cluster.ask("PATCH", f"{path}/status", {"status": {"nodeInfo": {"bootID": boot}}})


def kubectl(file: Path, kubeconfig: Path, account: Account) -> None:
    """A kubectl that goes to the simulated cluster whatever kubeconfig it is given.

    What it does to nodes stands among the account's calls, once it has succeeded.
    """
    real = shlex.join(Kubectl(kubeconfig).command())
    calls = shlex.quote(str(account.calls))
    file.parent.mkdir()
    file.write_text(
        f'#!/bin/sh\nshift\n{real} "$@" || exit\n'
        f'case $2 in drain|uncordon) printf \'{{"on": "%s", "name": "%s"}}\\n\' "$2" "$3" >>{calls} ;; esac\n',
        encoding="utf-8",
    )
    file.chmod(0o755)
