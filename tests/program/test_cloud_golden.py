"""What each cluster kind asks its cloud for. A difference here is the change a pull request makes at every such site.

What a provider can only make anew is told apart from what it changes in place: the state of a site that runs takes a
new release without losing anything. `ARCOS_UPDATE_GOLDEN=1 ./arcosctl test fast -k golden` writes the files anew, but
for entries of the first sort, which go by hand.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.components.clusters.aws_eks import recording as aws
from tests.components.clusters.aws_eks.conftest import cluster as eks
from tests.components.clusters.openstack.test_machines import PLAIN, machines_of
from tests.components.clusters.openstack.test_magnum import NAMED, OWN, made_of
from tests.engine.cloud.diff import changes
from tests.engine.cloud.install import PACKAGES
from tests.engine.cloud.rules import table
from tests.recording import Made

GOLDEN = Path(__file__).parent / "golden" / "clouds"
CLUSTERS: Mapping[str, Callable[[], Iterable[Made | aws.Made]]] = {
    "aws-eks": eks,
    "openstack-magnum": lambda: made_of(OWN),
    "openstack-magnum-named": lambda: made_of(NAMED),
    "openstack-vm": lambda: machines_of(PLAIN),
}
Asked = dict[str, dict[str, Any]]


def asked(made: Iterable[Made | aws.Made]) -> Asked:
    """The inputs of all that stands in a cloud, by type and name; of secrets a digest, so that a change is seen."""
    found: Asked = {}
    for one in made:
        if one.type.partition(":")[0] in PACKAGES:
            hidden = one.secrets if isinstance(one, Made) else frozenset()
            found[f"{one.type} {one.name}"] = {
                key: _digest(value) if key in hidden else value for key, value in one.inputs.items()
            }
    return found


def anew(before: Asked, now: Asked) -> list[str]:
    """What is there under the same name and would be made anew, with the input that does it."""
    found = []
    for name in before.keys() & now.keys():
        type_ = name.partition(" ")[0]
        rule = table(type_.partition(":")[0]).resources[type_]
        differs = changes(rule, before[name], before[name], now[name])
        found += [f"{name}: {one.path}" for one in differs if one.replaces or not rule.in_place]
    return sorted(found)


def _digest(value: object) -> str:
    return f"secret, {hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]}"


@pytest.mark.parametrize("kind", CLUSTERS)
def test_a_kind_asks_for_what_stands_in_its_golden_file_and_makes_nothing_anew(kind: str) -> None:
    file, now = GOLDEN / f"{kind}.yaml", asked(CLUSTERS[kind]())
    before: Asked = yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else {}
    lost = anew(before, now)
    if os.environ.get("ARCOS_UPDATE_GOLDEN"):
        kept = now | {name: before[name] for name in (one.partition(": ")[0] for one in lost)}
        file.write_text(yaml.safe_dump(kept, width=120), encoding="utf-8")
        before = kept

    assert not lost, "made anew at every site, and the old one goes: where that is meant, take its entry out by hand"
    assert now == before, "if meant so: ARCOS_UPDATE_GOLDEN=1 ./arcosctl test fast -k golden"


def test_no_golden_file_is_left_of_a_kind_that_is_gone() -> None:
    assert {file.stem for file in GOLDEN.iterdir()} == CLUSTERS.keys()


_VOLUME = "openstack:blockstorage/volume:Volume core-1"


@pytest.mark.parametrize(
    ("now", "found"),
    [
        ({_VOLUME: {"size": 20, "availabilityZone": "a"}}, []),
        ({_VOLUME: {"size": 10, "availabilityZone": "b"}}, [f"{_VOLUME}: availabilityZone"]),
        ({_VOLUME: {"size": 10}}, [f"{_VOLUME}: availabilityZone"]),
        ({}, []),
    ],
    ids=["in place", "another zone", "a zone less", "gone, which its name tells"],
)
def test_what_makes_something_anew_is_named(now: Asked, found: list[str]) -> None:
    assert anew({_VOLUME: {"size": 10, "availabilityZone": "a"}}, now) == found
