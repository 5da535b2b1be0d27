"""The machines of an openstack-vm cluster, each with a port and a volume that outlive it.

A machine is never changed: another image, size or birth makes a new one, after the old one has let go of port and
volume. One at a time, so that etcd keeps its majority and pods find room; what happens around it is `rolling.py`.
https://docs.openstack.org/nova/latest/user/
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pulumi
import pulumi_openstack as openstack
from pulumi import CustomTimeouts, Output, ResourceOptions

from components.clusters.openstack_vm.choices import Machine
from components.clusters.openstack_vm.config import OpenStackVm
from components.clusters.openstack_vm.network import Network


@dataclass(frozen=True, kw_only=True)
class Place:
    """What a machine is put into: its port, its volume, and its address in the network."""

    port: openstack.networking.Port
    volume: openstack.blockstorage.Volume
    address: Output[str]


def place(config: OpenStackVm, machine: Machine, inside: Network, group: str, opts: ResourceOptions) -> Place:
    """Both keep what the machine's name stands for: its address, and everything that it has written."""
    fixed: openstack.networking.PortFixedIpArgsDict = {"subnet_id": inside.subnet.id}
    if machine.address:
        fixed["ip_address"] = machine.address
    port = openstack.networking.Port(
        machine.name,
        name=machine.name,
        network_id=inside.network.id,
        admin_state_up=True,
        fixed_ips=[fixed],
        security_group_ids=[inside.groups[group].id],
        opts=opts,
    )
    volume = openstack.blockstorage.Volume(
        machine.name,
        name=machine.name,
        size=machine.disk,
        volume_type=config.volume_type,
        availability_zone=config.availability_zone,
        enable_online_resize=True,
        opts=ResourceOptions.merge(opts, ResourceOptions(protect=True)),
    )
    address = Output.from_input(machine.address) if machine.address else port.all_fixed_ips.apply(lambda all_: all_[0])
    return Place(port=port, volume=volume, address=address)


def apart(name: str, opts: ResourceOptions) -> openstack.compute.ServerGroup:
    """Machines of a group stand on different hosts where there are enough of them."""
    return openstack.compute.ServerGroup(name, name=name, policies="soft-anti-affinity", opts=opts)


def instance(
    config: OpenStackVm,
    machine: Machine,
    at: Place,
    *,
    image: pulumi.Input[str],
    told: pulumi.Input[str],
    group: openstack.compute.ServerGroup,
    opts: ResourceOptions,
) -> openstack.compute.Instance:
    """The machine itself; `told` is its cloud-init, always secret. It is stopped in good order before it goes."""
    return openstack.compute.Instance(
        machine.name,
        name=machine.name,
        flavor_name=machine.flavor,
        image_id=image,
        key_pair=config.key_pair,
        availability_zone=config.availability_zone,
        networks=[{"port": at.port.id}],
        block_devices=[
            {
                "uuid": image,
                "source_type": "image",
                "destination_type": "local",
                "boot_index": 0,
                "delete_on_termination": True,
            },
            {
                "uuid": at.volume.id,
                "source_type": "volume",
                "destination_type": "volume",
                "boot_index": -1,
                "delete_on_termination": False,
            },
        ],
        scheduler_hints=[{"group": group.id}],
        user_data=Output.secret(told),
        config_drive=True,
        stop_before_destroy=True,
        opts=ResourceOptions.merge(
            opts,
            ResourceOptions(
                delete_before_replace=True,
                replace_on_changes=["image_id", "flavor_name", "user_data"],
                additional_secret_outputs=["user_data"],
                custom_timeouts=CustomTimeouts(create="30m", update="30m", delete="30m"),
            ),
        ),
    )


#: Makes the user data of one machine once its place is known.
Told = Callable[[Machine, Place], pulumi.Input[str]]
