"""A cluster on plain machines: who may reach whom, what each machine is told, and what may never be lost."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pulumi
import pytest
import yaml
from pulumi import Output, ResourceOptions
from pulumi.runtime import set_all_config

from components.clusters.contract import ClusterArgs
from components.clusters.openstack_vm import choices, cluster
from components.clusters.openstack_vm.config import OpenStackVm
from tests.recording import Cloud, Made, id_of, record

SEED = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
PLAIN: dict[str, Any] = {
    "kind": "openstack-vm",
    "image": "debian-13-genericcloud",
    "externalNetwork": "public",
    "controlPlaneFlavor": "m3.medium",
    "apiRanges": ["192.0.2.0/24"],
    "k3s": {"version": "v1.37.2+k3s1", "sha256": "0" * 64},
    "nodePools": [
        {"name": "core", "flavor": "m3.large", "min": 2, "max": 2, "disk": "200Gi"},
        {"name": "gpu", "flavor": "g1.xlarge", "min": 1, "max": 1, "gpu": "nvidia", "taints": ["gpu"]},
    ],
}
INSTANCE, VOLUME, RULE, PORT, NETWORK = (
    "openstack:compute/instance:Instance",
    "openstack:blockstorage/volume:Volume",
    "openstack:networking/secGroupRule:SecGroupRule",
    "openstack:networking/port:Port",
    "openstack:networking/network:Network",
)


def machines_cloud() -> Cloud:
    return Cloud(
        outputs={
            "openstack:networking/floatingIp:FloatingIp": {"address": "203.0.113.7"},
            PORT: {"allFixedIps": ["10.70.0.77"]},
            "openstack:loadbalancer/loadBalancer:LoadBalancer": {"vipPortId": id_of("vip")},
        },
        found={
            "openstack:images/getImage:getImage": {"id": id_of("image")},
            "openstack:networking/getNetwork:getNetwork": {"id": id_of("network")},
        },
    )


def machines_of(
    settings: dict[str, Any], there: Cloud | None = None, seen: list[Any] | None = None, seed: str = SEED
) -> list[Made]:
    args = ClusterArgs(
        config=OpenStackVm.model_validate(settings),
        site="uni",
        domain="uni.example.edu.au",
        kubernetes="1.37",
        image=lambda name: f"r/{name}:1@sha256:0",
        kubeconfig_file="/nowhere",
    )
    set_all_config({"arcos:clusterSeed": seed} if seed else {})

    def program() -> None:
        reached = cluster.make(args, ResourceOptions())
        kubeconfig = Output.from_input(reached.kubeconfig)
        Output.all(kubeconfig, kubeconfig.is_secret()).apply(
            lambda both: seen.append(both) if seen is not None else None
        )

    try:
        return record(program, there or machines_cloud())
    finally:
        set_all_config({})


@pytest.fixture(scope="module")
def made() -> list[Made]:
    return machines_of(PLAIN)


def of(made: list[Made], token: str) -> dict[str, Made]:
    return {one.name: one for one in made if one.type == token}


def told(machine: Made) -> dict[str, Any]:
    """A machine's cloud-init, as plain data."""
    text: str = machine.inputs["userData"]
    assert text.startswith("#cloud-config\n")
    data: dict[str, Any] = yaml.safe_load(text)
    return data


def files(machine: Made) -> dict[str, str]:
    return {one["path"]: one["content"] for one in told(machine)["write_files"]}


def test_a_site_has_its_control_plane_and_each_pools_machines(made: list[Made]) -> None:
    names = ["control-1", "control-2", "control-3", "core-1", "core-2", "gpu-1"]
    assert list(of(made, INSTANCE)) == [f"arcos-uni-{name}" for name in names]
    assert of(made, INSTANCE)["arcos-uni-gpu-1"].inputs["flavorName"] == "g1.xlarge"


def test_machines_are_made_and_replaced_one_after_the_other(made: list[Made]) -> None:
    machines = list(of(made, INSTANCE).values())
    for before, after in pairwise(machines):
        assert before.name in after.needs, "etcd keeps its majority, and pods find room"
    for machine in machines:
        assert machine.asked.deleteBeforeReplace, "its port and its volume are taken until it has let go"
        assert set(machine.asked.replaceOnChanges) >= {"imageId", "userData", "flavorName"}
        assert list(machine.asked.hooks.before_delete) == ["arcos-uni-drain"]
        assert list(machine.asked.hooks.after_create) == ["arcos-uni-ready"]
        assert machine.inputs["stopBeforeDestroy"] is True


def test_members_of_a_pool_are_made_one_after_the_other(made: list[Made]) -> None:
    members = [one for one in made if one.type.endswith(":Member")]
    for before, after in pairwise(members):
        same = before.inputs["poolId"] == after.inputs["poolId"]
        assert (before.name in after.needs) is same, "after a crash, the one that nobody heard of is the first missing"


def test_what_is_written_outlives_the_machine_and_is_protected(made: list[Made]) -> None:
    volumes = of(made, VOLUME)
    assert set(volumes) == set(of(made, INSTANCE))
    assert all(one.protected for one in volumes.values()), "etcd and everybody's volumes are on them"
    subnets = [one for one in made if one.type.endswith(":Subnet")]
    for one in [*of(made, NETWORK).values(), *subnets]:
        assert one.protected, "another network, or other addresses in it, are another cluster"
    assert volumes["arcos-uni-core-1"].inputs["size"] == 200
    for machine in of(made, INSTANCE).values():
        _, data = machine.inputs["blockDevices"]
        assert data["deleteOnTermination"] is False
        assert data["uuid"] == id_of(f"{VOLUME} {machine.name}")


def test_the_control_plane_keeps_its_addresses(made: list[Made]) -> None:
    ports = of(made, PORT)
    fixed = [ports[f"arcos-uni-control-{n}"].inputs["fixedIps"][0]["ipAddress"] for n in (1, 2, 3)]
    assert fixed == ["10.70.0.11", "10.70.0.12", "10.70.0.13"], "etcd knows its members by them"


@pytest.mark.parametrize(("size", "last"), [("10.70.0.0/24", "10.70.0.254"), ("10.70.0.0/26", "10.70.0.62")])
def test_the_cloud_gives_nobody_an_address_that_is_kept_for_the_control_plane(size: str, last: str) -> None:
    made = machines_of(PLAIN | {"networkRange": size, "controlPlaneNodes": 5})
    [subnet] = [one for one in made if one.type.endswith(":Subnet")]
    assert subnet.inputs["allocationPools"] == [{"start": "10.70.0.16", "end": last}]
    [balancer] = [one for one in made if one.type.endswith(":LoadBalancer")]
    fixed = [one.inputs["fixedIps"][0].get("ipAddress") for one in of(made, PORT).values()]
    kept = [balancer.inputs["vipAddress"], *filter(None, fixed)]
    assert kept == [f"10.70.0.{number}" for number in range(10, 16)], "a worker that came first would have one of them"


def test_machines_ask_the_name_servers_that_the_site_names_and_else_the_clouds_own(made: list[Made]) -> None:
    [own] = [one for one in made if one.type.endswith(":Subnet")]
    assert "dnsNameservers" not in own.inputs
    [named] = [one for one in machines_of(PLAIN | {"nameServers": ["192.0.2.53"]}) if one.type.endswith(":Subnet")]
    assert named.inputs["dnsNameservers"] == ["192.0.2.53"]


def test_nothing_is_open_to_the_world_and_ssh_to_nobody(made: list[Made]) -> None:
    rules = [one.inputs for one in of(made, RULE).values() if one.inputs["direction"] == "ingress"]
    assert rules
    for rule in rules:
        assert rule.get("remoteGroupId") or rule.get("remoteIpPrefix") == "10.70.0.0/24", rule
        assert not rule["portRangeMin"] <= 22 <= rule["portRangeMax"], rule
        if 2379 <= rule["portRangeMin"] <= 2380:
            control = id_of("openstack:networking/secGroup:SecGroup control")
            assert rule["remoteGroupId"] == rule["securityGroupId"] == control, "etcd is the control plane's own"
    groups = [one for one in made if one.type.endswith(":SecGroup")]
    assert all(one.inputs["deleteDefaultRules"] is True for one in groups), "a group begins with nothing"


def test_the_api_is_reached_from_where_the_site_says_and_from_the_machines(made: list[Made]) -> None:
    [api] = [one for one in made if one.type.endswith(":Listener") and one.name == "api"]
    assert api.inputs["allowedCidrs"] == ["192.0.2.0/24", "10.70.0.0/24"]
    [web] = [one for one in made if one.type.endswith(":Listener") and one.name == "ingress-443"]
    assert "allowedCidrs" not in web.inputs, "people come from everywhere"
    members = {one.name: one.inputs for one in made if one.type.endswith(":Member")}
    assert members["ingress-443-arcos-uni-core-1"]["protocolPort"] == 30443
    assert "ingress-443-arcos-uni-control-1" not in members


def test_only_the_first_machine_is_told_the_authorities_keys(made: list[Made]) -> None:
    for name, machine in of(made, INSTANCE).items():
        held = [path for path, content in files(machine).items() if "PRIVATE KEY" in content]
        first = name == "arcos-uni-control-1"
        assert held == (["/etc/arcos/tls/client-ca.key", "/etc/arcos/tls/server-ca.key"] if first else []), name


def test_a_machine_for_pods_is_told_nothing_that_opens_the_control_plane(made: list[Made]) -> None:
    machines = of(made, INSTANCE)
    server = yaml.safe_load(files(machines["arcos-uni-control-2"])["/etc/rancher/k3s/config.yaml"])["token"]
    for name in ("arcos-uni-core-1", "arcos-uni-gpu-1"):
        assert server not in machines[name].inputs["userData"]
        config = yaml.safe_load(files(machines[name])["/etc/rancher/k3s/config.yaml"])
        assert config["server"] == "https://10.70.0.10:6443"
        assert config["token"].startswith("K10"), "it names the authority, so no other server is believed"


def test_nodes_come_up_with_the_labels_and_taints_of_their_pool(made: list[Made]) -> None:
    config = yaml.safe_load(files(of(made, INSTANCE)["arcos-uni-gpu-1"])["/etc/rancher/k3s/config.yaml"])
    assert config["node-label"] == ["arcos.dev/gpu=nvidia", "arcos.dev/pool=gpu"]
    assert config["node-taint"] == ["arcos.dev/gpu=:NoSchedule"]
    control = yaml.safe_load(files(of(made, INSTANCE)["arcos-uni-control-1"])["/etc/rancher/k3s/config.yaml"])
    assert control["node-taint"] == ["node-role.kubernetes.io/control-plane=:NoSchedule"]


def test_keys_are_secret_wherever_they_go(made: list[Made]) -> None:
    for machine in of(made, INSTANCE).values():
        assert "userData" in machine.asked.additionalSecretOutputs
        assert machine.secrets == {"userData"}, "encrypted in the state"


def test_the_kubeconfig_is_known_without_asking_a_machine_and_is_secret() -> None:
    seen: list[Any] = []
    machines_of(PLAIN, seen=seen)
    [[kubeconfig, secret]] = seen
    assert secret is True
    assert json.loads(kubeconfig)["clusters"][0]["cluster"]["server"] == "https://203.0.113.7:6443"


@pytest.mark.parametrize("seed", ["", "bm90IGVub3VnaA==", "not base64!"])
def test_without_a_good_seed_nothing_is_made_and_the_command_is_told(seed: str) -> None:
    there = machines_cloud()
    with pytest.raises(pulumi.RunError, match="openssl rand"):
        machines_of(PLAIN, there, seed=seed)


def test_a_second_run_asks_for_exactly_the_same(made: list[Made]) -> None:
    assert [(one.name, one.inputs) for one in machines_of(PLAIN)] == [(one.name, one.inputs) for one in made]


def test_a_control_plane_of_one_is_one_machine() -> None:
    config = OpenStackVm.model_validate(PLAIN | {"controlPlaneNodes": 1})
    assert [one.address for one in choices.control_plane(config, "uni")] == ["10.70.0.11"]
