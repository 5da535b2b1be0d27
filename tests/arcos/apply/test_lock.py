"""The lock of a site in its cluster: who is believed, when it is lost, and when it is not."""

from __future__ import annotations

import datetime
import json
import time
from dataclasses import replace

import pytest

from arcos.apply import lock
from arcos.apply.kubectl import find
from arcos.errors import ArcosError
from tests.arcos.apply.test_faults import Check, states

pytestmark = pytest.mark.api

LOSER = """#!/bin/sh
# kubectl whose first `replace` is carried out, and {said} is the answer.
{kubectl} "$@" >{answer}; code=$?
case " $* " in
*" replace "*) mkdir {lost} 2>/dev/null && echo "{said}" >&2 && exit 1 ;;
esac
cat {answer}; exit $code
"""


def put_lease(cluster, age):
    """A lease held by a process on another machine that renewed it so many seconds ago."""
    renewed = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=age)
    holder = {"id": "x", "user": "ann", "host": "laptop", "pid": 7, "command": "arcosctl up", "since": "noon",
              "boot": "another", "space": "another", "start": "1"}  # fmt: skip
    metadata = {"name": f"arcos-up-{cluster.site}", "namespace": "kube-system",
                "annotations": {"arcos.dev/holder": json.dumps(holder)}}  # fmt: skip
    time_ = renewed.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    spec = {"holderIdentity": "ann", "leaseDurationSeconds": 60, "renewTime": time_, "acquireTime": time_}
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}
    cluster.kubectl.run("create", "-f", "-", stdin=json.dumps(lease))


def test_a_holder_on_another_machine_is_believed_until_its_lease_runs_out(cluster):
    wanted = states(cluster)[0]
    put_lease(cluster, age=30)
    with pytest.raises(ArcosError, match="being changed by someone else") as caught:
        cluster.apply(wanted)
    assert "ann@laptop" in caught.value.why
    cluster.kubectl.run("delete", "lease", f"arcos-up-{cluster.site}", "-n", "kube-system")
    put_lease(cluster, age=61)
    cluster.apply(wanted)
    Check(cluster).converged(wanted, "after the lease ran out")


def test_a_run_that_could_not_give_its_lease_back_does_not_stand_in_the_way_of_the_next(cluster):
    """As when the API server is away in that moment; the process that ran it goes on living."""
    with lock.locked(cluster.site, cluster.kubectl, print) as held:
        with pytest.raises(ArcosError, match="being changed by someone else"):
            cluster.apply(states(cluster)[0])
        held._release = lambda: None
    assert cluster.get("lease", f"arcos-up-{cluster.site}", "kube-system"), "it is still there"
    cluster.apply(states(cluster)[0])


def test_a_lock_lost_in_the_middle_stops_the_work_before_it_changes_more(cluster, monkeypatch):
    monkeypatch.setattr(lock, "RENEW", 0.2)
    with lock.locked(cluster.site, cluster.kubectl, print) as held:
        held.check()
        cluster.kubectl.run("delete", "lease", f"arcos-up-{cluster.site}", "-n", "kube-system")
        for _ in range(200):
            if held._lost:
                break
            time.sleep(0.1)
        put_lease(cluster, age=0)  # refused if our renewal had made the lease again
        with pytest.raises(ArcosError, match="lost the lock"):
            held.check()
    assert cluster.get("lease", f"arcos-up-{cluster.site}", "kube-system"), "another's lock is not given back by us"
    cluster.kubectl.run("delete", "lease", f"arcos-up-{cluster.site}", "-n", "kube-system")


@pytest.mark.parametrize(
    "said",
    ["Unable to connect to the server: EOF", "Error from server (Forbidden): not while it starts"],
    ids=["lost", "refused"],
)
def test_a_renewal_without_a_good_answer_does_not_lose_the_lock(cluster, tmp_path, monkeypatch, said):
    monkeypatch.setattr(lock, "RENEW", 0.2)
    shim, lost = tmp_path / "kubectl", tmp_path / "lost"
    shim.write_text(LOSER.format(kubectl=find(), answer=tmp_path / "answer", lost=lost, said=said))
    shim.chmod(0o755)
    with lock.locked(cluster.site, replace(cluster.kubectl, program=shim), print) as held:
        first = held.lease["metadata"]["resourceVersion"]
        for _ in range(200):
            if held._lost or (lost.exists() and held.lease["metadata"]["resourceVersion"] != first):
                break
            time.sleep(0.1)
        held.check()
        assert lost.exists(), "an answer was lost"
        assert held.lease["metadata"]["resourceVersion"] != first, "it was renewed after that"
