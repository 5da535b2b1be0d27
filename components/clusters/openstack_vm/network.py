"""The network of an openstack-vm cluster: a private one behind a router, and who may reach which machine.

Owns network, subnet, router and security groups. A group begins with no rule at all; what is opened is
`choices.openings`. https://docs.openstack.org/neutron/latest/admin/intro-os-networking.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_openstack as openstack
from pulumi import InvokeOptions, ResourceOptions

from components.clusters.openstack_vm import choices
from components.clusters.openstack_vm.config import OpenStackVm


@dataclass(frozen=True, kw_only=True)
class Network:
    """What machines are put into. `ready` is what has to be there before the first one is of use."""

    network: openstack.networking.Network
    subnet: openstack.networking.Subnet
    groups: Mapping[str, openstack.networking.SecGroup]
    ready: list[pulumi.Resource]


def network(config: OpenStackVm, site: str, opts: ResourceOptions) -> Network:
    """All of it."""
    name = choices.site_name(site)
    outside = openstack.networking.get_network_output(
        name=config.external_network, external=True, opts=InvokeOptions(parent=opts.parent)
    )
    # Another network is another cluster, and so are other addresses: etcd's members are known by theirs.
    kept = ResourceOptions.merge(opts, ResourceOptions(protect=True))
    inside = openstack.networking.Network("machines", name=name, admin_state_up=True, opts=kept)
    first, last = choices.free_addresses(config)
    subnet = openstack.networking.Subnet(
        "machines",
        name=name,
        network_id=inside.id,
        cidr=config.network_range,
        allocation_pools=[{"start": first, "end": last}],
        dns_nameservers=list(config.name_servers) or None,
        ip_version=4,
        enable_dhcp=True,
        opts=kept,
    )
    router = openstack.networking.Router(
        "way-out", name=name, admin_state_up=True, external_network_id=outside.id, opts=opts
    )
    interface = openstack.networking.RouterInterface("way-out", router_id=router.id, subnet_id=subnet.id, opts=opts)
    groups = {
        group: openstack.networking.SecGroup(
            group,
            name=f"{name}-{group}",
            description=f"Machines of site {site}: {group}",
            delete_default_rules=True,
            opts=opts,
        )
        for group in choices.openings(config)
    }
    return Network(network=inside, subnet=subnet, groups=groups, ready=[interface, *_rules(config, groups, opts)])


def _rules(
    config: OpenStackVm, groups: Mapping[str, openstack.networking.SecGroup], opts: ResourceOptions
) -> list[pulumi.Resource]:
    """Out: everything, for machines fetch images from anywhere. In: what is opened and nothing else."""
    made: list[pulumi.Resource] = [
        openstack.networking.SecGroupRule(
            f"{group}-out", security_group_id=owner.id, direction="egress", ethertype="IPv4", opts=opts
        )
        for group, owner in groups.items()
    ]
    made += [
        openstack.networking.SecGroupRule(
            f"{group}-{rule.name}",
            security_group_id=groups[group].id,
            direction="ingress",
            ethertype="IPv4",
            protocol=rule.protocol,
            port_range_min=rule.first,
            port_range_max=rule.last,
            remote_group_id=groups[rule.group].id if rule.group else None,
            remote_ip_prefix=rule.source or None,
            opts=opts,
        )
        for group, rules in choices.openings(config).items()
        for rule in rules
    ]
    return made
