"""What a site on plain OpenStack machines is asked before it costs anything.

Asking is `openstack_cloud.py`; what every OpenStack site is asked is `openstack.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

from arcos.checks import Check, fail, ok
from arcos.errors import ArcosError
from arcos.preflight import openstack, openstack_storage
from arcos.preflight.openstack_cloud import Cloud, sign_in, unanswered
from arcos.site.model import Site
from arcos.site.release import Release
from components.clusters import gpu_plugin
from components.clusters.openstack_vm import choices
from components.clusters.openstack_vm.config import OpenStackVm

_SERVICES: dict[str, tuple[str, ...]] = {
    "machines (Nova)": ("compute",),
    "networks (Neutron)": ("network",),
    "load balancers (Octavia)": ("load-balancer",),
    "volumes (Cinder)": ("block-storage", "volumev3"),
}


def checks(site: Site, release: Release) -> Iterator[Check]:  # noqa: ARG001
    """Everything that can be asked before there is a cluster."""
    config = site.cluster
    if not isinstance(config, OpenStackVm):
        return
    try:
        yield from _asked(site.name, config, sign_in(site.name))
        yield from openstack_storage.checks(site)
    except ArcosError as error:
        yield fail("credentials", f"{error.what}: {error.why}", error.fix)
    except tuple(unanswered()) as error:
        yield fail("cloud", f"the cloud does not answer as it should: {error}", "openstack token issue")


def _asked(name: str, config: OpenStackVm, cloud: Cloud) -> Iterator[Check]:
    account = cloud.account()
    yield from openstack.signed_in(account, unrestricted=False)
    yield from openstack.services(account, _SERVICES)
    if cloud.images(config.image):
        yield ok("cluster.image", config.image)
    else:
        yield fail("cluster.image", f"there is no image {config.image}", "openstack image list")
    yield openstack.outside(config.external_network, cloud.networks(config.external_network))
    yield from openstack.plugin(gpu_plugin.wanted(config.node_pools), config.gpu_plugin)
    known, wanted = cloud.flavors(), machines(config)
    yield from openstack.flavors(wanted, known)
    yield from openstack.diskless(wanted, known)
    groups, group = cloud.group_room(), {"machines of one pool": max(one.most for one in wanted)}
    yield from openstack.room(group, group, {name: groups.pop(name) for name in group})
    # Another site's name may begin as this one's does.
    names = {one.name for one in every(config, name)}
    if any(one["name"] in names for one in cloud.servers(choices.site_name(name))):
        yield ok("machines", "the site's are there already; their room is not asked for again")
        return
    takes = openstack.wanted(wanted, known, most=True) | others(config, name)
    there = cloud.network_room("port", "security_group", "security_group_rule")
    yield from openstack.room(takes, takes, cloud.compute_room() | groups | cloud.volume_room() | there)


def machines(config: OpenStackVm) -> list[openstack.Machines]:
    """The site's machines: as many as there are, no more."""
    pools = [
        openstack.Machines(field=f"cluster.nodePools.{one.name}", flavor=one.flavor, least=one.min, most=one.max)
        for one in config.node_pools
    ]
    count = config.control_plane_nodes
    field = "cluster.controlPlaneFlavor"
    return [openstack.Machines(field=field, flavor=config.control_plane_flavor, least=count, most=count), *pools]


def every(config: OpenStackVm, name: str) -> list[choices.Machine]:
    """All machines of the site, by name."""
    return [*choices.control_plane(config, name), *choices.workers(config, name)]


def others(config: OpenStackVm, name: str) -> dict[str, int]:
    """What the site takes beside machines."""
    all_, openings = every(config, name), choices.openings(config)
    disks = {"volumes": len(all_), "GiB of volumes": sum(one.disk for one in all_)}
    # Each group has a rule for the way out, too; ports have machines, router, load balancer and the cloud's DHCP.
    rules = sum(len(rules) + 1 for rules in openings.values())
    inside = {"ports": len(all_) + 3, "security groups": len(openings), "security group rules": rules}
    outside = {"networks": 1, "routers": 1, "floating addresses": 1, "load balancers": 1}
    return disks | inside | outside | {"server groups": len({one.pool for one in all_})}
