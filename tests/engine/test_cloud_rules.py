"""What the fake cloud does with a request, without an engine: the behaviour that the engine's tests are built on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.cloud.account import Account, Resource
from tests.engine.cloud.cloud import Cloud, RefusedError
from tests.engine.cloud.diff import changes, deletes_first
from tests.engine.cloud.rules import fill, table
from tests.engine.cloud.steering import Order, Steering

NETWORK = "openstack:networking/network:Network"
SUBNET = "openstack:networking/subnet:Subnet"
KEYPAIR = "openstack:compute/keypair:Keypair"
ROUTER = "openstack:networking/router:Router"
INTERFACE = "openstack:networking/routerInterface:RouterInterface"
VPC = "aws:ec2/vpc:Vpc"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
ROLE = "aws:iam/role:Role"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
BUCKET, VERSIONS = "aws:s3/bucket:Bucket", "aws:s3/bucketVersioning:BucketVersioning"
OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"


@pytest.fixture
def openstack(tmp_path: Path) -> Cloud:
    return Cloud(table("openstack"), Account(tmp_path / "openstack.json"), {})


@pytest.fixture
def aws(tmp_path: Path) -> Cloud:
    return Cloud(table("aws"), Account(tmp_path / "aws.json"), {})


def test_the_same_requests_give_the_same_ids_in_any_order(tmp_path: Path) -> None:
    ids = []
    for folder, names in (("one", ("a", "b")), ("two", ("b", "a"))):
        cloud = Cloud(table("openstack"), Account(tmp_path / folder / "account.json"), {})
        ids.append({name: cloud.create(NETWORK, {"name": name}, {}).id for name in names})
    assert ids[0] == ids[1]


def test_some_names_are_taken_once_and_others_make_a_second(openstack: Cloud) -> None:
    assert openstack.create(NETWORK, {"name": "a"}, {}).id != openstack.create(NETWORK, {"name": "a"}, {}).id

    openstack.create(KEYPAIR, {"name": "a"}, {})
    with pytest.raises(RefusedError, match="Key pair 'a' already exists"):
        openstack.create(KEYPAIR, {"name": "a"}, {})


def test_making_what_may_be_made_twice_is_the_same_thing(aws: Cloud) -> None:
    aws.create(ROLE, {"name": "r", "assumeRolePolicy": "{}"}, {})
    asked = {"role": "r", "policyArn": "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"}

    assert aws.create(ATTACHMENT, asked, {}).id == aws.create(ATTACHMENT, asked, {}).id
    assert len(aws.account.of_type(":RolePolicyAttachment")) == 1


def test_what_is_named_must_be_there_and_stays_while_it_is_used(openstack: Cloud) -> None:
    with pytest.raises(RefusedError, match="there is no Network nowhere"):
        openstack.create(SUBNET, {"networkId": "nowhere", "cidr": "10.0.0.0/24"}, {})
    network = openstack.create(NETWORK, {"name": "a"}, {}).id
    subnet = openstack.create(SUBNET, {"networkId": network, "cidr": "10.0.0.0/24"}, {}).id
    router = openstack.create(ROUTER, {"name": "a"}, {}).id
    openstack.create(INTERFACE, {"routerId": router, "subnetId": subnet}, {})

    for token, id_ in ((NETWORK, network), (SUBNET, subnet), (ROUTER, router)):
        with pytest.raises(RefusedError, match="Conflict"):
            openstack.delete(token, id_)
    assert len(openstack.account.resources()) == 4, "a refusal changes nothing"


def test_a_subnet_goes_with_its_network(openstack: Cloud) -> None:
    network = openstack.create(NETWORK, {"name": "a"}, {}).id
    openstack.create(SUBNET, {"networkId": network, "cidr": "10.0.0.0/24"}, {})

    openstack.delete(NETWORK, network)
    openstack.delete(NETWORK, network)

    assert not openstack.account.resources(), "and deleting what is gone is fine"


def test_a_bucket_has_a_name_that_nobody_else_has_in_any_account(tmp_path: Path) -> None:
    ours, theirs = (Cloud(table("aws"), Account(tmp_path / f"aws-{name}.json"), {}) for name in ("ours", "theirs"))
    ours.create(BUCKET, {"bucket": "a"}, {})

    with pytest.raises(RefusedError, match="BucketAlreadyOwnedByYou"):
        ours.create(BUCKET, {"bucket": "a"}, {})
    with pytest.raises(RefusedError, match="BucketAlreadyExists"):
        theirs.create(BUCKET, {"bucket": "a"}, {})
    theirs.create(ROLE, {"name": "r", "assumeRolePolicy": "{}"}, {})
    assert ours.create(ROLE, {"name": "r", "assumeRolePolicy": "{}"}, {}), "roles are each account's own"


def test_a_bucket_goes_with_its_settings_and_not_with_what_is_in_it(aws: Cloud) -> None:
    bucket = aws.create(BUCKET, {"bucket": "a"}, {}).id
    aws.create(VERSIONS, {"bucket": "a", "versioningConfiguration": {"status": "Enabled"}}, {})
    with aws.account.change() as held:
        held.append(Resource("a/dump", OBJECT, {"bucket": "a", "key": "dump"}))

    with pytest.raises(RefusedError, match="BucketNotEmpty"):
        aws.delete(BUCKET, bucket)
    assert len(aws.account.resources()) == 3, "a refusal changes nothing"
    aws.delete(OBJECT, "a/dump")
    aws.delete(BUCKET, bucket)
    assert not aws.account.resources()


def test_a_quota_counts_what_is_there(openstack: Cloud) -> None:
    openstack.create(NETWORK, {"name": "a"}, {"Network": 1})
    with pytest.raises(RefusedError, match="Quota exceeded for Network: 1 in use"):
        openstack.create(NETWORK, {"name": "b"}, {"Network": 1})


def test_an_update_keeps_what_the_cloud_chose_and_drops_what_is_not_asked_for_any_more(aws: Cloud) -> None:
    made = aws.create(VPC, {"cidrBlock": "10.0.0.0/16", "tags": {"Name": "a"}}, {})

    changed = aws.update(VPC, made.id, made.inputs(), {"cidrBlock": "10.0.0.0/16", "enableDnsHostnames": True})

    assert changed.properties["defaultSecurityGroupId"] == made.properties["defaultSecurityGroupId"]
    assert changed.inputs() == {"cidrBlock": "10.0.0.0/16", "enableDnsHostnames": True}


def test_each_change_of_a_launch_template_is_a_new_version_unknown_before(aws: Cloud) -> None:
    made = aws.create(TEMPLATE, {"name": "t", "instanceType": "m7i.large"}, {})
    asked = {"name": "t", "instanceType": "m7i.xlarge"}

    assert aws.preview_update(TEMPLATE, made.properties, made.inputs(), asked)["latestVersion"] != 1
    assert aws.update(TEMPLATE, made.id, made.inputs(), asked).properties["latestVersion"] == 2


def test_a_change_is_found_at_its_path_and_a_default_of_the_cloud_is_none(aws: Cloud) -> None:
    rule = table("aws").resources["aws:eks/cluster:Cluster"]
    asked = {"name": "c", "vpcConfig": {"subnetIds": ["a"], "endpointPublicAccess": False}}
    now = {**asked, "vpcConfig": {**asked["vpcConfig"], "vpcId": "chosen"}, "version": "1.33"}  # type: ignore[dict-item]

    assert not changes(rule, now, asked, asked)
    other = {**asked, "vpcConfig": {"subnetIds": ["a", "b"]}, "roleArn": "arn"}
    assert [(one.path, one.kind, one.replaces) for one in changes(rule, now, asked, other)] == [
        ("roleArn", "add", True),
        ("vpcConfig.endpointPublicAccess", "delete", False),
        ("vpcConfig.subnetIds", "update", False),
    ]
    assert not changes(rule, now, asked, other, ["vpcConfig", "roleArn"]), "ignored changes are none"


def test_the_old_one_goes_first_where_both_have_the_same_name() -> None:
    rule = table("aws").resources[GROUP]
    assert deletes_first(rule, {"name": "a", "vpcId": "one"}, {"name": "a", "vpcId": "two"})
    assert not deletes_first(rule, {"name": "a"}, {"name": "b"})


def test_a_template_keeps_types_and_makes_the_same_each_time() -> None:
    assert fill({"a": ["{n}", "x-{n}"], "b": "{missing}"}, {"n": 3}, "") == {"a": [3, "x-3"], "b": None}
    assert fill("{uuid}", {}, "seed") == fill("{uuid}", {}, "seed") != fill("{uuid}", {}, "other")


def test_an_order_hits_the_calls_it_names_and_no_others(tmp_path: Path) -> None:
    steering = Steering(tmp_path / "steering.json")
    steering.give(Order("fail", on="create", type="*:Vpc", first=2, times=2))
    steering.limit(Vpc=3)

    hits = [len(steering.take(on, VPC, "vpc")) for on in ("create", "delete", "create", "create", "create")]

    assert hits == [0, 0, 1, 1, 0]
    assert steering.data()["quotas"] == {"Vpc": 3}, "orders and quotas do not disturb each other"
