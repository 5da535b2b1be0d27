"""What is decided before anything is made: addresses, names, machines, rights. Nothing here knows Pulumi."""

from __future__ import annotations

import itertools
import json
import re
from datetime import date
from ipaddress import IPv4Network

import pytest

from components.clusters.aws_eks import addresses, machines, names, node_plan, policies, versions
from components.clusters.aws_eks.kubeconfig import kubeconfig
from components.clusters.aws_eks.running import Running, number
from tests.components.clusters.aws_eks.model import operation
from tests.components.clusters.aws_eks.recording import REGION, config


@pytest.mark.parametrize("vpc", ["10.64.0.0/16", "172.16.0.0/18", "192.168.16.0/20"])
@pytest.mark.parametrize("letters", ["ab", "abc", "ca"])
def test_no_two_subnets_share_an_address_and_all_are_in_the_vpc(vpc, letters):
    zones = addresses.plan(REGION, letters, vpc)
    ranges = [IPv4Network(one) for zone in zones for one in (zone.nodes, zone.public)]
    assert len(ranges) == 2 * len(letters)
    assert not [pair for pair in itertools.combinations(ranges, 2) if pair[0].overlaps(pair[1])]
    assert all(one.subnet_of(IPv4Network(vpc)) for one in ranges)
    assert [zone.name for zone in zones] == [f"{REGION}{letter}" for letter in letters]


def test_a_third_zone_moves_no_subnet():
    assert addresses.plan(REGION, "abc", "10.64.0.0/16")[:2] == addresses.plan(REGION, "ab", "10.64.0.0/16")


def test_the_smallest_network_has_room_for_a_thousand_pods_a_zone():
    zones = addresses.plan(REGION, "abc", "10.64.0.0/20")
    assert {IPv4Network(zone.nodes).num_addresses for zone in zones} == {1024}
    assert {IPv4Network(zone.public).prefixlen for zone in zones} == {24}, "a load balancer needs 8 free in each"


@pytest.mark.parametrize(("letters", "vpc"), [("abcd", "10.64.0.0/16"), ("abc", "10.64.0.0/21")])
def test_what_cannot_be_shared_out_is_refused(letters, vpc):
    with pytest.raises(ValueError, match="cannot be shared out"):
        addresses.plan(REGION, letters, vpc)


def test_nodes_go_out_by_their_own_zones_gateway_or_the_first_ones():
    zones = addresses.plan(REGION, "bc", "10.64.0.0/16")
    assert addresses.nat_zones(zones, "each-zone") == {"b": "b", "c": "c"}
    assert addresses.nat_zones(zones, "one") == {"b": "b", "c": "b"}


def test_the_longest_names_are_taken_by_aws():
    site, pool = "s" * 40, "p" * 63
    roles = [names.role_name(site, part) for part in ("control-plane", "cluster-autoscaler", "cluster-autoscales")]
    assert {len(name) <= 64 for name in roles} == {True}, "IAM's limit"
    assert len(set(roles)) == 3, "a name that was cut is still one of a kind"
    assert names.role_name("a", "cluster-autoscaler") == "arcos-a-cluster-autoscaler"
    assert len(names.node_group(pool, ami="x")) <= 63, "EKS's limit"


def test_a_group_that_aws_cannot_change_gets_another_name():
    same = names.node_group("core", ami="a", spot=False)
    assert same == names.node_group("core", ami="a", spot=False)
    assert same != names.node_group("core", ami="a", spot=True), "so that the new one is there before the old one goes"


@pytest.mark.parametrize(
    ("region", "arn"),
    [
        ("ap-southeast-2", "arn:aws:iam::aws:policy/X"),
        ("cn-north-1", "arn:aws-cn:iam::aws:policy/X"),
        ("us-gov-west-1", "arn:aws-us-gov:iam::aws:policy/X"),
    ],
)
def test_policies_of_aws_are_those_of_the_regions_partition(region, arn):
    assert names.managed_policy(region, "X") == arn


@pytest.mark.parametrize("machine", ["m7g.large", "c6gn.xlarge", "t4g.small", "a1.large", "im4gn.large", "g5g.xlarge"])
def test_arm_machines_are_told_by_their_names(machine):
    assert machines.is_arm(machine)


@pytest.mark.parametrize("machine", ["m7i.large", "g6.xlarge", "g4dn.xlarge", "m7i-flex.large", "u7i-6tb.112xlarge"])
def test_other_machines_are_not_arm(machine):
    assert re.match(machines.PATTERN, machine)
    assert not machines.is_arm(machine)


def test_gpus_of_nvidia_are_told_by_the_machines_name():
    assert [
        name for name in ("g6.xlarge", "gr6.4xlarge", "p5.48xlarge", "g4dn.xlarge") if not machines.has_nvidia(name)
    ] == []
    assert [name for name in ("m7i.large", "g4ad.xlarge", "inf2.xlarge") if machines.has_nvidia(name)] == []


def test_a_gpu_pools_image_brings_driver_and_device_plugin():
    plans = {pool.name: node_plan.plan(pool, "abc") for pool in config().node_pools}
    assert plans["gpu"].ami_type == "BOTTLEROCKET_x86_64_NVIDIA"
    assert plans["core"].ami_type == "AL2023_x86_64_STANDARD"
    assert (plans["gpu"].disk_device, plans["gpu"].system_device) == ("/dev/xvdb", "/dev/xvda"), "Bottlerocket has two"


def test_the_autoscaler_knows_a_machine_with_a_gpu_before_the_gpu_is_told():
    """Else it starts a second one for the same pod. https://github.com/kubernetes/autoscaler/issues/1949"""
    plans = {pool.name: node_plan.plan(pool, "abc") for pool in config().node_pools}
    assert plans["gpu"].labels["k8s.amazonaws.com/accelerator"] == "nvidia"
    assert "k8s.amazonaws.com/accelerator" not in plans["user"].labels


def test_another_machine_type_is_no_other_group():
    before = {pool.name: node_plan.plan(pool, "abc").name for pool in config().node_pools}
    other = [{"name": "core", "instanceType": "m7i.4xlarge", "min": 3, "max": 6, "diskGib": 200}]
    [after] = [node_plan.plan(pool, "abc").name for pool in config(nodePools=other).node_pools]
    assert after == before["core"], "it is changed machine by machine"


@pytest.mark.parametrize(
    ("now", "asked"),
    [
        (None, (3, True)),
        (Running(low=3, high=6, count=5), (3, True)),
        (Running(low=3, high=4, count=4), (4, False)),
        (Running(low=1, high=6, count=1), (3, False)),
        (Running(low=3, high=9, count=9), (6, False)),
    ],
    ids=["a new group", "the same bounds", "more may run", "more must run", "fewer may run"],
)
def test_the_number_of_machines_changes_only_where_a_bound_asks_for_it(now, asked):
    [core] = [node_plan.plan(pool, "abc") for pool in config().node_pools if pool.name == "core"]
    assert number(core, now) == asked


WRITES = re.compile(r":(Create|Delete|Modify|Attach|Detach|Tag|Set|Terminate|Change)")
DOCUMENTS = {
    "EBS": policies.block_storage("a", REGION),
    "EFS": policies.shared_storage("fs-0123", REGION),
    "autoscaler": policies.machines("arcos-a", REGION),
    "dns": policies.records("Z0123456789", REGION),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_pod_changes_what_is_this_sites_only(name):
    document = DOCUMENTS[name]
    assert any(WRITES.search(action) for one in json.loads(document)["Statement"] for action in one["Action"])
    for statement in json.loads(document)["Statement"]:
        if any(WRITES.search(name) for name in statement["Action"]):
            assert "Condition" in statement, f"{statement['Action']}: on anything in the account"
            assert statement["Resource"] != "*"


def test_a_volume_of_another_site_is_not_touched():
    statements = json.loads(policies.block_storage("a", REGION))["Statement"]
    [delete] = [one for one in statements if "ec2:DeleteVolume" in one["Action"]]
    assert delete["Condition"] == {"StringEquals": {"aws:ResourceTag/arcos.dev/site": "a"}}


def test_names_are_kept_in_one_zone_and_mail_in_it_is_left_alone():
    [change] = [one for one in json.loads(DOCUMENTS["dns"])["Statement"] if "ChangeResource" in one["Action"][0]]
    assert change["Resource"] == ["arn:aws:route53:::hostedzone/Z0123456789"]
    [kinds] = change["Condition"]["ForAllValues:StringEquals"].values()
    assert kinds == ["A", "AAAA", "CNAME", "TXT"], "no MX and no NS record: those nobody of ours makes"


def test_machines_of_another_cluster_are_not_stopped():
    [stop] = [one for one in json.loads(DOCUMENTS["autoscaler"])["Statement"] if "autoscaling:Set" in str(one)]
    assert stop["Condition"] == {"StringEquals": {"aws:ResourceTag/k8s.io/cluster-autoscaler/arcos-a": "owned"}}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_action_of_a_pods_rights_is_an_operation_of_aws(name):
    services = {"elasticfilesystem": "efs"}
    for one in json.loads(DOCUMENTS[name])["Statement"]:
        for action in one["Action"]:
            service, operation_name = action.split(":")
            assert operation(services.get(service, service), operation_name).name == operation_name


def test_a_minor_that_eks_does_not_run_is_told():
    today = date(2026, 11, 25)
    assert versions.unsupported("1.35", today) == ""
    assert versions.unsupported("1.35", date(2028, 3, 28)) == "EKS ended the support of Kubernetes 1.35 on 2028-03-27"
    assert versions.unsupported("1.99", today) == "EKS does not offer Kubernetes 1.99"
    assert "1.31" in versions.offered(date(2026, 11, 26)), "its last day is a day of support"


def test_a_profile_of_awss_files_is_used_where_pulumi_uses_it():
    given = {"name": "c", "endpoint": "https://x", "authority": "QQ==", "region": REGION}
    users = [json.loads(kubeconfig(**given, profile=profile))["users"][0] for profile in (None, "research")]
    assert [one["user"]["exec"]["env"] for one in users] == [[], [{"name": "AWS_PROFILE", "value": "research"}]]
