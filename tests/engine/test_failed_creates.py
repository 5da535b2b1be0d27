"""A cloud that refuses each type of resource once, or makes it so that it does not work: plain retries are enough.

By the kinds' own programs. That each type is refused once takes minutes, for they stand in a chain: with `ARCOS_CRASH`;
without it, each type's own resource in `test_lives.py` is.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.engine.cloud.steering import Order
from tests.engine.conftest import ENGINE, need
from tests.engine.half import KINDS, Half, make_half

pytestmark = pytest.mark.engine

#: What clouds make for minutes, and give up on: it is there, and in an error state.
SLOW = ("*:Cluster", "*:NodeGroup", "*:LoadBalancer", "*:Instance")


@pytest.fixture
def half(request: pytest.FixtureRequest, tmp_path: Path, schemas: Path) -> Half:
    need(*ENGINE)
    return make_half(tmp_path, request.param, schemas)


def types(half: Half) -> list[str]:
    """What the kind makes in its cloud."""
    steps = [one["newState"] for one in half.project.json("preview")["steps"] if one["op"] == "create"]
    return sorted({one["type"] for one in steps if one.get("custom") and not one["type"].startswith("pulumi:")})


def retried(half: Half, limit: int) -> None:
    """`pulumi up` until it is through, never with something in the cloud that the state does not know."""
    for _ in range(limit):
        command = half.project.command("up", "--yes", "--skip-preview", "--continue-on-error")
        running = half.project.start(*command)
        output, _ = running.communicate(timeout=300)
        state = json.loads(half.project.pulumi("stack", "export"))["deployment"].get("resources", [])
        unknown = {(one.type, one.id) for one in half.ours} - {(one["type"], one.get("id", "")) for one in state}
        assert not unknown, f"nobody would ever delete these:\n{output}"
        if running.returncode == 0:
            return
    raise AssertionError(f"still refused:\n{output}")


@pytest.mark.skipif(not os.environ.get("ARCOS_CRASH"), reason="takes minutes: needs ARCOS_CRASH=all")
@pytest.mark.parametrize("half", KINDS, indirect=True)
def test_what_was_refused_once_is_there_after_plain_retries(half: Half) -> None:
    wanted = types(half)
    assert len(wanted) >= 3
    half.cloud.steering.give(*(Order("fail", on="create", type=one) for one in wanted))

    # What needs something else is tried once that is there: no more runs than types, and one.
    retried(half, len(wanted) + 1)

    assert all(one["seen"] for one in half.cloud.steering.data()["orders"]), "each type was refused once"
    assert half.unchanged()


@pytest.mark.parametrize("half", KINDS, indirect=True)
def test_what_was_made_and_does_not_work_is_gone_on_with(half: Half) -> None:
    half.cloud.steering.give(
        *(Order("broken", on="create", type=one, message="it is in CREATE_FAILED") for one in SLOW)
    )

    retried(half, len(SLOW) + 1)

    assert any(one["seen"] for one in half.cloud.steering.data()["orders"])
    assert len({(one.type, json.dumps(one.inputs(), sort_keys=True)) for one in half.ours}) == len(half.ours)
    assert half.unchanged()
