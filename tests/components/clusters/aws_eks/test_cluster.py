"""What is asked of AWS for a site: safe by default, in an order that leaves nothing behind, and nothing nameless."""

from __future__ import annotations

import json

import pytest

from components.clusters.aws_eks.node_plan import ACCELERATOR
from tests.components.clusters.aws_eks.recording import ADMIN, before, walked

TAGLESS = {
    "aws:ec2/route:Route", "aws:ec2/routeTableAssociation:RouteTableAssociation",
    "aws:iam/rolePolicy:RolePolicy", "aws:iam/rolePolicyAttachment:RolePolicyAttachment", "aws:kms/alias:Alias",
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation", "aws:efs/mountTarget:MountTarget",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "aws:s3/bucketPolicy:BucketPolicy",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "aws:s3/bucketVersioning:BucketVersioning",
}  # fmt: skip


def test_everything_that_can_carry_a_tag_carries_the_sites(made):
    for one in made:
        if one.type.startswith("aws:") and one.type not in TAGLESS:
            assert one.inputs["tags"]["arcos.dev/site"] == "aws-sydney", f"{one.name}: whose is it?"
            assert one.inputs["tags"]["cost-centre"] == "4711", f"{one.name}: who pays for it?"


def test_the_platforms_own_tags_cannot_be_replaced(build):
    made = build(tags=[{"key": "arcos.dev/site", "value": "another"}])
    assert {one.inputs["tags"]["arcos.dev/site"] for one in made if "tags" in one.inputs} == {"aws-sydney"}


def test_machines_and_their_disks_carry_the_tag_too(of_type):
    for template in of_type("LaunchTemplate"):
        tagged = {one["resourceType"]: one["tags"] for one in template.inputs["tagSpecifications"]}
        assert sorted(tagged) == ["instance", "network-interface", "volume"]
        assert all(tags["arcos.dev/site"] == "aws-sydney" for tags in tagged.values())


def test_nothing_gets_a_name_that_the_engine_invents(of_type):
    for short, key in [
        ("Role", "name"),
        ("LaunchTemplate", "name"),
        ("NodeGroup", "nodeGroupName"),
        ("Cluster", "name"),
    ]:
        for one in of_type(short):
            assert one.inputs.get(key), f"{one.name}: a policy can be held to a name that is known"


def test_the_control_plane_is_closed_encrypted_and_logged(of_type):
    [cluster] = of_type("Cluster")
    assert cluster.inputs["accessConfig"] == {
        "authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False
    }, "who made it is no administrator: every one stands in the site file"  # fmt: skip
    assert cluster.inputs["bootstrapSelfManagedAddons"] is False, "what no add-on keeps up to date nobody does"
    assert cluster.inputs["encryptionConfig"]["resources"] == ["secrets"]
    assert sorted(cluster.inputs["enabledClusterLogTypes"]) == [
        "api", "audit", "authenticator", "controllerManager", "scheduler"
    ]  # fmt: skip
    assert cluster.inputs["version"] == "1.37", "the release's"


def test_the_api_answers_the_ranges_of_the_site_only(of_type):
    [cluster] = of_type("Cluster")
    reached = cluster.inputs["vpcConfig"]
    assert (reached["endpointPrivateAccess"], reached["endpointPublicAccess"]) == (True, True)
    assert reached["publicAccessCidrs"] == ["203.0.113.0/24"], "a private range is not reached by a public address"
    ways = [one.inputs.get("cidrIpv4") for one in of_type("SecurityGroupIngressRule")]
    assert "10.200.0.0/16" in ways, "it comes over a VPN, to the private address"


def test_without_ranges_the_api_has_no_public_address(build):
    [cluster] = [one for one in build(apiRanges=[]) if one.type.endswith(":Cluster")]
    reached = cluster.inputs["vpcConfig"]
    assert reached["endpointPublicAccess"] is False
    assert "publicAccessCidrs" not in reached


def test_the_administrators_are_those_of_the_site(of_type):
    assert [one.inputs["principalArn"] for one in of_type("AccessEntry")] == [ADMIN]
    [granted] = of_type("AccessPolicyAssociation")
    assert granted.inputs["accessScope"] == {"type": "cluster"}


@pytest.mark.parametrize("short", ["Cluster", "Key", "Vpc"])
def test_what_cannot_be_got_back_is_protected(short, of_type):
    assert all(one.protect for one in of_type(short)), "it goes when somebody has said so twice"


def test_the_file_system_is_never_made_and_so_never_lost(made):
    assert not [one for one in made if one.type.startswith("aws:efs/") and "mountTarget" not in one.type]


def test_a_pool_is_a_group_with_its_bounds_labels_and_taints(of_type):
    groups = {one.name: one.inputs for one in of_type("NodeGroup")}
    assert list(groups) == ["core", "user", "gpu"]
    assert groups["gpu"]["scalingConfig"] == {"minSize": 0, "maxSize": 4, "desiredSize": 0}
    assert groups["core"]["labels"] == {"arcos.dev/pool": "core"}
    assert groups["gpu"]["labels"] == {"arcos.dev/pool": "gpu", "arcos.dev/gpu": "nvidia", ACCELERATOR: "nvidia"}
    assert groups["gpu"]["taints"] == [{"key": "arcos.dev/gpu", "effect": "NO_SCHEDULE"}]
    assert (groups["user"]["capacityType"], groups["core"]["capacityType"]) == ("SPOT", "ON_DEMAND")


def test_the_number_of_machines_within_the_bounds_is_not_ours(of_type):
    for group in of_type("NodeGroup"):
        assert group.ignore == ("scalingConfig.desiredSize",), "an `up` must not send away machines that are in use"


def test_other_bounds_send_no_machine_away_that_is_in_use(build):
    """EKS takes bounds and number in one call, and the state knows only the number of the last one."""
    core = {"minSize": 1, "maxSize": 4, "desiredCapacity": 4}
    user = {"minSize": 0, "maxSize": 20, "desiredCapacity": 9}
    gpu = {"minSize": 0, "maxSize": 9, "desiredCapacity": 7}
    made = build(groups={"core": core, "user": user, "gpu": gpu})
    groups = {one.name: one for one in made if one.type.endswith(":NodeGroup")}
    asked = {name: one.inputs["scalingConfig"]["desiredSize"] for name, one in groups.items()}
    kept = {name: bool(one.ignore) for name, one in groups.items()}
    assert (asked["core"], kept["core"]) == (4, False), "four run, and stay"
    assert kept["user"], "no bound of it changed, so nothing is called"
    assert (asked["gpu"], kept["gpu"]) == (4, False), "more than four may not run any longer"


def test_machines_keep_their_rights_from_pods_and_their_disks_encrypted(of_type):
    for template in of_type("LaunchTemplate"):
        meta = template.inputs["metadataOptions"]
        assert (meta["httpTokens"], meta["httpPutResponseHopLimit"]) == ("required", 1)
        for disk in template.inputs["blockDeviceMappings"]:
            assert (disk["ebs"]["encrypted"], disk["ebs"]["volumeType"]) == ("true", "gp3")


def test_groups_follow_the_control_planes_version(made, of_type):
    [cluster] = of_type("Cluster")
    for group in of_type("NodeGroup"):
        assert cluster.urn in group.needs
        assert group.inputs["version"] == "1.37"


def test_an_upgrade_moves_each_add_on_with_the_release(of_type):
    names = {one.inputs["addonName"] for one in of_type("Addon")}
    assert names == {
        "vpc-cni", "kube-proxy", "coredns", "eks-pod-identity-agent", "aws-ebs-csi-driver", "aws-efs-csi-driver"
    }  # fmt: skip
    assert all(one.inputs["addonVersion"] for one in of_type("Addon")), "without one it stays at its first for ever"


def test_network_policies_are_enforced(of_type):
    [network] = [one for one in of_type("Addon") if one.name == "vpc-cni"]
    assert json.loads(network.inputs["configurationValues"])["enableNetworkPolicy"] == "true"


def test_a_pods_role_can_be_taken_by_its_own_service_account_only(of_type):
    roles = {one.inputs["name"]: json.loads(one.inputs["assumeRolePolicy"]) for one in of_type("Role")}
    for addon in of_type("Addon"):
        for given in addon.inputs.get("podIdentityAssociations", []):
            [trust] = roles[given["roleArn"].rpartition("/")[2]]["Statement"]
            only = trust["Condition"]["StringEquals"]
            assert only["aws:RequestTag/kubernetes-service-account"] == given["serviceAccount"]
            assert only["aws:RequestTag/eks-cluster-name"] == "arcos-aws-sydney"


def test_the_autoscaler_and_dns_get_a_role_each_that_no_other_pod_can_take(of_type):
    roles = {one.inputs["name"]: json.loads(one.inputs["assumeRolePolicy"]) for one in of_type("Role")}
    given = {one.inputs["serviceAccount"]: one.inputs for one in _identities(of_type("PodIdentityAssociation"))}
    assert {name: one["namespace"] for name, one in given.items()} == {
        "cluster-autoscaler": "kube-system",
        "dns": "dns",
    }
    for account, one in given.items():
        [trust] = roles[one["roleArn"].rpartition("/")[2]]["Statement"]
        only = trust["Condition"]["StringEquals"]
        assert only["aws:RequestTag/kubernetes-service-account"] == account
        assert only["aws:RequestTag/kubernetes-namespace"] == one["namespace"]


def test_a_site_that_asks_for_neither_makes_no_role_for_it(build):
    made = build(hostedZone=None, autoscaling=False)
    assert not _identities(one for one in made if one.type.endswith(":PodIdentityAssociation"))
    assert not [one for one in made if one.type.endswith(":Deployment")], "and starts no autoscaler"


def _identities(made):
    """But for those of buckets, which have tests of their own."""
    return [one for one in made if not one.name.startswith("bucket-")]


def test_gateways_are_one_or_one_a_zone(of_type, build):
    assert len(of_type("NatGateway")) == 3
    one = build(network={"nat": "one"})
    assert len([made for made in one if made.type.endswith(":NatGateway")]) == 1
    assert len([made for made in one if made.type.endswith(":RouteTable")]) == 4, "a table a zone: no subnet moves"


# What is needed by something is deleted after it.


def _urns(made, *shorts: str) -> set[str]:
    found = {one.urn for one in made if one.type.rpartition(":")[2] in shorts}
    assert found
    return found


def test_all_of_the_cluster_is_there_before_the_first_object_and_until_the_last_is_gone(made):
    """A load balancer or a volume that Kubernetes made is taken away by controllers, which need all of this."""
    [provider] = _urns(made, "kubernetes")
    needed = before(made, provider)
    assert _urns(made, "Cluster", "NodeGroup", "Addon", "AccessPolicyAssociation", "NatGateway", "Route") <= needed
    assert _urns(made, "RolePolicy", "RolePolicyAttachment", "MountTarget") <= needed
    assert _urns(made, "PodIdentityAssociation") <= needed, "a pod learns of its role as it is made"


def test_the_private_way_to_the_api_stays_until_the_last_object_is_gone(made, of_type):
    """Whoever comes over a VPN could delete nothing in the cluster once it is shut."""
    [provider] = _urns(made, "kubernetes")
    [way] = [one for one in of_type("SecurityGroupIngressRule") if one.name == "api-from-10.200.0.0-16"]
    assert way.urn in before(made, provider)


def test_objects_in_the_cluster_need_its_provider(made):
    [provider] = _urns(made, "kubernetes")
    for one in made:
        if one.type.startswith("kubernetes:"):
            assert provider in before(made, one.urn)


def test_the_engine_can_say_that_something_is_protected(made):
    """It first walks from there along every path, and every object in the cluster has this many more."""
    inside = next(one for one in made if one.type == "pulumi:providers:kubernetes")

    assert walked(made, inside.urn) < 5000, "`pulumi destroy` would not end: who waits for whom twice over?"


def test_machines_have_a_way_out_as_long_as_there_are_machines(made):
    for group in _urns(made, "NodeGroup"):
        assert _urns(made, "NatGateway", "Route", "RouteTableAssociation") <= before(made, group)


def test_a_role_keeps_its_rights_as_long_as_somebody_uses_it(made):
    rights = {one.name: one.urn for one in made if one.type.endswith((":RolePolicy", ":RolePolicyAttachment"))}
    [cluster] = _urns(made, "Cluster")
    assert {rights["control-plane"], rights["control-plane-AmazonEKSClusterPolicy"]} <= before(made, cluster)
    for group in _urns(made, "NodeGroup"):
        assert {urn for name, urn in rights.items() if name.startswith("nodes-")} <= before(made, group)


def test_the_log_group_is_there_before_eks_would_make_its_own(made, of_type):
    [cluster] = of_type("Cluster")
    [group] = of_type("LogGroup")
    assert group.urn in before(made, cluster.urn)
    assert group.inputs["name"] == "/aws/eks/arcos-aws-sydney/cluster"
    assert group.inputs["retentionInDays"] == 90
    [deny] = [one for one in of_type("RolePolicy") if one.name == "control-plane"]
    [said] = json.loads(deny.inputs["policy"])["Statement"]
    assert (said["Effect"], said["Action"]) == ("Deny", ["logs:CreateLogGroup"]), "or a late line makes it again"


def test_the_kubeconfig_is_secret_and_holds_no_credential(of_type):
    [provider] = of_type("kubernetes")
    text = provider.inputs["kubeconfig"]
    text = text["value"] if isinstance(text, dict) else text
    known = json.loads(text)
    [user] = known["users"]
    assert list(user["user"]) == ["exec"], "no token, no key: whoever runs it signs in as what they are"
    assert user["user"]["exec"]["args"][:2] == ["eks", "get-token"]
