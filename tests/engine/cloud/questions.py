"""What a cloud answers to questions about several things at once: everything with a tag, a port and whose it is, a pool
and what is in it."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tests.engine.cloud.account import Resource

Data = dict[str, Any]
Answer = Callable[[Sequence[Resource], Data], Data | None]


def tagged(held: Sequence[Resource], args: Data) -> Data:
    """AWS: the ARNs of everything that has all of these tags."""
    wanted = [(one["key"], one["values"]) for one in args["tagFilters"]]
    found = [
        {"resourceArn": _arn(one), "tags": one.properties["tags"]}
        for one in held
        if all(one.properties.get("tags", {}).get(key) in values for key, values in wanted)
    ]
    return {**args, "id": "found", "resourceTagMappingLists": found}


def interface(held: Sequence[Resource], args: Data) -> Data | None:
    """AWS: the network interface of a mount target, whose description names that."""
    wanted = {one["name"]: one["values"] for one in args["filters"]}
    for one in _of(held, "mountTarget:MountTarget"):
        description = f"EFS mount target for {one.properties['fileSystemId']} ({one.id})"
        fits = any(fnmatch.fnmatchcase(description, pattern) for pattern in wanted["description"])
        if one.properties["subnetId"] in wanted["subnet-id"] and fits:
            return {**args, "id": one.properties["networkInterfaceId"], "description": description}
    return None


def policy(held: Sequence[Resource], args: Data) -> Data | None:
    """AWS: a policy of ours by its name, below a path."""
    for one in _of(held, "iam/policy:Policy"):
        if one.properties["name"] == args["name"] and one.properties["path"].startswith(args["pathPrefix"]):
            return {**args, **one.properties, "id": one.id}
    return None


def port(held: Sequence[Resource], args: Data) -> Data | None:
    """OpenStack: a port, a machine's or a router's, and the device that has it."""
    return next((one for one in _ports(held) if all(one.get(key) == value for key, value in args.items())), None)


def pool(held: Sequence[Resource], args: Data) -> Data | None:
    """OpenStack: a load balancer's pool with its members and its monitor."""
    for one in _of(held, "loadbalancer/pool:Pool"):
        if args.get("poolId", one.id) == one.id and args.get("name", one.properties["name"]) == one.properties["name"]:
            mine = [other for other in held if other.properties.get("poolId") == one.id]
            members = [{"id": other.id} for other in _of(mine, ":Member")]
            monitor = next((other.id for other in _of(mine, ":Monitor")), "")
            return {**args, "id": one.id, "members": members, "healthmonitorId": monitor}
    return None


#: By the function's token.
ANSWERS: Mapping[str, Answer] = {
    "aws:resourcegroupstaggingapi/getResources:getResources": tagged,
    "aws:ec2/getNetworkInterface:getNetworkInterface": interface,
    "aws:iam/getPolicy:getPolicy": policy,
    "openstack:networking/getPort:getPort": port,
    "openstack:loadbalancer/getPoolV2:getPoolV2": pool,
}


def _of(held: Sequence[Resource], suffix: str) -> Iterator[Resource]:
    return (one for one in held if one.type.endswith(suffix))


def _arn(one: Resource) -> str:
    # A NAT gateway's is in no property of it.
    return str(one.properties.get("arn") or f"arn:aws:ec2:ap-southeast-2:123456789012:natgateway/{one.id}")


def _ports(held: Sequence[Resource]) -> Iterator[Data]:
    owners = {
        one["port"]: machine.id
        for machine in _of(held, ":Instance")
        for one in machine.properties["networks"]
        if one.get("port")
    }
    for one in _of(held, ":Port"):
        yield {**one.properties, "id": one.id, "portId": one.id, "deviceId": owners.get(one.id, "")}
    for one in _of(held, ":RouterInterface"):
        router = {"deviceId": one.properties["routerId"], "deviceOwner": "network:router_interface"}
        yield {**one.properties, **router, "id": one.id, "portId": one.id}
