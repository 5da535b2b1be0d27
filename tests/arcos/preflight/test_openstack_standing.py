"""How a cluster of Magnum's stands: one that never ends says why, and what to do next."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from arcos.checks import Check, Level
from arcos.preflight import openstack_magnum
from tests.arcos.preflight.test_openstack_magnum import NOW, making


def standing(
    servers: list[dict[str, Any]] | None = None, groups: list[dict[str, Any]] | None = None, **changes: Any
) -> Check:
    cluster = making(**changes)["/v1/clusters/arcos-nectar-qld"] | {"groups": groups or []}
    return openstack_magnum.standing(cluster, servers or [], NOW)


def test_a_cluster_that_is_being_made_is_waited_for() -> None:
    found = standing()
    assert found.level is Level.WARN
    assert "CREATE_IN_PROGRESS for 20 minutes" in found.detail


STUCK: dict[str, tuple[dict[str, Any], str]] = {
    "a machine without a host": (
        {
            "servers": [
                {
                    "name": "arcos-nectar-qld-abc-core-1",
                    "status": "ERROR",
                    "fault": {"message": "No valid host was found."},
                }
            ]
        },
        "machine arcos-nectar-qld-abc-core-1: No valid host was found.",
    ),
    "a group that failed": (
        {"groups": [{"name": "gpu", "status": "CREATE_FAILED", "status_reason": "Quota exceeded for cores"}]},
        "node group gpu: Quota exceeded for cores",
    ),
    "faults that Magnum names": (
        {"faults": {"default-master": "Load balancer is in ERROR"}},
        "Load balancer is in ERROR",
    ),
    "a driver that does nothing": (
        {"created_at": (NOW - timedelta(hours=3)).isoformat()},
        "180 minutes, longer than Magnum allows",
    ),
    "a failure with its reason": (
        {"status": "CREATE_FAILED", "status_reason": "Image not found"},
        "CREATE_FAILED: Image not found",
    ),
    "a failed upgrade": ({"status": "UPDATE_FAILED", "status_reason": "timed out"}, "UPDATE_FAILED: timed out"),
}


@pytest.mark.parametrize("case", STUCK)
def test_a_cluster_that_never_ends_says_why_and_what_to_do(case: str) -> None:
    changes, said = STUCK[case]
    found = standing(**changes)
    assert found.level is Level.FAIL
    assert said in found.detail
    assert found.fix


def test_an_upgrade_machine_by_machine_may_take_a_day() -> None:
    long = (NOW - timedelta(hours=20)).isoformat()
    assert standing(status="UPDATE_IN_PROGRESS", updated_at=long).level is Level.WARN
    assert standing(status="UPDATE_IN_PROGRESS", updated_at=(NOW - timedelta(hours=25)).isoformat()).level is Level.FAIL


def test_how_long_a_cluster_is_being_made_is_told_from_its_beginning() -> None:
    """Magnum writes down every change of it, so the last one was always a moment ago."""
    found = standing(created_at=(NOW - timedelta(hours=3)).isoformat(), updated_at=NOW.isoformat())
    assert "CREATE_IN_PROGRESS for 180 minutes" in found.detail


def test_a_cluster_that_could_not_be_deleted_is_not_made_again() -> None:
    assert "pulumi destroy" in standing(status="DELETE_FAILED", status_reason="a port is in use").fix


def test_words_of_a_cluster_under_way_are_no_failure() -> None:
    assert standing(status_reason="Stack CREATE started").level is Level.WARN
    assert (
        standing(groups=[{"name": "core", "status": "CREATE_IN_PROGRESS", "status_reason": "started"}]).level
        is Level.WARN
    )


def test_a_cluster_that_stands_is_ok_and_an_unhealthy_one_a_warning() -> None:
    assert standing(status="CREATE_COMPLETE").level is Level.OK
    found = standing(
        status="UPDATE_COMPLETE", health_status="UNHEALTHY", health_status_reason={"n1.Ready": "False", "api": "ok"}
    )
    assert found.level is Level.WARN
    assert "n1.Ready: False" in found.detail
    assert "api" not in found.detail
