"""A run that is killed, or loses a reply, at any step of making a cluster: one command, and a retry completes it.

`ARCOS_CRASH=all` goes through every step of every kind, `ARCOS_CRASH=3` through every third; by default a few in one
life of each. So does a run that takes a cluster down.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Literal

import pytest

from tests.engine.cloud.account import Resource
from tests.engine.cloud.steering import Fault, Order
from tests.engine.conftest import ENGINE, need
from tests.engine.half import KINDS, Half, make_half

pytestmark = pytest.mark.engine

EVERY = int(os.environ.get("ARCOS_CRASH", "0").replace("all", "1"))
#: By default, in one cluster's life: how many things are there already, and what happens to the run then.
SOME: dict[str, dict[int, Fault]] = {
    # The fourth is a bucket, the sixth a policy; the 45th is the cluster, which is called as an alias before it.
    "aws-eks": {
        0: "kill-after", 3: "kill-after", 5: "kill-after", 9: "kill-before", 13: "lost", 44: "kill-after",
        52: "kill-after",
    },
    "openstack-magnum": {0: "lost", 1: "kill-after"},
    "openstack-vm": {2: "kill-after", 9: "kill-before", 13: "lost", 30: "kill-after"},
}  # fmt: skip
#: With `ARCOS_CRASH`: each of these alone, after every so many things.
STRIDES: dict[Fault, int] = {"kill-after": 1, "lost": 4, "kill-before": 8}
CASES = [(kind, fault) for kind in KINDS for fault in (STRIDES if EVERY else ("all",))]
#: Machines' hooks are the program's, which protects everything again that `pulumi state unprotect` had let go.
DESTROY = ("destroy", "--yes", "--skip-preview", "--run-program", "--ignore-protect")


@pytest.fixture
def half(request: pytest.FixtureRequest, tmp_path: Path, schemas: Path) -> Half:
    need(*ENGINE)
    return make_half(tmp_path, request.param, schemas)


def whole(half: Half) -> int:
    """How many things a cluster is."""
    steps = [one["newState"] for one in half.project.json("preview")["steps"] if one["op"] == "create"]
    return sum(one.get("custom", False) and not one["type"].startswith("pulumi:") for one in steps)


def points(kind: str, fault: Fault | Literal["all"], size: int) -> list[tuple[int, Fault]]:
    """How many things are there, and what happens then."""
    if fault == "all":
        return list(SOME[kind].items())
    return [(there, fault) for there in range(0, size, STRIDES[fault] * EVERY)]


@pytest.mark.parametrize(("half", "fault"), CASES, indirect=["half"])
def test_whatever_cuts_a_run_short_a_retry_completes_it_with_nothing_twice(half: Half, fault: Fault) -> None:
    size = whole(half)
    for there, what in points(half.kind, fault, size):
        # What may be made again was, on the way.
        if (further := there - len(half.ours)) >= 0:
            cut_short(half, what, further)

    half.up()

    assert half.unchanged()
    assert len(half.ours) == size, "nothing twice"
    taken_down(half)
    assert not half.ours, "nothing that the state does not know"


def cut_short(half: Half, fault: Fault, further: int) -> None:
    """`up` that ends after so many calls, and what an operator does then."""
    before, order = half.calls, Order(fault, on="create", first=further + 1)
    if fault == "lost":
        half.cloud.steering.give(order)
        half.up(ok=False)
        half.cloud.steering.give()
    else:
        half.crash(order)
    if fault == "kill-before":
        # A plain retry is enough.
        half.project.pulumi("cancel", "--yes")
    else:
        assert half.calls > before, "made, and nobody heard of it"
        half.mend()


def taken_down(half: Half) -> None:
    """By a run that is killed on its way, and a plain retry."""
    half.cloud.steering.give(Order("kill-after", on="delete", first=2))
    half.project.pulumi(*DESTROY, ok=False)
    half.cloud.steering.give()
    half.project.pulumi("cancel", "--yes")
    half.project.pulumi(*DESTROY)


def test_a_key_of_a_site_that_was_taken_down_is_not_taken_for_a_new_ones(tmp_path: Path, schemas: Path) -> None:
    """KMS keeps it for a month, and AWS lists it by its tags as long."""
    need(*ENGINE)
    half = make_half(tmp_path, "aws-eks", schemas)
    tags = {"arcos.dev/site": "aws-eks", "arcos.dev/managed-by": "pulumi"}
    old = {"arn": "arn:aws:kms:ap-southeast-2:123456789012:key/old", "keyId": "old", "keyState": "PendingDeletion"}
    with half.account.change() as held:
        held.append(Resource("old", "aws:kms/key:Key", {"tags": tags, **old}))

    half.crash(Order("kill-after", on="create", first=1))

    assert "(old)" not in half.mend()


def test_of_two_runs_at_once_one_is_refused_and_the_other_never_taken_for_dead(tmp_path: Path, schemas: Path) -> None:
    need(*ENGINE)
    half = make_half(tmp_path, "openstack-magnum", schemas)
    half.cloud.steering.give(Order("slow", on="create", type="*:ClusterTemplate", seconds=600))
    running = half.project.start(*half.project.command("up", "--yes", "--skip-preview"))
    while not list((tmp_path / "state").rglob("locks/**/*.json")):
        assert running.poll() is None
        time.sleep(0.1)

    assert "locked" in half.up(ok=False), "the engine's own word, with who holds it"
    assert "is being changed by another run" in half.project.arcosctl("mend", half.kind, ok=False)

    half.cloud.steering.give()
    output, _ = running.communicate(timeout=120)
    assert running.returncode == 0, f"it must go on:\n{output}"
    assert half.unchanged()
