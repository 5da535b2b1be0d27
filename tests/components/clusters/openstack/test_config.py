"""What a site file may say of an OpenStack cluster, and what is refused before anything is asked of the cloud."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from components.clusters.openstack import credentials
from components.clusters.openstack_magnum.config import OpenStackMagnum
from components.clusters.openstack_vm.config import OpenStackVm
from components.clusters.surroundings import Surroundings
from tests.components.clusters.openstack.test_machines import PLAIN
from tests.components.clusters.openstack.test_magnum import NAMED, OWN

_POOL = {"name": "core", "flavor": "m3.large", "min": 1, "max": 1}


def without(settings: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key not in keys}


def _camel(name: str) -> str:
    """A default is refused under the field's own name, a value under the one in the file."""
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


_OWN_POOL = [_POOL | {"name": "default-worker"}]
_NO_SUM = {"version": "v1.37.2+k3s1"}
#: The kind, its settings, the field that is named, and what is said of it.
REFUSED: dict[str, tuple[type[OpenStackMagnum | OpenStackVm], dict[str, Any], str, str]] = {
    "neither template nor image": (OpenStackMagnum, without(NAMED, "template"), "template", "is missing"),
    "both": (OpenStackMagnum, OWN | {"template": "t"}, "template", "stands beside `image`"),
    "an image without a network": (OpenStackMagnum, without(OWN, "externalNetwork"), "externalNetwork", "is missing"),
    "an image without a size": (
        *(OpenStackMagnum, without(OWN, "controlPlaneFlavor")),
        *("controlPlaneFlavor", "is missing"),
    ),
    "a pool with Magnum's own name": (OpenStackMagnum, NAMED | {"nodePools": _OWN_POOL}, "nodePools", "Magnum's own"),
    "two of a control plane": (OpenStackMagnum, NAMED | {"controlPlaneNodes": 2}, "controlPlaneNodes", ""),
    "a range with a host in it": (
        *(OpenStackMagnum, NAMED | {"apiRanges": ["192.0.2.1/24"]}),
        *("apiRanges", "how this range is written"),
    ),
    "plain machines that grow": (OpenStackVm, PLAIN | {"nodePools": [_POOL | {"max": 3}]}, "nodePools", "is not `min`"),
    "ranges that meet": (OpenStackVm, PLAIN | {"podRange": "10.70.0.0/16"}, "podRange", "meets `networkRange`"),
    "a public range": (OpenStackVm, PLAIN | {"networkRange": "8.8.8.0/24"}, "networkRange", "a private range"),
    "more machines than podRange has a part for": (
        *(OpenStackVm, PLAIN | {"podRange": "10.71.0.0/22"}),
        *("nodePools", "comes to 6 machines with the control plane, and `podRange` 10.71.0.0/22 has room for 4"),
    ),
    "more machines than the network has addresses": (
        *(OpenStackVm, PLAIN | {"networkRange": "10.70.0.0/26", "nodePools": [_POOL | {"min": 40, "max": 40}]}),
        *("nodePools", "comes to 43 machines with the control plane, and `networkRange` 10.70.0.0/26 has room for 42"),
    ),
    "more Services than Kubernetes takes": (
        *(
            OpenStackVm,
            PLAIN | {"networkRange": "192.168.0.0/24", "podRange": "172.16.0.0/16"} | {"serviceRange": "10.0.0.0/8"},
        ),
        *("serviceRange", "a private range of /12 to /22"),
    ),
    "a pool called as the control plane": (
        *(OpenStackVm, PLAIN | {"nodePools": [_POOL | {"name": "control"}]}),
        *("nodePools", "as the control plane's machines are called"),
    ),
    "plain machines from none": (
        OpenStackVm,
        PLAIN | {"nodePools": [_POOL | {"min": 0}]},
        "nodePools",
        "`max`: nothing makes plain machines",
    ),
    "plain machines that all refuse what tolerates nothing": (
        *(OpenStackVm, PLAIN | {"nodePools": [_POOL | {"taints": ["gpu"]}]}),
        *("nodePools", "has taints on every pool"),
    ),
    "Magnum's machines that all refuse it": (
        *(OpenStackMagnum, NAMED | {"systemNodes": 0, "nodePools": [_POOL | {"taints": ["gpu"]}]}),
        *("nodePools", "has taints on every pool"),
    ),
    "a taint twice, which no kubelet starts with": (
        *(OpenStackVm, PLAIN | {"nodePools": [_POOL, _POOL | {"name": "gpu", "taints": ["gpu", "gpu"]}]}),
        *("nodePools", "names a word twice"),
    ),
    "a pool that the Helm driver calls otherwise": (
        OpenStackMagnum,
        NAMED | {"nodePools": [_POOL | {"name": "a--b"}]},
        "nodePools",
        "call otherwise",
    ),
    "a disk that holds no image": (
        OpenStackVm,
        PLAIN | {"nodePools": [_POOL | {"disk": "100Mi"}]},
        "nodePools",
        "10Gi or more",
    ),
    "a name server that is a name": (
        *(OpenStackVm, PLAIN | {"nameServers": ["dns.example.org"]}),
        *("nameServers", "is not an IPv4 address"),
    ),
    "a program without a checksum": (OpenStackVm, PLAIN | {"k3s": _NO_SUM}, "k3s", "required"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_at_its_field(case: str) -> None:
    kind, settings, field, said = REFUSED[case]
    with pytest.raises(ValidationError) as refused:
        kind.model_validate(settings)
    assert {_camel(str(error["loc"][0])) for error in refused.value.errors()} == {field}
    assert said in str(refused.value)


@pytest.mark.parametrize(("kind", "settings"), [(OpenStackMagnum, NAMED), (OpenStackMagnum, OWN), (OpenStackVm, PLAIN)])
def test_only_an_application_credential_signs_in(
    kind: type[OpenStackMagnum | OpenStackVm], settings: dict[str, Any]
) -> None:
    config = kind.model_validate(settings)
    around = Surroundings(kubernetes="1.37", today=date(2026, 11, 25), provider={"openstack:cloud": "nectar"})
    assert list(config.misfits(around)) == []
    for key in credentials.PERSONAL:
        [found] = config.misfits(Surroundings(kubernetes="1.37", today=around.today, provider={key: "x"}))
        assert found.beside == key
        assert "application credential" in found.what
    [found] = config.misfits(Surroundings(kubernetes="1.37", today=around.today, provider={credentials.SECRET[0]: "x"}))
    assert "stands in the open" in found.what


@pytest.mark.parametrize("key", credentials.PERSONAL)
def test_a_person_who_is_encrypted_is_a_person_all_the_same(key: str) -> None:
    around = Surroundings(kubernetes="1.37", today=date(2026, 11, 25), encrypted=[key])
    [found] = OpenStackVm.model_validate(PLAIN).misfits(around)
    assert found.beside == key


def test_a_machine_whose_name_no_node_can_have_is_a_misfit() -> None:
    pools = [_POOL, _POOL | {"name": "p" * 40}]
    config = OpenStackVm.model_validate(PLAIN | {"nodePools": pools})
    fits, long = (
        list(config.misfits(Surroundings(kubernetes="1.37", today=date(2026, 11, 25), site=site)))
        for site in ("s" * 14, "s" * 15)
    )
    assert fits == [], "arcos-, 14, -, 40 and -1 are 63 characters"
    assert [one.path for one in long] == [("nodePools", 1, "name")]


def test_another_kubernetes_than_the_releases_is_a_misfit() -> None:
    around = Surroundings(kubernetes="1.38", today=date(2026, 11, 25))
    [found] = OpenStackVm.model_validate(PLAIN).misfits(around)
    assert found.path == ("k3s", "version")


def test_a_clouds_entry_signs_in_by_application_credential_or_says_why_not() -> None:
    good = {"auth_type": "v3applicationcredential", "auth": {"application_credential_secret": "s"}}
    assert credentials.personal(good) == ""
    assert "password" in credentials.personal({"auth": {"password": "x", "username": "ada"}})
    assert "auth_type" in credentials.personal({"auth": {"application_credential_secret": "s"}})
