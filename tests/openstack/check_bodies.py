"""Runs in `.venv-openstack`, beside the OpenStack services themselves: are these request bodies what they take?

Reads a JSON list of {"service", "path", "body", "of"} and prints one of what is wrong, each beginning with `of`.
Every check is the service's own code, as its API runs it on a request. Imports nothing of ours.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from typing import Any

Body = dict[str, Any]
#: What the API's fields called `*_id` get in a dry run; services insist on the shape.
UUID = "5f3a4a64-8d0b-4c43-9d3c-3a4f3f6a1b11"


def magnum(path: str) -> Callable[[Body], None]:
    """The types of Magnum's controllers, and for node groups what the controller says of counts and roles."""
    from magnum.api.controllers.v1 import cluster, cluster_template, nodegroup
    from magnum.api.validation import Validator
    from wsme.rest import json as wire

    def template(body: Body) -> None:
        read = wire.fromjson(cluster_template.ClusterTemplate, body)
        checker = Validator.get_coe_validator(read.coe)
        checker.validate_network_driver(read.network_driver)
        checker.validate_volume_driver(read.volume_driver)
        checker.validate_server_type(read.server_type)

    def group(body: Body) -> None:
        read = wire.fromjson(nodegroup.NodeGroup, body)
        nodegroup._validate_node_count(read)
        nodegroup._validate_node_attrs_role(read)

    return {
        "/v1/clustertemplates": template,
        "/v1/clusters": lambda body: wire.fromjson(cluster.Cluster, body),
        "/v1/clusters/*/nodegroups": group,
    }[path]


def nova(path: str) -> Callable[[Body], None]:
    """The JSON schemas of Nova's API, for the microversions that the provider asks for."""
    from nova.api.openstack.compute.schemas import server_groups, servers
    from nova.api.validation import validators

    schema = {"/v2.1/servers": servers.create, "/v2.1/os-server-groups": server_groups.create_v215}[path]
    return lambda body: validators._SchemaValidator(schema).validate(body)


def cinder(path: str) -> Callable[[Body], None]:
    """The JSON schema of Cinder's API."""
    from cinder.api.schemas import volumes
    from cinder.api.validation import validators

    schema = {"/v3/*/volumes": volumes.create}[path]
    return lambda body: validators._SchemaValidator(schema).validate(body)


def octavia(path: str) -> Callable[[Body], None]:
    """The types of Octavia's controllers."""
    from octavia.api.v2.types import health_monitor, listener, load_balancer, member, pool
    from wsme.rest import json as wire

    kind = {
        "/v2.0/lbaas/loadbalancers": load_balancer.LoadBalancerRootPOST,
        "/v2.0/lbaas/listeners": listener.ListenerRootPOST,
        "/v2.0/lbaas/pools": pool.PoolRootPOST,
        "/v2.0/lbaas/pools/*/members": member.MemberRootPOST,
        "/v2.0/lbaas/healthmonitors": health_monitor.HealthMonitorRootPOST,
    }[path]
    return lambda body: wire.fromjson(kind, body)


def neutron(path: str) -> Callable[[Body], None]:
    """The attribute maps of Neutron's API with the extensions that we rely on, checked as its controllers do."""
    from neutron.extensions import securitygroup, standardattrdescription
    from neutron_lib.api import attributes
    from neutron_lib.api.definitions import l3, network, port, subnet

    maps = network.RESOURCE_ATTRIBUTE_MAP | subnet.RESOURCE_ATTRIBUTE_MAP | l3.RESOURCE_ATTRIBUTE_MAP
    maps |= securitygroup.RESOURCE_ATTRIBUTE_MAP
    ports = port.RESOURCE_ATTRIBUTE_MAP["ports"] | securitygroup.EXTENDED_ATTRIBUTES_2_0["ports"]
    maps |= {"ports": ports}
    if path.endswith("/add_router_interface"):
        return _interface
    changes = path.endswith("/*")
    name = path.removesuffix("/*").rpartition("/")[2].replace("-", "_")
    info = attributes.AttributeInfo(maps[name] | standardattrdescription.DESCRIPTION_BODY)

    def check(body: Body) -> None:
        [(_, inner)] = body.items()
        inner = dict(inner)
        info.verify_attributes(inner)
        if not changes:
            info.fill_post_defaults(inner | {"project_id": "p", "tenant_id": "p"})
        info.convert_values(inner)

    return check


def _interface(body: Body) -> None:
    """A router takes a subnet or a port."""
    if len(body) != 1 or not {"subnet_id", "port_id"} & set(body):
        raise ValueError("either subnet_id or port_id")


CHECKS: dict[str, Callable[[str], Callable[[Body], None]]] = {
    "container-infra": magnum,
    "compute": nova,
    "volumev3": cinder,
    "load-balancer": octavia,
    "network": neutron,
}


def problems(calls: list[dict[str, Any]]) -> list[str]:
    """What is wrong with each call; a service or path without a check is wrong too."""
    found = []
    for call in calls:
        try:
            CHECKS[call["service"]](call["path"])(call["body"])
        except Exception as error:  # noqa: BLE001 - whatever the service raises is its refusal
            found.append(f"{call['of']}: {call['service']} {call['path']}: {type(error).__name__}: {error}")
    return found


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print(json.dumps(problems(json.load(sys.stdin))))
