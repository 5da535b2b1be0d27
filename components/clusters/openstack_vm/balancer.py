"""The site's one address: Octavia leads the Kubernetes API to the control plane, and http and https to the ingress.

Nothing in the cluster has to speak to the cloud for this. https://docs.openstack.org/octavia/latest/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_openstack as openstack
from pulumi import Output, ResourceOptions

from components.clusters.openstack_vm import choices
from components.clusters.openstack_vm.config import OpenStackVm
from components.clusters.openstack_vm.network import Network

#: Seconds between two looks at a machine, for an answer, and how many must fail before it gets no more.
_DELAY, _TIMEOUT, _RETRIES = 10, 5, 3


@dataclass(frozen=True, kw_only=True)
class Balancer:
    """The load balancer and the site's address on the internet."""

    balancer: openstack.loadbalancer.LoadBalancer
    public: Output[str]


def balancer(config: OpenStackVm, site: str, inside: Network, opts: ResourceOptions) -> Balancer:
    """With a fixed address inside, which every machine is told, and a floating one outside."""
    made = openstack.loadbalancer.LoadBalancer(
        "balancer",
        name=choices.site_name(site),
        vip_subnet_id=inside.subnet.id,
        vip_address=choices.balancer_address(config),
        admin_state_up=True,
        opts=opts,
    )
    # The name of the site leads to it, so it is not given back with the rest by accident.
    address = openstack.networking.FloatingIp(
        "site",
        pool=config.external_network,
        description=f"Site {site}",
        opts=ResourceOptions.merge(opts, ResourceOptions(protect=True, depends_on=inside.ready)),
    )
    openstack.networking.FloatingIpAssociate("site", floating_ip=address.address, port_id=made.vip_port_id, opts=opts)
    return Balancer(balancer=made, public=address.address)


def lead(
    config: OpenStackVm,
    site: str,
    to: Balancer,
    control: Mapping[str, pulumi.Input[str]],
    workers: Mapping[str, pulumi.Input[str]],
    subnet: openstack.networking.Subnet,
    opts: ResourceOptions,
) -> None:
    """The three ports: from where they are reached, and to which addresses (by machine) they lead."""
    ranges = [*config.api_ranges, config.network_range] if config.api_ranges else None
    _port("api", site, to, (choices.API_PORT, choices.API_PORT), ranges, control, subnet, opts)
    for port, inner in choices.INGRESS_PORTS.items():
        _port(f"ingress-{port}", site, to, (port, inner), None, workers, subnet, opts)


def _port(
    name: str,
    site: str,
    to: Balancer,
    ports: tuple[int, int],
    ranges: Sequence[str] | None,
    addresses: Mapping[str, pulumi.Input[str]],
    subnet: openstack.networking.Subnet,
    opts: ResourceOptions,
) -> None:
    title = f"{choices.site_name(site)}-{name}"
    listener = openstack.loadbalancer.Listener(
        name,
        name=title,
        loadbalancer_id=to.balancer.id,
        protocol="TCP",
        protocol_port=ports[0],
        allowed_cidrs=list(ranges) if ranges else None,
        opts=opts,
    )
    pool = openstack.loadbalancer.Pool(
        name, name=title, listener_id=listener.id, protocol="TCP", lb_method="LEAST_CONNECTIONS", opts=opts
    )
    openstack.loadbalancer.Monitor(
        name,
        name=title,
        pool_id=pool.id,
        type="TCP",
        delay=_DELAY,
        timeout=_TIMEOUT,
        max_retries=_RETRIES,
        opts=opts,
    )
    made: list[openstack.loadbalancer.Member] = []
    for machine, address in addresses.items():
        # One after the other, as Octavia does it anyway: one that nobody heard of is the first that is missing.
        after = ResourceOptions.merge(opts, ResourceOptions(depends_on=made[-1:]))
        member = openstack.loadbalancer.Member(
            f"{name}-{machine}",
            name=machine,
            pool_id=pool.id,
            address=address,
            protocol_port=ports[1],
            subnet_id=subnet.id,
            opts=after,
        )
        made.append(member)
