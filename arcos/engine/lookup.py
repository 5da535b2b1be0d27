"""How something that the cloud may have made, and nobody heard of, is found again: by what it was asked for. Pure.

Names and tags of the platform are one of a kind in a site (`tests/engine/test_lookup.py` holds that), so what is found
is it. The questions are functions of the same provider that makes the thing, with the same credentials.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Data = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Question:
    """A function of a provider and its arguments."""

    function: str
    args: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Lookup:
    """One `function`, asked `by` values made of the inputs; `id` is what `pulumi import` takes, made of both.

    Templates as `str.format` has them; `found` is the answer. Nothing is there where `if_` is empty.
    """

    function: str
    by: Mapping[str, str]
    id: str = "{found[id]}"
    if_: str = "found"


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """What the cloud `says` of what it has already, which is the pattern's first group; `id` as in :class:`Lookup`."""

    says: re.Pattern[str]
    id: str = "{found}"


@dataclass(frozen=True, kw_only=True)
class Afterlife:
    """A question about an id that tells whether it is deleted, though it is listed: its `state` is one of `gone`."""

    function: str
    by: str
    state: str
    gone: tuple[str, ...]


def _aws(function: str, id_: str, *by: str) -> Lookup:
    return Lookup(function=f"aws:{function}", by={name: f"{{{name}}}" for name in by}, id=id_)


def _openstack(function: str, *by: str, id_: str = "{found[id]}") -> Lookup:
    return Lookup(function=f"openstack:{function}", by={name: f"{{{name}}}" for name in by}, id=id_)


_PORT, _POOL = "openstack:networking/getPort:getPort", "openstack:loadbalancer/getPoolV2:getPoolV2"
#: Each type's ways; the first that finds something counts.
LOOKUPS: Mapping[str, Sequence[Lookup]] = {
    "aws:eks/cluster:Cluster": [_aws("eks/getCluster:getCluster", "{name}", "name")],
    "aws:eks/nodeGroup:NodeGroup": [
        _aws("eks/getNodeGroup:getNodeGroup", "{clusterName}:{nodeGroupName}", "clusterName", "nodeGroupName")
    ],
    "aws:eks/addon:Addon": [_aws("eks/getAddon:getAddon", "{clusterName}:{addonName}", "clusterName", "addonName")],
    "aws:eks/accessEntry:AccessEntry": [
        _aws("eks/getAccessEntry:getAccessEntry", "{clusterName}:{principalArn}", "clusterName", "principalArn")
    ],
    "aws:iam/role:Role": [_aws("iam/getRole:getRole", "{name}", "name")],
    # AWS looks for two minutes before it says that there is none.
    "aws:iam/policy:Policy": [
        Lookup(function="aws:iam/getPolicy:getPolicy", by={"name": "{name}", "pathPrefix": "{path}"}, id="{found[arn]}")
    ],
    # Somebody else's bucket is not found: who makes one of that name is told.
    "aws:s3/bucket:Bucket": [_aws("s3/getBucket:getBucket", "{bucket}", "bucket")],
    "aws:kms/alias:Alias": [_aws("kms/getAlias:getAlias", "{name}", "name")],
    "aws:cloudwatch/logGroup:LogGroup": [_aws("cloudwatch/getLogGroup:getLogGroup", "{name}", "name")],
    "aws:budgets/budget:Budget": [_aws("budgets/getBudget:getBudget", "{found[accountId]}:{name}", "name")],
    "aws:ec2/route:Route": [
        _aws("ec2/getRoute:getRoute", "{routeTableId}_{destinationCidrBlock}", "routeTableId", "destinationCidrBlock")
    ],
    "aws:ec2/routeTableAssociation:RouteTableAssociation": [
        _aws("ec2/getRouteTable:getRouteTable", "{subnetId}/{routeTableId}", "subnetId", "routeTableId")
    ],
    "openstack:containerinfra/clusterTemplate:ClusterTemplate": [
        _openstack("containerinfra/getClusterTemplate:getClusterTemplate", "name")
    ],
    "openstack:containerinfra/cluster:Cluster": [_openstack("containerinfra/getCluster:getCluster", "name")],
    "openstack:containerinfra/nodeGroup:NodeGroup": [
        _openstack("containerinfra/getNodeGroup:getNodeGroup", "clusterId", "name", id_="{clusterId}/{found[id]}")
    ],
    "openstack:networking/network:Network": [_openstack("networking/getNetwork:getNetwork", "name")],
    "openstack:networking/subnet:Subnet": [_openstack("networking/getSubnet:getSubnet", "networkId", "cidr")],
    "openstack:networking/router:Router": [_openstack("networking/getRouter:getRouter", "name")],
    # Neutron says by the port's owner how a router is spread over machines.
    "openstack:networking/routerInterface:RouterInterface": [
        Lookup(function=_PORT, by={"deviceId": "{routerId}", "deviceOwner": f"network:{owner}"})
        for owner in ("router_interface", "ha_router_replicated_interface", "router_interface_distributed")
    ],
    "openstack:networking/secGroup:SecGroup": [_openstack("networking/getSecGroup:getSecGroup", "name")],
    "openstack:networking/port:Port": [_openstack("networking/getPort:getPort", "networkId", "name")],
    "openstack:networking/floatingIp:FloatingIp": [
        _openstack("networking/getFloatingIp:getFloatingIp", "description", "pool")
    ],
    "openstack:compute/serverGroup:ServerGroup": [
        _openstack("compute/getServergroupV2:getServergroupV2", "name")
    ],
    # A machine has a port of its own, which says whose it is.
    "openstack:compute/instance:Instance": [
        Lookup(function=_PORT, by={"portId": "{networks[0][port]}"}, id="{found[deviceId]}", if_="deviceId")
    ],
    "openstack:blockstorage/volume:Volume": [_openstack("blockstorage/getVolumeV3:getVolumeV3", "name")],
    "openstack:loadbalancer/loadBalancer:LoadBalancer": [
        _openstack("loadbalancer/getLoadbalancerV2:getLoadbalancerV2", "name")
    ],
    "openstack:loadbalancer/listener:Listener": [
        _openstack("loadbalancer/getListenerV2:getListenerV2", "loadbalancerId", "name")
    ],
    "openstack:loadbalancer/pool:Pool": [_openstack("loadbalancer/getPoolV2:getPoolV2", "name")],
    "openstack:loadbalancer/monitor:Monitor": [
        Lookup(function=_POOL, by={"poolId": "{poolId}"}, id="{found[healthmonitorId]}", if_="healthmonitorId")
    ],
}  # fmt: skip
#: What AWS finds by the tags of the site, and the part of its ARN that says what it is.
TAGGED: Mapping[str, str] = {
    "aws:ec2/vpc:Vpc": ":vpc/",
    "aws:ec2/subnet:Subnet": ":subnet/",
    "aws:ec2/internetGateway:InternetGateway": ":internet-gateway/",
    "aws:ec2/eip:Eip": ":elastic-ip/",
    "aws:ec2/natGateway:NatGateway": ":natgateway/",
    "aws:ec2/routeTable:RouteTable": ":route-table/",
    "aws:ec2/securityGroup:SecurityGroup": ":security-group/",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": ":security-group-rule/",
    "aws:ec2/launchTemplate:LaunchTemplate": ":launch-template/",
    "aws:ec2/vpcEndpoint:VpcEndpoint": ":vpc-endpoint/",
    "aws:kms/key:Key": ":key/",
}
#: Of these a list is all that the cloud gives; the one that the state does not know is the first that is missing there,
#: for the program makes them one after the other.
MEMBER = "openstack:loadbalancer/member:Member"
#: Found by the network interface that AWS makes for it, whose description names it.
MOUNT = "aws:efs/mountTarget:MountTarget"
#: What nothing finds: the cloud names the one that is there when it refuses to make a second one.
REFUSED: Mapping[str, Refusal] = {
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": Refusal(
        says=re.compile(r"Association already exists: (a-\w+)"), id="{clusterName},{found}"
    ),
    "openstack:networking/secGroupRule:SecGroupRule": Refusal(says=re.compile(r"Rule id is ([0-9a-f-]{36})")),
}
#: What AWS lists by its tags after it was deleted: a key for a month, a gateway for an hour.
AFTERLIFE: Mapping[str, Afterlife] = {
    "aws:kms/key:Key": Afterlife(
        function="aws:kms/getKey:getKey",
        by="keyId",
        state="keyState",
        gone=("PendingDeletion", "PendingReplicaDeletion"),
    ),
    "aws:ec2/natGateway:NatGateway": Afterlife(
        function="aws:ec2/getNatGateway:getNatGateway", by="id", state="state", gone=("deleting", "deleted", "failed")
    ),
}
#: Made again, it is the same thing.
AGAIN = frozenset(
    {
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:s3/bucketVersioning:BucketVersioning",
        "openstack:networking/floatingIpAssociate:FloatingIpAssociate",
        "openstack:objectstorage/container:Container",
    }
)


def questions(type_: str, asked: Data) -> list[Question]:
    """What to ask for one thing; nothing where its inputs are not all known, or nobody could answer."""
    if type_ in TAGGED:
        wanted = [{"key": key, "values": [value]} for key, value in sorted((asked.get("tags") or {}).items())]
        return [_tagged(wanted)] if wanted else []
    if type_ == MEMBER:
        return [Question(function=_POOL, args={"poolId": asked["poolId"]})]
    if type_ == MOUNT:
        filters = [
            {"name": "subnet-id", "values": [asked["subnetId"]]},
            {"name": "description", "values": [f"EFS mount target for {asked['fileSystemId']}*"]},
        ]
        return [Question(function="aws:ec2/getNetworkInterface:getNetworkInterface", args={"filters": filters})]
    return [
        Question(function=way.function, args={name: text.format_map(asked) for name, text in way.by.items()})
        for way in LOOKUPS.get(type_, ())
    ]


def ids(type_: str, asked: Data, answers: Iterable[Data | None], known: Collection[str]) -> list[str]:
    """What `pulumi import` calls the thing, from the answers to its questions in their order (None: not there).

    `known` are the last parts of this type's ids in the state, which are never meant. More than one: there are several,
    and a person must say.
    """
    given = list(answers)
    if type_ in TAGGED:
        arns = [one["resourceArn"] for answer in given if answer for one in answer["resourceTagMappingLists"]]
        found = [arn.rpartition("/")[2] for arn in arns if TAGGED[type_] in arn]
    elif type_ == MEMBER:
        members = [one["id"] for answer in given if answer for one in answer["members"]]
        return [f"{asked['poolId']}/{one}" for one in members if one not in known]
    elif type_ == MOUNT:
        found = [answer["description"].rpartition("(")[2].rstrip(")") for answer in given if answer]
    else:
        found = [
            way.id.format_map({**asked, "found": answer})
            for way, answer in zip(LOOKUPS.get(type_, ()), given, strict=True)
            if answer and (way.if_ == "found" or answer.get(way.if_))
        ][:1]
    return [one for one in found if one.rpartition("/")[2] not in known]


def after(type_: str, id_: str) -> Question:
    """What tells whether a thing of :data:`AFTERLIFE` is deleted."""
    way = AFTERLIFE[type_]
    return Question(function=way.function, args={way.by: id_})


def deleted(type_: str, answer: Data | None) -> bool:
    """Whether it is, by the answer to that."""
    way = AFTERLIFE[type_]
    return answer is None or answer.get(way.state) in way.gone


def _tagged(wanted: list[dict[str, Any]]) -> Question:
    return Question(function="aws:resourcegroupstaggingapi/getResources:getResources", args={"tagFilters": wanted})
