"""What every OpenStack site is asked before it costs anything: who signs in, which sizes there are, what still fits.

Pure: from what the cloud said to checks. Asking is `openstack_cloud.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from arcos.checks import Check, fail, ok, warn
from arcos.preflight.openstack_cloud import Account, Flavor, Room

#: The role without which Octavia refuses. https://docs.openstack.org/octavia/latest/configuration/policy.html
_BALANCER_ROLE = "load-balancer_member"
_ROLES_ABOVE = frozenset({"admin", "load-balancer_admin"})
#: Where a project's owner asks for more.
_ASK = "ask the cloud's operators for more, or have smaller pools"


@dataclass(frozen=True, kw_only=True)
class Machines:
    """Some equal machines: at least and at most so many of a flavor, and the field that names it."""

    field: str
    flavor: str
    least: int
    most: int


def signed_in(account: Account, *, unrestricted: bool) -> Iterator[Check]:
    """The credential, and the role that load balancers need. `unrestricted` where a service makes credentials of it."""
    if account.restricted is None:
        yield fail("credentials", "this is no application credential", "openstack application credential create arcos")
    elif unrestricted and account.restricted:
        what = "the application credential is restricted; Magnum makes one of its own for each cluster with it"
        yield fail("credentials", what, "openstack application credential create arcos --unrestricted ...")
    else:
        yield ok("credentials", f"application credential of project {account.project}")
    if not account.roles & ({_BALANCER_ROLE} | _ROLES_ABOVE):
        what = f"the role {_BALANCER_ROLE} is not among {', '.join(sorted(account.roles))}; many clouds want it"
        yield warn("roles", what, f"have it granted, and a credential made with --role {_BALANCER_ROLE}")


def services(account: Account, wanted: Mapping[str, tuple[str, ...]]) -> Iterator[Check]:
    """Each service (what for, to the types it may be called) is one that the cloud has."""
    for what, types in wanted.items():
        if not account.services & set(types):
            yield fail("services", f"the cloud has no {what} ({' or '.join(types)})", "another cluster kind, or cloud")


def outside(name: str, found: Sequence[Mapping[str, Any]]) -> Check:
    """The network that floating addresses come from is there, and is one."""
    if any(one.get("router:external") for one in found):
        return ok("cluster.externalNetwork", name)
    return fail("cluster.externalNetwork", f"there is no external network {name}", "openstack network list --external")


def flavors(machines: Iterable[Machines], known: Mapping[str, Flavor]) -> Iterator[Check]:
    """Every flavor that the site names is there."""
    for one in machines:
        if one.flavor in known:
            size = known[one.flavor]
            yield ok(one.field, f"{one.flavor}: {size.cores} cores, {size.memory / 1024:g} GiB")
        else:
            near = ", ".join(sorted(known)[:12]) or "none"
            yield fail(one.field, f"there is no flavor {one.flavor}", f"one of: {near}")


def diskless(machines: Iterable[Machines], known: Mapping[str, Flavor]) -> Iterator[Check]:
    """Flavors without a disk of their own, of which Nova makes no machine that starts from an image.

    https://docs.openstack.org/nova/latest/user/flavors.html
    """
    for one in machines:
        if (size := known.get(one.flavor)) and not size.disk:
            what = f"{one.flavor} has no disk of its own, and machines start from one"
            yield fail(f"{one.field}: disk", what, "a flavor with a disk: openstack flavor list")


def plugin(gpus: bool, brought: bool) -> Iterator[Check]:
    """Whether something tells Kubernetes of the GPUs of plain machines, which bring nothing themselves."""
    if gpus and brought:
        yield ok("cluster.gpuPlugin", "NVIDIA's device plugin comes with the site; driver and toolkit with the image")
    elif gpus:
        what = "a pool has GPUs of NVIDIA, and nothing tells Kubernetes of them"
        yield warn("cluster.gpuPlugin", what, "gpuPlugin: true, or bring a device plugin yourself")


def wanted(machines: Iterable[Machines], known: Mapping[str, Flavor], *, most: bool) -> dict[str, int]:
    """How much room the machines take, at their most or at their least; unknown flavors count as none."""
    total = {"machines": 0, "cores": 0, "MiB of memory": 0}
    for one in machines:
        count, size = (one.most if most else one.least), known.get(one.flavor, Flavor(cores=0, memory=0))
        total["machines"] += count
        total["cores"] += count * size.cores
        total["MiB of memory"] += count * size.memory
    return total


def room(least: Mapping[str, int], most: Mapping[str, int], offered: Mapping[str, Room]) -> Iterator[Check]:
    """The least must fit beside what the project has already; the most should."""
    for name, there in offered.items():
        limit = "no limit" if there.most is None else f"{there.used} of {there.most} used"
        if not there.holds(least.get(name, 0)):
            yield fail(f"quota: {name}", f"the site needs {least[name]} {name}, and there are {limit}", _ASK)
        elif not there.holds(most.get(name, 0)):
            what = f"the site may grow to {most[name]} {name}, and there are {limit}"
            yield warn(f"quota: {name}", what, _ASK)
        else:
            yield ok(f"quota: {name}", f"{limit}, the site takes {least.get(name, 0)} to {most.get(name, 0)}")
