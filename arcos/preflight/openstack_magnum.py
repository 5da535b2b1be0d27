"""What a site on Magnum is asked before it costs anything, and why a cluster of it that is being made never ends.

Asking is `openstack_cloud.py`; what every OpenStack site is asked is `openstack.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from arcos.checks import Check, fail, ok, warn
from arcos.errors import ArcosError
from arcos.preflight import openstack, openstack_storage
from arcos.preflight.openstack_cloud import Cloud, sign_in, unanswered
from arcos.site.model import Site
from arcos.site.release import Release
from components.clusters.openstack_magnum.choices import CREATE_MINUTES, DELETE_MINUTES, UPDATE_HOURS, cluster_name
from components.clusters.openstack_magnum.config import OpenStackMagnum

_SERVICES: dict[str, tuple[str, ...]] = {
    "Magnum": ("container-infra",),
    "load balancers (Octavia)": ("load-balancer",),
    "volumes (Cinder)": ("block-storage", "volumev3"),
}
#: Minutes that Magnum may take.
_LONGEST = {"UPDATE_IN_PROGRESS": UPDATE_HOURS * 60, "DELETE_IN_PROGRESS": DELETE_MINUTES}
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MANILA = {"shared file systems (Manila)": ("shared-file-system", "sharev2")}


def checks(site: Site, release: Release) -> Iterator[Check]:
    """Everything that can be asked before, and while, there is a cluster."""
    config = site.cluster
    if not isinstance(config, OpenStackMagnum):
        return
    try:
        cloud = sign_in(site.name)
        yield from _asked(site.name, config, release, cloud)
        yield from openstack_storage.checks(site)
    except ArcosError as error:
        yield fail("credentials", f"{error.what}: {error.why}", error.fix)
    except tuple(unanswered()) as error:
        yield fail("cloud", f"the cloud does not answer as it should: {error}", "openstack token issue")


def _asked(name: str, config: OpenStackMagnum, release: Release, cloud: Cloud) -> Iterator[Check]:
    account = cloud.account()
    yield from openstack.signed_in(account, unrestricted=True)
    yield from openstack.services(account, _SERVICES | (_MANILA if config.share_type else {}))
    yield from origin(config, release.kubernetes, cloud)
    yield from empty(config)
    known, wanted = cloud.flavors(), machines(config)
    yield from openstack.flavors(wanted, known)
    standing_ = cloud.cluster(cluster_name(name))
    if standing_ is None:
        least = openstack.wanted(wanted, known, most=False) | {"load balancers": 2, "floating addresses": 2}
        most = openstack.wanted(wanted, known, most=True) | {"load balancers": 2, "floating addresses": 2}
        yield from openstack.room(least, most, cloud.compute_room() | cloud.network_room())
        return
    yield standing(standing_, cloud.servers(beginning(standing_)), datetime.now(UTC))


def beginning(cluster: Mapping[str, Any]) -> str:
    """How the names of a cluster's machines begin: with its stack's, where that is a name and no id of Heat's."""
    stack = str(cluster.get("stack_id") or "")
    return f"{cluster['name']}-" if not stack or _ID.fullmatch(stack) else stack


def machines(config: OpenStackMagnum) -> list[openstack.Machines]:
    """The site's machines; those of the control plane only where the site says their flavor."""
    found = [
        openstack.Machines(field=f"cluster.nodePools.{one.name}", flavor=one.flavor, least=one.min, most=one.max)
        for one in config.node_pools
    ]
    if config.control_plane_flavor:
        count = config.control_plane_nodes + config.system_nodes
        field = "cluster.controlPlaneFlavor"
        found.insert(0, openstack.Machines(field=field, flavor=config.control_plane_flavor, least=count, most=count))
    return found


def empty(config: OpenStackMagnum) -> Iterator[Check]:
    """Pools of GPUs that begin with no machine, and would stay so. See docs/adr/0026-magnum.md, 4."""
    for pool in config.node_pools if config.autoscaling else ():
        if pool.gpu and not pool.min:
            what = (
                "Magnum's drivers do not tell their autoscaler of GPUs: it makes no first machine for who asks for one"
            )
            yield warn(
                f"cluster.nodePools.{pool.name}: min", what, "min: 1, or a machine by hand with autoscaling: false"
            )


def origin(config: OpenStackMagnum, kubernetes: str, cloud: Cloud) -> Iterator[Check]:
    """The template, or the image and the network of the platform's own one."""
    if config.template:
        found = cloud.template(config.template)
        if found is None:
            there = ", ".join(cloud.templates()) or "none"
            what = f"there is no cluster template {config.template}; there are: {there}"
            yield fail("cluster.template", what, f"one of them that brings Kubernetes {kubernetes}")
        else:
            version = found.get("labels", {}).get("kube_tag", "")
            yield _minor("cluster.template", config.template, version, kubernetes)
        return
    image, network = config.image or "", config.external_network or ""
    if images := cloud.images(image):
        yield _minor("cluster.image", image, images[0].get("kube_version", ""), kubernetes)
    else:
        yield fail("cluster.image", f"there is no image {image}", "openstack image list --property kube_version")
    yield openstack.outside(network, cloud.networks(network))


def _minor(field: str, name: str, version: str, kubernetes: str) -> Check:
    if not version:
        return warn(field, f"{name} does not say which Kubernetes it brings", f"one that does, for {kubernetes}")
    if version.removeprefix("v").startswith(f"{kubernetes}."):
        return ok(field, f"{name}: Kubernetes {version}")
    return fail(field, f"{name} is Kubernetes {version}, the release is for {kubernetes}", f"one for {kubernetes}")


def standing(cluster: Mapping[str, Any], servers: Sequence[Mapping[str, Any]], now: datetime) -> Check:
    """How a cluster of Magnum's stands; of one that is not ready, why, and the next command."""
    name, status = cluster["name"], cluster["status"]
    why = "; ".join(reasons(cluster, servers))
    at = f"cluster {name}"
    if status.endswith("_COMPLETE"):
        if cluster.get("health_status") == "UNHEALTHY":
            fix = f"./arcosctl status {name.removeprefix('arcos-')}"
            return warn(at, f"{status}, but unhealthy: {why or 'Magnum does not say why'}", fix)
        return ok(at, f"{status}, {cluster.get('coe_version') or 'version not told'}")
    if status.endswith("_FAILED"):
        again = {
            "CREATE_FAILED": f"openstack coe cluster delete {name}; pulumi refresh; pulumi up",
            "DELETE_FAILED": "pulumi destroy",
        }.get(status, f"pulumi up; all that is known: openstack coe cluster show {name}")
        return fail(at, f"{status}: {why or 'Magnum does not say why'}", f"mend that, then: {again}")
    # While one is made Magnum writes down every change of it: the last one was always a moment ago.
    began = None if status.startswith("CREATE") else cluster.get("updated_at")
    minutes, longest = _minutes(began or cluster.get("created_at"), now), _LONGEST.get(status, CREATE_MINUTES)
    since = f"{status} for {minutes} minutes"
    if why:
        return fail(at, f"{since}: {why}", f"mend that; Magnum goes on by itself: openstack coe cluster show {name}")
    if minutes > longest:
        what = f"{since}, longer than Magnum allows, and nothing says why: its own driver does not go on"
        return fail(at, what, f"tell the cloud's operators the cluster's id {cluster['uuid']}")
    return warn(at, f"{since}; no machine of it has failed", f"wait; it may take {longest} minutes")


def reasons(cluster: Mapping[str, Any], servers: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Everything that says why: Magnum's own words, its faults, its node groups, and machines that failed.

    While something is being made, words alone are no failure ("Stack CREATE started").
    """
    if cluster.get("status_reason") and not cluster["status"].endswith("_IN_PROGRESS"):
        yield str(cluster["status_reason"])
    for what in ("faults", "health_status_reason"):
        told = cluster.get(what) or {}
        yield from (f"{key}: {value}" for key, value in sorted(told.items()) if str(value) not in ("ok", "True"))
    for group in cluster.get("groups", ()):
        if group.get("status_reason") and str(group.get("status", "")).endswith("_FAILED"):
            yield f"node group {group['name']}: {group['status_reason']}"
    for server in servers:
        if server["status"] == "ERROR":
            yield f"machine {server['name']}: {server.get('fault', {}).get('message', 'Nova does not say why')}"


def _minutes(since: str | None, now: datetime) -> int:
    if not since:
        return 0
    moment = datetime.fromisoformat(since)
    return int((now - (moment if moment.tzinfo else moment.replace(tzinfo=UTC))).total_seconds() // 60)
