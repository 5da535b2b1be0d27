"""Every resource's inputs are what AWS takes for the calls they become, by AWS's own model of its API."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from tests.components.clusters.aws_eks.calls import ASKED, KINDS, Kind
from tests.components.clusters.aws_eks.model import mistakes, operation
from tests.components.clusters.aws_eks.recording import Made


def refused(kind: Kind, inputs: dict[str, Any]) -> list[str]:
    """What AWS would refuse of a resource's inputs, over all its creating calls."""
    claimed = {name for call in kind.create for name in call.takes}
    found = []
    if not any(not call.takes for call in kind.create):
        found += [f"{name}: no call takes it" for name in inputs if name not in claimed]
    for call in kind.create:
        if call.takes and not set(call.takes) & set(inputs):
            continue
        given = {key: copy.deepcopy(value) for key, value in inputs.items() if _taken(call.takes, key, claimed)}
        found += mistakes(kind.service, call.operation, call.params(given))
    return found


def _taken(takes: tuple[str, ...], key: str, claimed: set[str]) -> bool:
    return key in takes if takes else key not in claimed


def _aws(made: list[Made]) -> Iterator[Made]:
    return (one for one in made if one.type.startswith("aws:"))


def test_every_type_that_is_used_is_in_the_table_and_every_type_of_the_table_is_used(made):
    assert {one.type for one in _aws(made)} == set(KINDS), "a type without its calls is neither checked nor permitted"


def test_every_operation_of_the_table_is_one_of_aws():
    called = ASKED.union(*(kind.operations() for kind in KINDS.values()))
    for service, name in called:
        assert operation(service, name).name == name


def test_aws_takes_what_every_resource_is_made_with(made):
    wrong = {f"{one.type} {one.name}": refused(KINDS[one.type], one.inputs) for one in _aws(made)}
    assert {name: found for name, found in wrong.items() if found} == {}


@pytest.mark.parametrize(
    ("site", "what"),
    [
        ({"apiRanges": []}, "reached from inside of the VPC only"),
        (
            {"sharedFileSystem": None, "budget": None, "tags": [], "hostedZone": None, "autoscaling": False},
            "with nothing that can be left out",
        ),
        ({"zones": ["b", "c"], "network": {"range": "10.8.0.0/20"}}, "small"),
        (
            {"site": "s" * 40, "nodePools": [{"name": "p" * 63, "instanceType": "m7i.large", "min": 1, "max": 1}]},
            "with the longest names",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_aws_takes_other_sites_too(site, what, build):
    for one in _aws(build(**site)):
        assert refused(KINDS[one.type], one.inputs) == [], f"{what}: {one.type} {one.name}"


#: One wrong input each: how it is broken, and what is said of it.
BROKEN = [
    ("aws:eks/cluster:Cluster", {"kubernetesVersion": "1.37"}, 'Unknown parameter in input: "kubernetesVersion"'),
    (
        "aws:eks/cluster:Cluster",
        {"bootstrapSelfManagedAddons": "no"},
        "Invalid type for parameter bootstrapSelfManaged",
    ),
    ("aws:eks/cluster:Cluster", {"accessConfig": {"authenticationMode": "IAM"}}, "'IAM' is none of"),
    ("aws:eks/nodeGroup:NodeGroup", {"amiType": "AL2_x86_64_SLOW"}, "is none of"),
    ("aws:eks/nodeGroup:NodeGroup", {"scalingConfig": {"minimum": 1}}, 'Unknown parameter in scalingConfig: "minimum"'),
    ("aws:ec2/vpc:Vpc", {"cidr": "10.0.0.0/16"}, 'Unknown parameter in input: "Cidr"'),
    ("aws:ec2/subnet:Subnet", {"vpcId": 7}, "Invalid type for parameter VpcId"),
    ("aws:ec2/securityGroup:SecurityGroup", {"description": "The site's"}, "EC2 takes no such character"),
    ("aws:kms/key:Key", {"deletionWindowInDays": "30"}, "Invalid type for parameter PendingWindowInDays"),
    ("aws:iam/role:Role", {"name": "a" * 65}, "is longer than 64"),
    ("aws:budgets/budget:Budget", {"timeUnit": "FORTNIGHTLY"}, "is none of"),
]


@pytest.mark.parametrize(("kind", "change", "said"), BROKEN, ids=lambda value: str(value)[:40])
def test_a_wrong_name_type_or_value_is_found(kind, change, said, made):
    one = next(one for one in made if one.type == kind)
    assert said in " ".join(refused(KINDS[kind], one.inputs | change)), "a check that finds nothing proves nothing"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_an_input_that_aws_does_not_have_is_found_in_every_type(kind, made):
    one = next(one for one in made if one.type == kind)
    found = refused(KINDS[kind], one.inputs | {"noSuchThing": 1})
    assert found, f"{kind}: an unknown input must not get lost on the way to the check"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_no_input_is_left_out_of_the_check(kind, made):
    """Every input reaches a call: one of another type than any that AWS takes is refused, whichever it is."""
    one = next(one for one in made if one.type == kind)
    unseen = [key for key in one.inputs if not refused_or_raised(KINDS[kind], one.inputs | {key: object()})]
    assert unseen == []


def refused_or_raised(kind: Kind, inputs: dict[str, Any]) -> bool:
    try:
        return bool(refused(kind, inputs))
    except (AssertionError, AttributeError, KeyError, TypeError, ValueError):
        return True  # a mapper could do nothing with it
