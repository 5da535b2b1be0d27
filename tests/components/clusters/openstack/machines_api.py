"""What the provider asks of Nova, Neutron, Cinder and Octavia for a cluster on plain machines."""

from __future__ import annotations

import base64
from typing import Any

from tests.components.clusters.openstack.calls import Api, Rule, snake
from tests.components.clusters.openstack.magnum_api import LOOK_UPS as MAGNUM_LOOK_UPS
from tests.recording import id_of

_NET, _LB, _COMPUTE, _VOLUMES = "/v2.0", "/v2.0/lbaas", "/v2.1", "/v3/*/volumes"


def _kept(path: str, *, put: bool = True) -> tuple[str, ...]:
    """Looked at, changed and taken away at its own address."""
    return (f"GET {path}/*", *((f"PUT {path}/*",) if put else ()), f"DELETE {path}/*")


def _net(kind: str, path: str, later: tuple[str, ...] | None = None, **settings: Any) -> Api:
    whole = f"{_NET}/{path}"
    return Api(service="network", path=whole, wrapped=kind, later=later or _kept(whole), **settings)


def _lb(kind: str, path: str, **settings: Any) -> Api:
    """Octavia refuses changes while one is made, so the provider looks at the whole balancer before and after each."""
    whole = f"{_LB}/{path}"
    later = (*_kept(whole), f"GET {_LB}/loadbalancers/*")
    return Api(
        service="load-balancer", path=whole, wrapped=kind, later=later, always={"admin_state_up": True}, **settings
    )


def _each(value: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Mappings in a list, with the names of their keys as the API has them."""
    return [{str(snake(key)[key]): inner for key, inner in one.items()} for one in value]


APIS: dict[str, Api] = {
    "openstack:networking/network:Network": _net("network", "networks", names=snake("name", "adminStateUp")),
    "openstack:networking/subnet:Subnet": _net(
        "subnet",
        "subnets",
        names=snake("name", "networkId", "cidr", "ipVersion", "enableDhcp", "allocationPools", "dnsNameservers"),
    ),
    "openstack:networking/router:Router": _net(
        "router",
        "routers",
        names=snake("name", "adminStateUp", externalNetworkId="external_gateway_info.network_id"),
    ),
    "openstack:networking/routerInterface:RouterInterface": Api(
        service="network",
        method="PUT",
        path=f"{_NET}/routers/*/add_router_interface",
        aside=("routerId",),
        names=snake("subnetId"),
        later=(f"GET {_NET}/ports/*", f"PUT {_NET}/routers/*/remove_router_interface"),
    ),
    "openstack:networking/secGroup:SecGroup": _net(
        "security_group",
        "security-groups",
        aside=("deleteDefaultRules",),
        names=snake("name", "description"),
        later=(*_kept(f"{_NET}/security-groups"), f"DELETE {_NET}/security-group-rules/*"),
    ),
    "openstack:networking/secGroupRule:SecGroupRule": _net(
        "security_group_rule",
        "security-group-rules",
        names=snake(
            *("direction", "ethertype", "protocol", "portRangeMin", "portRangeMax"),
            *("securityGroupId", "remoteGroupId", "remoteIpPrefix"),
        ),
        later=_kept(f"{_NET}/security-group-rules", put=False),
    ),
    "openstack:networking/port:Port": _net(
        "port",
        "ports",
        names=snake(
            *("name", "networkId", "adminStateUp"),
            fixedIps=lambda value: {"fixed_ips": _each(value)},
            securityGroupIds="security_groups",
        ),
    ),
    "openstack:networking/floatingIp:FloatingIp": _net(
        "floatingip",
        "floatingips",
        # The provider looks the network up by its name.
        names=snake("description", pool=lambda name: {"floating_network_id": id_of(name)}),
        later=(*_kept(f"{_NET}/floatingips"), f"GET {_NET}/networks"),
    ),
    "openstack:networking/floatingIpAssociate:FloatingIpAssociate": Api(
        service="network",
        method="PUT",
        path=f"{_NET}/floatingips/*",
        wrapped="floatingip",
        aside=("floatingIp",),
        names=snake("portId"),
        later=(f"GET {_NET}/floatingips", f"GET {_NET}/floatingips/*"),
    ),
    "openstack:loadbalancer/loadBalancer:LoadBalancer": _lb(
        "loadbalancer", "loadbalancers", names=snake("name", "vipSubnetId", "vipAddress", "adminStateUp")
    ),
    "openstack:loadbalancer/listener:Listener": _lb(
        "listener", "listeners", names=snake("name", "loadbalancerId", "protocol", "protocolPort", "allowedCidrs")
    ),
    "openstack:loadbalancer/pool:Pool": _lb(
        "pool", "pools", names=snake("name", "listenerId", "protocol", lbMethod="lb_algorithm")
    ),
    "openstack:loadbalancer/monitor:Monitor": _lb(
        "healthmonitor", "healthmonitors", names=snake("name", "poolId", "type", "delay", "timeout", "maxRetries")
    ),
    "openstack:loadbalancer/member:Member": _lb(
        "member", "pools/*/members", aside=("poolId",), names=snake("name", "address", "protocolPort", "subnetId")
    ),
    "openstack:blockstorage/volume:Volume": Api(
        service="volumev3",
        path=_VOLUMES,
        wrapped="volume",
        aside=("enableOnlineResize",),
        names=snake("name", "size", "volumeType", "availabilityZone"),
        later=(*_kept(_VOLUMES), f"POST {_VOLUMES}/*/action"),
    ),
    "openstack:compute/serverGroup:ServerGroup": Api(
        service="compute",
        path=f"{_COMPUTE}/os-server-groups",
        wrapped="server_group",
        names=snake("name", policies=lambda value: {"policies": [value]}),
        later=_kept(f"{_COMPUTE}/os-server-groups", put=False),
    ),
    "openstack:compute/instance:Instance": Api(
        service="compute",
        path=f"{_COMPUTE}/servers",
        wrapped="server",
        beside=("OS-SCH-HNT:scheduler_hints",),
        aside=("stopBeforeDestroy",),
        names=snake(
            *("name", "availabilityZone", "networks", "configDrive"),
            # The provider looks the flavor up by its name.
            flavorName="flavorRef",
            imageId="imageRef",
            keyPair="key_name",
            schedulerHints=lambda value: {"OS-SCH-HNT:scheduler_hints": value[0]},
            blockDevices=lambda value: {"block_device_mapping_v2": _each(value)},
            userData=lambda value: {"user_data": base64.b64encode(value.encode()).decode()},
        ),
        later=(
            *_kept(f"{_COMPUTE}/servers"),
            f"POST {_COMPUTE}/servers/*/action",
            f"GET {_COMPUTE}/servers/*/os-interface",
            f"GET {_COMPUTE}/servers/*/os-volume_attachments",
            f"GET {_COMPUTE}/flavors/detail",
            f"GET {_COMPUTE}/flavors/*",
        ),
    ),
}

LOOK_UPS: dict[str, Rule] = {
    token: rule
    for token, rule in MAGNUM_LOOK_UPS.items()
    if token.startswith(("openstack:images", "openstack:networking"))
}
