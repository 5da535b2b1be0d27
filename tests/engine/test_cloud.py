"""The fake cloud under the real engine: what a site's cloud half may rely on, with plain resources only."""

from __future__ import annotations

import json
import time

import pytest

from tests.engine.cloud.steering import Order
from tests.engine.cloud.values import is_unknown
from tests.engine.trial import Trial

pytestmark = pytest.mark.engine


@pytest.mark.parametrize("name", ["openstack", "aws"])
def test_preview_is_what_up_does_and_a_second_up_does_nothing(name: str, request: pytest.FixtureRequest) -> None:
    trial: Trial = request.getfixturevalue(name)
    planned = trial.made_by_plan()
    assert not trial.account.resources(), "a preview must make nothing"

    trial.up()

    assert sorted(one.type for one in trial.account.resources()) == planned, "up must make what preview said"
    assert "unchanged" in trial.project.pulumi("preview", "--expect-no-changes"), "the same program is an empty plan"


def test_what_only_the_cloud_can_say_is_unknown_in_a_preview(openstack: Trial) -> None:
    subnet = next(step for step in openstack.plan() if step["newState"]["type"].endswith(":Subnet"))

    network = subnet["newState"]["inputs"]["networkId"]
    assert not openstack.cloud.left(), "nothing is there yet"
    assert is_unknown(network), f"a preview must not invent an id: {network}"


def test_a_kubeconfig_is_secret_in_the_state(openstack: Trial) -> None:
    openstack.up()

    state = json.loads(openstack.project.pulumi("stack", "export"))["deployment"]["resources"]
    cluster = next(one for one in state if one["type"].endswith("cluster:Cluster"))
    assert "ciphertext" in cluster["outputs"]["kubeconfig"], "it must be encrypted, as the real provider has it"


def test_what_cannot_change_in_place_is_replaced_and_what_can_is_not(aws: Trial) -> None:
    aws.up()
    aws.set(version="1.34", instance="m7i.xlarge")

    ops = {step["urn"].rpartition("::")[2]: step["op"] for step in aws.plan()}
    assert ops == {"cluster": "update", "template": "update", "pool": "update"}, "all of it changes in place"

    aws.set(cidr="10.9.0.0/16")
    replaced = {step["urn"].rpartition("::")[2] for step in aws.plan() if "replace" in step["op"]}
    assert {"vpc", "subnet-a", "subnet-b", "nat"} <= replaced, "a network's range cannot change in place"


def test_a_lost_reply_about_a_unique_name_stops_the_next_up_until_it_is_taken_in(openstack: Trial) -> None:
    openstack.cloud.steering.give(Order("lost", on="create", type="*:Keypair"))
    openstack.up(ok=False)
    openstack.cloud.steering.give()

    assert "Key pair 'trial' already exists" in openstack.up(ok=False)

    openstack.mend()
    openstack.up()
    assert len(openstack.account.of_type(":Keypair")) == 1


def test_of_two_runs_at_once_one_is_refused(openstack: Trial) -> None:
    openstack.cloud.steering.give(Order("slow", on="create", type="*:Keypair", seconds=8))
    first = openstack.project.start(*openstack.project.command("up", "--yes", "--skip-preview"))
    deadline = time.monotonic() + 60
    while not list((openstack.project.folder.parent / "state").rglob("locks/**/*.json")):
        assert time.monotonic() < deadline, "the first run never took the lock"
        time.sleep(0.2)

    refused = openstack.up(ok=False)

    output, _ = first.communicate(timeout=120)
    assert first.returncode == 0, f"the first run must go on:\n{output}"
    assert "locked" in refused, "the second must say why"
    assert len(openstack.account.of_type(":Keypair")) == 1
