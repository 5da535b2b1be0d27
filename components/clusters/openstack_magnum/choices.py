"""What is asked of Magnum, from what the site file says: names, sizes, labels, time. Pure: decides, makes nothing.

Two drivers of Magnum are in use, and a label that one does not know does no harm there, so both spellings are given:
https://docs.openstack.org/magnum-capi-helm/latest/ and https://vexxhost.github.io/magnum-cluster-api/user/labels/
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass

from components.clusters.openstack_magnum.config import OpenStackMagnum
from components.clusters.pools import NodePool
from components.quantity import to_bytes

#: The labels by which Magnum's drivers name a node's pool: Cluster API with Helm, Cluster API by Vexxhost, Heat.
POOL_LABELS = ("capi.stackhpc.com/node-group", "node.cluster.x-k8s.io/nodegroup", "magnum.openstack.org/nodegroup")
#: Minutes in which Magnum makes a cluster or says that it failed. Fixed: Magnum cannot change it in a cluster.
CREATE_MINUTES = 60
#: Machines are replaced one at a time, so an upgrade may take a day.
UPDATE_HOURS, DELETE_MINUTES = 24, 60
#: How long is waited: a little longer than Magnum itself, so that its own reason is what is shown.
CREATE, UPDATE, DELETE = f"{CREATE_MINUTES + 15}m", f"{UPDATE_HOURS}h", f"{DELETE_MINUTES}m"


@dataclass(frozen=True, kw_only=True)
class Group:
    """One node group."""

    name: str
    flavor: str
    nodes: int
    least: int
    most: int
    grows: bool


def cluster_name(site: str) -> str:
    """The cluster. Magnum wants a letter first."""
    return f"arcos-{site}"


def template_name(site: str, *asked: object) -> str:
    """The template that says what is `asked`: another one stands beside it until the cluster has moved there.

    Magnum lets two have one name, and nobody could tell which of them a run that was cut short has made.
    """
    content = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
    return f"{cluster_name(site)}-{content[:8]}"


def group(pool: NodePool, flavor: str, *, autoscaling: bool) -> Group:
    """A pool begins with its least number of machines; the autoscaler moves it from there."""
    return Group(
        name=pool.name,
        flavor=flavor,
        nodes=pool.min,
        least=pool.min,
        most=pool.max,
        grows=autoscaling and pool.min < pool.max,
    )


def labels(config: OpenStackMagnum) -> dict[str, str]:
    """What every cluster is asked for beyond the fields of Magnum's API, whoever made its template.

    Magnum's own default pool never grows (`min_node_count`, `max_node_count` are its); the site's pools have bounds of
    their own. The platform brings dashboards and sign-on, so the driver leaves its own out.
    """
    told = {
        "auto_healing_enabled": "true",
        "auto_scaling_enabled": _word(config.autoscaling),
        "min_node_count": str(config.system_nodes),
        "max_node_count": str(config.system_nodes),
        "monitoring_enabled": "false",
        "kube_dashboard_enabled": "false",
        "keystone_auth_enabled": "false",
    }
    if config.api_ranges:
        ranges = ",".join(config.api_ranges)
        told |= {"api_master_lb_allowed_cidrs": ranges, "master_lb_allowed_cidrs": ranges}
    if config.availability_zone:
        told["availability_zone"] = config.availability_zone
    if config.root_disk:
        told["boot_volume_size"] = str(math.ceil(to_bytes(config.root_disk) / 2**30))
    return dict(sorted(told.items()))


def template_labels(config: OpenStackMagnum, version: str) -> dict[str, str]:
    """The same, with the Kubernetes version of the image, for the platform's own template.

    The Heat driver gives the API a floating address only where machines have some, or where it is told to.
    """
    own = {"kube_tag": version, "cinder_csi_enabled": "true", "master_lb_floating_ip_enabled": "true"}
    return dict(sorted((labels(config) | own).items()))


def reached(config: OpenStackMagnum, shell: str) -> str:
    """How a person gets a shell on a machine; `shell` is what works on every cluster."""
    if config.key_pair:
        return f"{shell} ; or ssh with the key pair {config.key_pair} from inside the cluster's network"
    return shell


def _word(value: bool) -> str:
    return "true" if value else "false"
