"""Dangerous plans of clusters that run: the engine refuses each, and `./arcosctl plan` says why and how it is allowed.

The rule alone, with what is dangerous inside of a cluster, has its own table in `tests/arcos/engine`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.engine.half import Half

pytestmark = pytest.mark.engine

Edit = Callable[[dict[str, Any]], object]


def cluster(**settings: Any) -> Edit:
    return lambda config: config["arcos:site"]["cluster"].update(settings)


def elsewhere(config: dict[str, Any]) -> None:
    # Apps want of the other cluster what nobody has told of it.
    config["arcos:site"] |= {"cluster": {"kind": "existing", "context": "another"}, "apps": {}}


def pools(*wanted: dict[str, Any]) -> Edit:
    return cluster(nodePools=list(wanted))


def lab(**settings: Any) -> Edit:
    """People's bucket."""
    return lambda config: config["arcos:site"]["apps"]["objectstore"]["buckets"][0].update(settings)


def no_buckets(config: dict[str, Any]) -> None:
    config["arcos:site"]["apps"]["objectstore"]["buckets"] = []


_CORE = {"name": "core", "flavor": "m3.large", "min": 2, "max": 2}
_GPU = {"name": "gpu", "flavor": "g1.xlarge", "min": 1, "max": 1, "gpu": "nvidia", "taints": ["gpu"]}

#: By kind and what is done: the edit, and the type of what would go.
DANGEROUS: dict[tuple[str, str], tuple[Edit, str]] = {
    ("aws-eks", "another range of addresses"): (cluster(network={"range": "10.99.0.0/16"}), ":Vpc"),
    ("aws-eks", "another range of services"): (
        cluster(network={"range": "10.64.0.0/16", "serviceRange": "10.101.0.0/16"}), ":Cluster"),
    ("aws-eks", "another region"): (lambda config: config.update({"aws:region": "ap-southeast-4"}), ":Key"),
    ("aws-eks", "a cluster of somebody else's"): (elsewhere, ":Cluster"),
    ("aws-eks", "a bucket of another name"): (lab(name="laboratory"), ":Bucket"),
    ("aws-eks", "a bucket whose versions end"): (lab(versioned=False), ":BucketVersioning"),
    ("aws-eks", "a bucket less"): (no_buckets, ":Bucket"),
    ("openstack-magnum", "another flavor"): (cluster(controlPlaneFlavor="m3.large"), ":Cluster"),
    ("openstack-magnum", "a smaller control plane"): (cluster(controlPlaneNodes=1), ":Cluster"),
    ("openstack-magnum", "a key pair"): (cluster(keyPair="ops"), ":Cluster"),
    ("openstack-magnum", "a cluster of somebody else's"): (elsewhere, ":Cluster"),
    ("openstack-vm", "another range of machines"): (cluster(networkRange="10.80.0.0/24"), ":Subnet"),
    ("openstack-vm", "another availability zone"): (cluster(availabilityZone="qriscloud"), ":Volume"),
    ("openstack-vm", "a pool with a machine less"): (pools({**_CORE, "min": 1, "max": 1}, _GPU), ":Volume"),
    ("openstack-vm", "a pool of another name"): (pools({**_CORE, "name": "user"}, _GPU), ":Volume"),
    ("openstack-vm", "a pool less"): (pools(_CORE), ":Volume"),
    ("openstack-vm", "a control plane of one"): (cluster(controlPlaneNodes=1), ":Volume"),
}  # fmt: skip

#: What the engine takes for a change like any other: the bucket stays, and not all that is in it.
UNSEEN: dict[tuple[str, str], tuple[Edit, str]] = {
    ("aws-eks", "a bucket whose objects go sooner"): (lab(expireDays=7), ":BucketLifecycleConfiguration"),
}

HARMLESS: dict[tuple[str, str], Edit] = {
    ("aws-eks", "more machines"): lambda config: config["arcos:site"]["cluster"]["nodePools"][0].update(max=9),
    ("aws-eks", "other machines"): lambda config: config["arcos:site"]["cluster"]["nodePools"][0].update(
        instanceType="m7i.xlarge"),
    ("aws-eks", "a bucket whose objects stay longer"): lab(expireDays=730),
    ("openstack-magnum", "a pool of another flavor"): lambda config: config["arcos:site"]["cluster"]["nodePools"][0]
    .update(flavor="m3.small"),
    ("openstack-vm", "one pool more"): pools(_CORE, _GPU, {**_CORE, "name": "user"}),
    ("openstack-vm", "other machines"): pools({**_CORE, "flavor": "m3.medium"}, _GPU),
}  # fmt: skip


@pytest.fixture
def edited(halves: Callable[[str], Half], request: pytest.FixtureRequest) -> Iterator[Half]:
    """A running cluster whose site file was edited; it is as before afterwards."""
    (kind, _), edit = request.param
    half = halves(kind)
    before = half.site_file.read_text(encoding="utf-8")
    half.change(edit)
    yield half
    half.site_file.write_text(before, encoding="utf-8")


@pytest.mark.parametrize(
    ("edited", "type_"), [((key, edit), type_) for key, (edit, type_) in DANGEROUS.items()],
    ids=[" ".join(key) for key in DANGEROUS], indirect=["edited"],
)  # fmt: skip
def test_a_dangerous_plan_is_refused(edited: Half, type_: str) -> None:
    with ThreadPoolExecutor() as at_once:
        engine = at_once.submit(edited.project.pulumi, "preview", ok=False)
        report = judged(edited.project.arcosctl("plan", edited.kind, "--json", ok=False))

    assert "protect" in engine.result(), "the engine itself refuses"
    assert report["refused"] is True
    named = [one["urn"] for one in report["dangers"] if one["urn"].split("::")[2].endswith(type_)]
    assert named, f"it names what would go: {report['dangers']}"
    assert all(one["overrides"][0].startswith("pulumi state unprotect 'urn:") for one in report["dangers"])


@pytest.mark.parametrize(
    ("edited", "type_"), [((key, edit), type_) for key, (edit, type_) in UNSEEN.items()],
    ids=[" ".join(key) for key in UNSEEN], indirect=["edited"],
)  # fmt: skip
def test_what_the_engine_lets_pass_is_refused_all_the_same(edited: Half, type_: str) -> None:
    report = judged(edited.project.arcosctl("plan", edited.kind, "--json", ok=False))

    (danger,) = report["dangers"]
    assert danger["urn"].split("::")[2].endswith(type_)
    assert danger["overrides"] == [f"./arcosctl plan aws-eks --allow '{danger['urn']}'"], "nothing is protected here"


@pytest.mark.parametrize("edited", [(("openstack-vm", "a cluster of somebody else's"), elsewhere)], indirect=True)
def test_machines_do_not_go_under_a_program_that_cannot_drain_them(edited: Half) -> None:
    assert "was not registered" in edited.project.pulumi("preview", ok=False), "the hook that drains is the kind's own"


@pytest.mark.parametrize("edited", HARMLESS.items(), ids=[" ".join(key) for key in HARMLESS], indirect=True)
def test_a_harmless_plan_is_not(edited: Half) -> None:
    report = judged(edited.project.arcosctl("plan", edited.kind, "--json"))

    assert report["dangers"] == []
    assert report["steps"], "it changes something"


def test_what_was_allowed_exactly_is_all_that_goes(halves: Callable[[str], Half]) -> None:
    half = halves("openstack-magnum")
    before = half.site_file.read_text(encoding="utf-8")
    half.change(cluster(keyPair="ops"))
    (danger,) = judged(half.project.arcosctl("plan", half.kind, "--json", ok=False))["dangers"]

    half.project.run("sh", "-c", f"{danger['overrides'][0]} --yes")
    allowed = danger["overrides"][1].removeprefix("./arcosctl ")
    half.project.run("sh", "-c", f"{half.project.folder}/.venv/bin/python -m arcos {allowed}")
    half.project.pulumi("up", "--yes", "--skip-preview")

    half.site_file.write_text(before, encoding="utf-8")
    assert "protect" in half.project.pulumi("preview", ok=False), "once, and not for good"


def judged(output: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(output[output.index("{\n") :])
    return found
