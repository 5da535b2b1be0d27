"""A run that is killed, or loses a reply, at any step of making a cluster: one command, and a retry completes it.

`ARCOS_CRASH=all` goes through every step of every kind, `ARCOS_CRASH=3` through every third; by default a few.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.cloud.steering import Order
from tests.engine.conftest import ENGINE, need
from tests.engine.half import KINDS, Half, make_half

pytestmark = pytest.mark.engine

EVERY = int(os.environ.get("ARCOS_CRASH", "0").replace("all", "1"))
Steps = dict[str, tuple[int, ...]]
#: The steps that are crashed at by default: how many things are there already.
KILLED: Steps = {"aws-eks": (0, 40), "openstack-magnum": (1,), "openstack-vm": (2, 30)}
LOST: Steps = {"aws-eks": (9,), "openstack-magnum": (1,), "openstack-vm": (13,)}
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


def points(half: Half, some: Steps, every: int, size: int) -> Iterator[int]:
    """Of every so many: after how many further calls the run ends."""
    for there in range(0, size, every * EVERY) if EVERY else some[half.kind]:
        # What may be made again was, on the way.
        if (further := there - len(half.ours)) >= 0:
            yield further


@pytest.mark.parametrize("half", KINDS, indirect=True)
def test_killed_just_after_a_call_a_retry_completes_it_with_nothing_twice(half: Half) -> None:
    size = whole(half)
    for further in points(half, KILLED, 1, size):
        before = len(half.ours)
        half.crash(Order("kill-after", on="create", first=further + 1))
        assert len(half.ours) > before, "made, and nobody heard of it"
        half.mend()

    half.up()

    completed(half, size)


@pytest.mark.parametrize("half", KINDS, indirect=True)
def test_a_lost_reply_is_no_second_thing_and_no_refusal(half: Half) -> None:
    size = whole(half)
    for further in points(half, LOST, 4, size):
        half.cloud.steering.give(Order("lost", on="create", first=further + 1))
        half.up(ok=False)
        half.cloud.steering.give()
        half.mend()

    half.up()

    completed(half, size)


@pytest.mark.parametrize("half", ["aws-eks"], indirect=True)
def test_killed_just_before_a_call_a_plain_retry_is_enough(half: Half) -> None:
    size = whole(half)
    for further in points(half, LOST, 8, size):
        half.crash(Order("kill-before", on="create", first=further + 1))
        half.project.pulumi("cancel", "--yes")

    half.up()

    completed(half, size)


@pytest.mark.parametrize("half", KINDS, indirect=True)
def test_killed_while_it_is_taken_down_a_retry_takes_down_the_rest(half: Half) -> None:
    half.up()
    half.cloud.steering.give(Order("kill-after", on="delete", first=2))
    half.project.pulumi(*DESTROY, ok=False)
    half.cloud.steering.give()

    half.project.pulumi("cancel", "--yes")
    half.project.pulumi(*DESTROY)

    assert not half.ours


def test_a_run_that_is_alive_is_never_taken_for_a_dead_one(tmp_path: Path, schemas: Path) -> None:
    need(*ENGINE)
    half = make_half(tmp_path, "openstack-magnum", schemas)
    half.cloud.steering.give(Order("slow", on="create", type="*:ClusterTemplate", seconds=20))
    running = half.project.start(*half.project.command("up", "--yes", "--skip-preview"))
    while not list((tmp_path / "state").rglob("locks/**/*.json")):
        assert running.poll() is None

    refused = half.project.arcosctl("mend", half.kind, ok=False)

    assert "is being changed by another run" in refused
    output, _ = running.communicate(timeout=120)
    assert running.returncode == 0, f"it must go on:\n{output}"
    assert half.unchanged()


def completed(half: Half, size: int) -> None:
    """All is there once, and the state knows all of it."""
    assert half.unchanged()
    assert len(half.ours) == size, "nothing twice"
    half.project.pulumi(*DESTROY)
    assert not half.ours, "nothing that the state does not know"
