"""A Magnum cluster: what is asked of the cloud, in which order, and what may never be lost."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest
from pulumi import ResourceOptions

from components.clusters.contract import ClusterArgs
from components.clusters.openstack_magnum import choices, cluster
from components.clusters.openstack_magnum.config import OpenStackMagnum
from tests.recording import Cloud, Made, id_of, record

TEMPLATE, CLUSTER, GROUP = (
    f"openstack:containerinfra/{one[0].lower()}{one[1:]}:{one}" for one in ("ClusterTemplate", "Cluster", "NodeGroup")
)
_KUBECONFIG = "apiVersion: v1\nkind: Config\n"
_POOLS = [
    {"name": "core", "flavor": "m3.large", "min": 3, "max": 6},
    {"name": "user", "flavor": "m3.xlarge", "min": 2, "max": 2},
    {"name": "gpu", "flavor": "g1.xlarge", "min": 0, "max": 4, "gpu": "nvidia", "taints": ["gpu"]},
]
NAMED: dict[str, Any] = {"kind": "openstack-magnum", "template": "kubernetes-1.37", "nodePools": _POOLS}
OWN: dict[str, Any] = {
    "kind": "openstack-magnum",
    "image": "ubuntu-2404-kube-v1.37.2",
    "externalNetwork": "public",
    "controlPlaneFlavor": "m3.medium",
    "apiRanges": ["192.0.2.0/24", "198.51.100.0/24"],
    "availabilityZone": "QRIScloud",
    "rootDisk": "100Gi",
    "nodePools": _POOLS,
}


def cloud(**changed: Any) -> Cloud:
    """A cloud with the template, the image and the network that the sites above name."""
    return Cloud(
        outputs={CLUSTER: {"kubeconfig": {"raw_config": _KUBECONFIG}, "coeVersion": "v1.37.2"}},
        found={
            "openstack:containerinfra/getClusterTemplate:getClusterTemplate": {
                "id": id_of("template"),
                "labels": {"kube_tag": changed.get("kube_tag", "v1.37.1")},
            },
            "openstack:images/getImage:getImage": {
                "id": id_of("image"),
                "properties": changed.get("properties", {"kube_version": "1.37.2"}),
            },
            "openstack:networking/getNetwork:getNetwork": {"id": id_of("network")},
        },
    )


def made_of(settings: dict[str, Any], there: Cloud | None = None, seen: list[Any] | None = None) -> list[Made]:
    args = ClusterArgs(
        config=OpenStackMagnum.model_validate(settings),
        site="nectar-qld",
        domain="qld.example.edu.au",
        kubernetes="1.37",
        image=lambda name: f"r/{name}:1@sha256:0",
        kubeconfig_file="/nowhere",
    )

    def program() -> None:
        reached = cluster.make(args, ResourceOptions())
        kubeconfig = pulumi.Output.from_input(reached.kubeconfig)
        pulumi.Output.all(kubeconfig, kubeconfig.is_secret()).apply(
            lambda both: seen.append(both) if seen is not None else None
        )

    return record(program, there or cloud())


def of(made: list[Made], token: str) -> list[Made]:
    return [one for one in made if one.type == token]


def test_a_site_is_one_cluster_and_a_node_group_a_pool() -> None:
    made = made_of(NAMED)
    assert [one.type for one in made] == [CLUSTER, GROUP, GROUP, GROUP], "the template is the cloud's own"
    assert [one.inputs["name"] for one in of(made, GROUP)] == ["core", "user", "gpu"]
    [asked] = of(made, CLUSTER)
    assert asked.inputs["clusterTemplateId"] == id_of("template")
    assert asked.inputs["mergeLabels"] is True, "what the template says beside our labels holds"


def test_another_image_is_another_template_with_a_name_of_its_own() -> None:
    [one] = of(made_of(OWN), TEMPLATE)
    [same] = of(made_of(OWN), TEMPLATE)
    [other] = of(made_of(OWN, cloud(properties={"kube_version": "1.37.3"})), TEMPLATE)

    assert one.inputs["name"] == same.inputs["name"]
    assert one.inputs["name"] != other.inputs["name"], "there are both for a while, and `mend` finds it"


def test_without_a_named_template_the_platform_makes_one_that_is_replaced_and_never_edited() -> None:
    [template] = of(made_of(OWN), TEMPLATE)
    assert list(template.asked.replaceOnChanges) == ["*"], "Magnum refuses to edit a template that a cluster uses"
    assert template.inputs["image"] == id_of("image")
    assert template.inputs["externalNetworkId"] == id_of("network")
    labels = template.inputs["labels"]
    assert labels["kube_tag"] == "v1.37.2", "the image says which Kubernetes it holds"
    assert labels["master_lb_floating_ip_enabled"] == "true", "machines have no floating address, the API has one"
    assert labels["availability_zone"] == "QRIScloud"
    assert labels["boot_volume_size"] == "100"
    assert labels["master_lb_allowed_cidrs"] == labels["api_master_lb_allowed_cidrs"] == "192.0.2.0/24,198.51.100.0/24"
    assert template.inputs["floatingIpEnabled"] is False, "no machine has an address of its own on the internet"
    assert template.inputs["masterLbEnabled"] is True


def test_pools_have_their_bounds_and_a_pool_may_be_empty() -> None:
    groups = {one.name: one.inputs for one in of(made_of(NAMED), GROUP)}
    gpu = groups["pool-gpu"]
    assert (gpu["nodeCount"], gpu["minNodeCount"], gpu["maxNodeCount"]) == (0, 0, 4)
    core = groups["pool-core"]
    assert (core["nodeCount"], core["minNodeCount"], core["maxNodeCount"]) == (3, 3, 6)


def test_what_the_autoscaler_moves_is_left_to_it_and_nothing_else() -> None:
    groups = {one.name: list(one.asked.ignoreChanges) for one in of(made_of(NAMED), GROUP)}
    assert groups == {"pool-core": ["nodeCount"], "pool-user": [], "pool-gpu": ["nodeCount"]}
    off = {one.name: list(one.asked.ignoreChanges) for one in of(made_of(NAMED | {"autoscaling": False}), GROUP)}
    assert set(map(tuple, off.values())) == {()}, "without an autoscaler the site file says how many there are"


def test_node_groups_are_made_one_after_the_other() -> None:
    """Magnum loses one of two that are made at the same time: https://bugs.launchpad.net/magnum/+bug/2097946."""
    core, user, gpu = of(made_of(NAMED), GROUP)
    assert "pool-core" in user.needs
    assert "pool-user" in gpu.needs
    assert not [name for name in core.needs if name.startswith("pool-")]


def test_the_cluster_is_protected_and_outwaits_magnum() -> None:
    [asked] = of(made_of(NAMED), CLUSTER)
    assert asked.protected, "with it go etcd and everything in it"
    assert asked.inputs["createTimeout"] == choices.CREATE_MINUTES
    waits = int(asked.asked.customTimeouts.create.removesuffix("m"))
    assert waits > choices.CREATE_MINUTES, "Magnum's own reason comes first"


def test_a_pool_never_changes_what_the_cluster_is_asked_for() -> None:
    """Flavors and labels of a cluster are for good in Magnum: a change of them replaces it."""
    before = of(made_of(OWN), CLUSTER)[0].inputs
    other = [{"name": "core", "flavor": "c3.tiny", "min": 1, "max": 1}]
    assert of(made_of(OWN | {"nodePools": other}), CLUSTER)[0].inputs == before


def test_the_kubeconfig_comes_from_magnum_and_is_secret() -> None:
    seen: list[Any] = []
    made = made_of(NAMED, seen=seen)
    assert seen == [[_KUBECONFIG, True]]
    [asked] = of(made, CLUSTER)
    assert "kubeconfig" in asked.asked.additionalSecretOutputs, "it stands encrypted in the state"


@pytest.mark.parametrize(
    ("settings", "there", "said"),
    [
        (NAMED, cloud(kube_tag="v1.36.9"), "cluster template `kubernetes-1.37` is Kubernetes v1.36.9"),
        (OWN, cloud(properties={"kube_version": "v1.38.0"}), "is Kubernetes v1.38.0, and the release is for 1.37"),
        (OWN, cloud(properties={"kube_version": "v1.3.7"}), "is Kubernetes v1.3.7"),
        (OWN, cloud(properties={}), "does not say which Kubernetes it holds"),
    ],
)
def test_another_kubernetes_than_the_releases_is_refused_before_anything_is_made(settings, there, said) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        made_of(settings, there)
    assert said in str(refused.value)
    assert "fix:" in str(refused.value)


def test_labels_hold_no_pool_and_are_text() -> None:
    labels = choices.labels(OpenStackMagnum.model_validate(OWN))
    assert all(isinstance(value, str) for value in labels.values()), "Magnum takes text only from the provider"
    assert "gpu" not in json.dumps(labels)
    assert labels["min_node_count"] == labels["max_node_count"] == "1", "Magnum's own pool stays as it is"
