"""Everything a program asks of Pulumi, written down as the engine would get it, with answers as AWS would give them."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pulumi
from google.protobuf import struct_pb2
from pulumi.runtime import mocks, rpc
from pulumi.runtime.mocks import set_mocks
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import SETTINGS
from pulumi.runtime.stack import run_pulumi_func

from components.bucket import Bucket
from components.clusters.aws_eks.config import AwsEks
from components.clusters.contract import CloudBucket

Inputs = dict[str, Any]

REGION, ACCOUNT = "ap-southeast-2", "111122223333"
ADMIN = f"arn:aws:iam::{ACCOUNT}:role/arcos-operator"

#: A site that uses all that there is.
FULL: dict[str, Any] = {
    "kind": "aws-eks",
    "admins": [ADMIN],
    "apiRanges": ["203.0.113.0/24", "10.200.0.0/16"],
    "network": {"nat": "each-zone"},
    "sharedFileSystem": "fs-0123456789abcdef0",
    "hostedZone": "Z0123456789ABCDEFGHIJ",
    "autoscaling": True,
    "budget": {"monthlyUsd": 900, "notify": ["ops@example.org"]},
    "tags": [{"key": "cost-centre", "value": "4711"}],
    "nodePools": [
        {"name": "core", "instanceType": "m7i.large", "min": 3, "max": 6},
        {"name": "user", "instanceType": "m7i.2xlarge", "min": 0, "max": 20, "spot": True},
        {"name": "gpu", "instanceType": "g6.xlarge", "min": 0, "max": 4, "gpu": "nvidia", "taints": ["gpu"]},
    ],
}


#: And what its apps keep: dumps, layers, and a bucket of people.
BUCKETS = tuple(
    CloudBucket(bucket=bucket, name=f"arcos-aws-sydney-{bucket.name}")
    for bucket in (
        Bucket(name="dumps", app="database", namespace="database", quota="1Gi", accounts=("save", "restore")),
        Bucket(
            name="layers", app="registry", namespace="registry", quota="1Gi", accounts=("registry",), versioned=True
        ),
        Bucket(name="lab", app="objectstore", namespace="objectstore", quota="1Gi", expire_days=30),
    )
)


def config(**changes: Any) -> AwsEks:
    """The site with all that there is, or another one."""
    return AwsEks.model_validate(FULL | changes, strict=False)


@dataclass(frozen=True)
class Made:
    """One resource: its type and name, its inputs as the provider gets them, and how the engine is to treat it."""

    urn: str
    type: str
    name: str
    inputs: Inputs
    protect: bool
    ignore: tuple[str, ...]
    needs: frozenset[str]
    parent: str


class _NoMocks(mocks.Mocks):
    """The hook wants one; the monitor below never asks it."""

    def call(self, args: mocks.MockCallArgs) -> Inputs:
        raise AssertionError(f"{args.token} reached the mocks: the monitor answers every call itself")

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, Inputs]:
        raise AssertionError(f"{args.name} reached the mocks: the monitor takes every resource itself")


class _Monitor(mocks.MockMonitor):
    """Writes requests down, and answers with an id, the inputs, and what else AWS tells of such a resource."""

    def __init__(self, groups: Mapping[str, Inputs]) -> None:
        super().__init__(_NoMocks())
        self._groups = groups
        self.requests: list[tuple[str, resource_pb2.RegisterResourceRequest]] = []

    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> Any:  # noqa: N802
        urn = self.make_urn(request.parent, request.type, request.name)
        self.requests.append((urn, request))
        answer = struct_pb2.Struct()
        answer.CopyFrom(request.object)
        answer.update(_told(request.type, request.name, request.object))
        given = _id(request.type, request.name, request.object) if request.custom else ""
        return resource_pb2.RegisterResourceResponse(urn=urn, id=given, object=answer)

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> Any:  # noqa: N802
        asked = rpc.deserialize_properties(request.args)
        answer = struct_pb2.Struct()
        answer.update({"id": "found", "region": REGION} | self._found(request.tok, asked))
        return resource_pb2.ResourceInvokeResponse(**{"return": answer})

    def _found(self, function: str, asked: Inputs) -> Inputs:
        if function == "aws:autoscaling/getAmiIds:getAmiIds":
            wanted = {one["name"]: one["values"][0] for one in asked["filters"]}
            assert wanted["tag:eks:cluster-name"].startswith("arcos-")
            pool = wanted["tag:eks:nodegroup-name"].rpartition("-")[0]
            return {"names": [pool] if pool in self._groups else [], "arns": []}
        if function == "aws:autoscaling/getGroup:getGroup":
            return {"name": asked["name"]} | self._groups[asked["name"]]
        assert function == "aws:eks/getAddonVersion:getAddonVersion", f"nothing else is asked of AWS: {function}"
        return asked | {"version": "v1.0.0-eksbuild.1", "mostRecent": False}


def _id(kind: str, name: str, inputs: Any) -> str:
    """An id as EC2 gives it: its model says how long they are, and of what. A bucket's is its name."""
    short = kind.rpartition(":")[2]
    if kind.startswith("aws:s3/"):
        return str(inputs["bucket"])
    prefix = {"LaunchTemplate": "lt", "SecurityGroup": "sg", "Subnet": "subnet", "Vpc": "vpc"}.get(short, short.lower())
    return f"{prefix}-{hashlib.sha256(f'{kind} {name}'.encode()).hexdigest()[:17]}"


def _told(kind: str, name: str, inputs: Any) -> Inputs:
    service, short = kind.split(":")[1].split("/")[0], kind.rpartition(":")[2]
    if service == "iam" and short in ("Role", "Policy"):
        return {"arn": f"arn:aws:iam::{ACCOUNT}:{short.lower()}{inputs['path']}{inputs['name']}"}
    if short == "Bucket":
        return {"arn": f"arn:aws:s3:::{inputs['bucket']}"}
    more: Inputs = {"arn": f"arn:aws:{service}:{REGION}:{ACCOUNT}:{short}/{name}"}
    if short == "Cluster":
        more |= {"vpcConfig": {"clusterSecurityGroupId": "sg-0123456789abcdef0"}, "endpoint": "https://x.eks.example"}
        more |= {"certificateAuthority": {"data": "LS0tLS1CRUdJTg=="}}
    if short == "LaunchTemplate":
        more |= {"latestVersion": 1}
    if short == "Key":
        more |= {"keyId": "1234abcd-12ab-34cd-56ef-1234567890ab"}
    return more


def record(program: Callable[[], object], groups: Mapping[str, Inputs] | None = None) -> list[Made]:
    """The resources of a program, in the order in which they were asked for; `groups` of machines run already."""
    monitor = _Monitor(groups or {})

    async def main() -> None:
        set_mocks(_NoMocks(), project="arcos", stack="aws-sydney", preview=False, monitor=monitor)
        pulumi.runtime.set_all_config({"aws:region": REGION})
        SETTINGS.outputs = set()

        def start() -> None:
            program()

        await run_pulumi_func(start)

    asyncio.run(main())
    return [_made(urn, request) for urn, request in monitor.requests]


def _made(urn: str, request: resource_pb2.RegisterResourceRequest) -> Made:
    needs = set(request.dependencies)
    for found in request.propertyDependencies.values():
        needs |= set(found.urns)
    # A provider is named as <urn>::<id>.
    needs |= {request.provider.rsplit("::", 1)[0]} if request.provider else set()
    return Made(
        urn=urn,
        type=request.type,
        name=request.name,
        inputs=_whole(rpc.deserialize_properties(request.object)),
        protect=request.protect,
        ignore=tuple(request.ignoreChanges),
        needs=frozenset(needs),
        parent=request.parent,
    )


def _whole(value: Any) -> Any:
    """Numbers travel as floats; whole ones are integers again."""
    if isinstance(value, dict):
        return {key: _whole(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_whole(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def before(made: Iterable[Made], urn: str) -> set[str]:
    """The URNs of all that must be there before a resource, however many steps away; they are deleted after it."""
    known = {one.urn: one for one in made}
    found: set[str] = set()
    todo = [urn]
    while todo:
        for other in known[todo.pop()].needs - found:
            found.add(other)
            todo.append(other)
    return found


def walked(made: Iterable[Made], urn: str) -> int:
    """How many steps the engine takes from a resource to all that must be there before: each path anew."""
    known = {one.urn: one for one in made}

    @cache
    def steps(urn: str) -> int:
        return 1 + sum(map(steps, known[urn].needs))

    return steps(urn)
