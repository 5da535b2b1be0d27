"""A change of a running cluster that is killed, or loses a reply, at any step: one command, and a retry completes it.

The same for making one is in `test_crashes.py`, and `ARCOS_CRASH` means the same.
"""

from __future__ import annotations

import itertools
import json
import signal
from pathlib import Path
from typing import Any, Literal

import pytest

from tests.engine.cloud.steering import Fault, Order
from tests.engine.conftest import ENGINE, need
from tests.engine.half import KINDS, Half, make_half
from tests.engine.test_crashes import EVERY

pytestmark = pytest.mark.engine

_GPU = {"name": "gpu", "min": 1, "max": 2, "gpu": "nvidia", "taints": ["gpu"]}
#: What becomes of each kind's cluster: things made, changed in place, made anew, and taken away.
CHANGES: dict[str, dict[str, Any]] = {
    "aws-eks": {
        "apiRanges": ["203.0.113.0/24"],
        "autoscaling": True,
        "budget": None,
        "network": {"range": "10.64.0.0/16", "nat": "each-zone"},
        "sharedFileSystem": None,
        "nodePools": [
            {"name": "core", "instanceType": "m7i.xlarge", "min": 1, "max": 3},
            {"name": "user", "instanceType": "m7i.large", "min": 0, "max": 3},
        ],
    },
    "openstack-magnum": {
        "image": "ubuntu-kube-v1.37.3",
        "nodePools": [
            {"name": "core", "flavor": "m3.small", "min": 1, "max": 6},
            {"name": "big", "flavor": "m3.large", "min": 1, "max": 10},
            {**_GPU, "flavor": "g1.xlarge", "max": 6},
        ],
    },
    "openstack-vm": {
        "apiRanges": ["192.0.2.0/25", "198.51.100.0/24"],
        "nodePools": [
            {"name": "core", "flavor": "m3.medium", "min": 3, "max": 3},
            {**_GPU, "flavor": "g1.xlarge", "max": 1},
            {"name": "user", "flavor": "m3.large", "min": 1, "max": 1},
        ],
    },
}
#: What cuts runs of these short, each once, in the order in which a run comes to them.
SOME: dict[str, list[Order]] = {
    "aws-eks": [
        Order("kill-after", on="create", type="*:PodIdentityAssociation"),
        Order("kill-before", on="update", type="*:NodeGroup"),
        Order("lost", on="create", type="*:NodeGroup"),
        Order("kill-after", on="delete", type="*:MountTarget"),
    ],
    "openstack-magnum": [
        Order("kill-after", on="create", type="*:ClusterTemplate"),
        Order("kill-before", on="update", type="*:Cluster"),
        Order("kill-after", on="delete", type="*:NodeGroup"),
        Order("lost", on="create", type="*:NodeGroup"),
    ],
    "openstack-vm": [
        Order("lost", on="create", type="*:Volume"),
        Order("kill-after", on="delete", type="*:Instance", name="*-core-1"),
        # Its old one went in the same run.
        Order("kill-after", on="create", type="*:Instance", name="*-core-2"),
        Order("kill-before", on="create", type="*:Instance", name="*-user-1"),
    ],
}
#: With `ARCOS_CRASH`, by how many calls each run gets further.
STEPS: dict[Fault, int] = {"kill-after": EVERY, "lost": EVERY, "kill-before": 1 + EVERY}
CASES = [(kind, fault) for kind in KINDS for fault in (STEPS if EVERY else ("some",))]


@pytest.fixture
def half(request: pytest.FixtureRequest, tmp_path: Path, schemas: Path) -> Half:
    need(*ENGINE)
    made = make_half(tmp_path, request.param, schemas)
    made.project.pulumi("up", "--yes", "--skip-preview")
    return made


@pytest.mark.parametrize(("half", "fault"), CASES, indirect=["half"])
def test_a_change_that_is_cut_short_again_and_again_is_completed_with_nothing_twice(
    half: Half, fault: Fault | Literal["some"]
) -> None:
    half.change(lambda config: changed(config["arcos:site"]["cluster"], CHANGES[half.kind]))

    if fault == "some":
        left = SOME[half.kind]
        while left:
            met = cut_short(half, *left)
            assert met, f"no run did any of these: {left}"
            left = [one for one in left if one not in met]
        half.up()
    else:
        at_every_step(half, fault)

    assert half.unchanged()
    state = json.loads(half.project.pulumi("stack", "export"))["deployment"]["resources"]
    known = {one["id"] for one in state if one.get("custom")}
    assert {one.id for one in half.ours} <= known, "nothing that the state does not know"
    assert not [one for one in state if one.get("delete")], "nothing waits to be deleted"


def at_every_step(half: Half, fault: Fault) -> None:
    """Until a run ends by itself."""
    further = STEPS[fault]
    for cut in itertools.count():
        before = half.account.file.read_text(encoding="utf-8")
        if not cut_short(half, Order(fault, on="[cud]*", first=further)):
            break
        # What may be made again is made again.
        further = STEPS[fault] + (before == half.account.file.read_text(encoding="utf-8"))
        assert cut < 200, "it gets no further"


def changed(cluster: dict[str, Any], wanted: dict[str, Any]) -> None:
    """None takes a field away."""
    cluster |= {key: value for key, value in wanted.items() if value is not None}
    for key in [key for key, value in wanted.items() if value is None]:
        cluster.pop(key)


def cut_short(half: Half, *orders: Order) -> list[Order]:
    """The orders at which a run ended, if it did; what an operator does then is done."""
    half.cloud.steering.give(*orders)
    running = half.project.start(*half.project.command("up", "--yes", "--skip-preview", "--parallel=1"))
    output, _ = running.communicate(timeout=300)
    seen = [one["seen"] for one in half.cloud.steering.data()["orders"]]
    half.cloud.steering.give()
    met = [one for one, times in zip(orders, seen, strict=True) if times >= one.first]
    if running.returncode == 0:
        return []
    if not any(one.fault == "lost" for one in met):
        assert running.returncode == -signal.SIGKILL, f"the engine should have been killed:\n{output}"
    if all(one.fault == "kill-before" for one in met):
        half.project.pulumi("cancel", "--yes")
    else:
        half.mend()
    return met
