"""What an OpenStack cloud says of a project and of what is in it: asked over its APIs, read only, judged elsewhere.

Signs in as `openstack:cloud` of the stack file says, by `clouds.yaml`. Every path that is asked stands in
`docs/permissions/`. https://docs.openstack.org/api-quick-start/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import yaml

from arcos.errors import USAGE, ArcosError
from arcos.paths import STACKS

if TYPE_CHECKING:
    from openstack.connection import Connection

#: Node groups came with this microversion of Magnum's API, groups without a machine with the next one.
MAGNUM_VERSION = "1.10"
_CLOUD = "openstack:cloud"


@dataclass(frozen=True, kw_only=True)
class Account:
    """Who signed in: `restricted` is None where it is no application credential."""

    project: str
    roles: frozenset[str]
    restricted: bool | None
    services: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Flavor:
    """A size of machine; memory in MiB, its own disk in GiB."""

    cores: int
    memory: int
    disk: int = 0


@dataclass(frozen=True, kw_only=True)
class Room:
    """How many of something there may be, None for no limit, and how many there are."""

    most: int | None
    used: int

    def holds(self, more: int) -> bool:
        """Whether so many more fit."""
        return self.most is None or self.used + more <= self.most


class Cloud:
    """One project of a cloud."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def account(self) -> Account:
        """Who we are there."""
        session = self._connection.session
        access: Any = session.auth.get_access(session)  # type: ignore[union-attr]
        credential = access._data["token"].get("application_credential")  # no accessor has it
        return Account(
            project=access.project_name or "",
            roles=frozenset(access.role_names),
            restricted=bool(credential.get("restricted", True)) if credential else None,
            services=frozenset(one["type"] for one in access.service_catalog.catalog),
        )

    def flavors(self) -> dict[str, Flavor]:
        """All sizes of machines that the project may have, by name."""
        found = self._get("compute", "/flavors/detail")["flavors"]
        return {one["name"]: Flavor(cores=one["vcpus"], memory=one["ram"], disk=one["disk"]) for one in found}

    def compute_room(self) -> dict[str, Room]:
        """Machines, cores and MiB of memory."""
        told = self._get("compute", "/limits")["limits"]["absolute"]
        parts = (
            ("machines", "maxTotalInstances", "totalInstancesUsed"),
            ("cores", "maxTotalCores", "totalCoresUsed"),
            ("MiB of memory", "maxTotalRAMSize", "totalRAMUsed"),
        )
        return {name: _room(told[most], told[used]) for name, most, used in parts}

    def group_room(self) -> dict[str, Room]:
        """Server groups, and the machines that one of them may have."""
        told = self._get("compute", "/limits")["limits"]["absolute"]
        return {
            "server groups": _room(told.get("maxServerGroups", -1), told.get("totalServerGroupsUsed", 0)),
            "machines of one pool": _room(told.get("maxServerGroupMembers", -1), 0),
        }

    def volume_room(self) -> dict[str, Room]:
        """Volumes and their GiB."""
        told = self._get("block_storage", "/limits")["limits"]["absolute"]
        return {
            "volumes": _room(told["maxTotalVolumes"], told["totalVolumesUsed"]),
            "GiB of volumes": _room(told["maxTotalVolumeGigabytes"], told["totalGigabytesUsed"]),
        }

    def network_room(self, *more: str) -> dict[str, Room]:
        """Floating addresses, networks, routers and load balancers, and `more` by Neutron's names for them."""
        project = self._connection.current_project_id
        told = self._get("network", f"/quotas/{project}/details")["quota"]
        parts = [("floating addresses", "floatingip"), ("networks", "network"), ("routers", "router")]
        parts += [(f"{key.replace('_', ' ')}s", key) for key in more]
        found = {name: _room(told[key]["limit"], told[key]["used"]) for name, key in parts}
        balancers = self._get("load_balancer", f"/lbaas/quotas/{project}")["quota"]
        most = balancers.get("load_balancer", balancers.get("loadbalancer", -1))
        used = len(self._get("load_balancer", "/lbaas/loadbalancers?fields=id")["loadbalancers"])
        return found | {"load balancers": _room(-1 if most is None else most, used)}

    def images(self, name: str) -> list[dict[str, Any]]:
        """The images of that name, the newest first."""
        found: list[dict[str, Any]] = self._get("image", f"/images?{urlencode({'name': name})}&sort=created_at:desc")[
            "images"
        ]
        return found

    def networks(self, name: str) -> list[dict[str, Any]]:
        """The networks of that name."""
        found: list[dict[str, Any]] = self._get("network", f"/networks?{urlencode({'name': name})}")["networks"]
        return found

    def template(self, name: str) -> dict[str, Any] | None:
        """A cluster template of Magnum's, if there is one of that name."""
        return self._magnum(f"/clustertemplates/{quote(name, safe='')}")

    def templates(self) -> list[str]:
        """The names of all cluster templates that the project sees."""
        found = self._magnum("/clustertemplates") or {}
        return sorted(str(one["name"]) for one in found.get("clustertemplates", []))

    def cluster(self, name: str) -> dict[str, Any] | None:
        """A cluster of Magnum's with its node groups under `groups`, if there is one of that name."""
        found = self._magnum(f"/clusters/{name}")
        if not found:
            return None
        groups = (self._magnum(f"/clusters/{found['uuid']}/nodegroups") or {}).get("nodegroups", [])
        whole = [self._magnum(f"/clusters/{found['uuid']}/nodegroups/{one['uuid']}") or one for one in groups]
        return found | {"groups": whole}

    def servers(self, beginning: str) -> list[dict[str, Any]]:
        """The project's machines whose name begins so, in full."""
        found = self._get("compute", "/servers/detail")["servers"]
        return [one for one in found if one["name"].startswith(beginning)]

    def _magnum(self, path: str) -> dict[str, Any] | None:
        service = "container_infrastructure_management"
        found: dict[str, Any] | None = self._get(service, path, microversion=MAGNUM_VERSION, missing=True)
        return found

    def _get(self, service: str, path: str, *, missing: bool = False, **options: str) -> Any:  # noqa: ANN401 - JSON
        from openstack import exceptions

        answer = getattr(self._connection, service).get(path, **options)
        if missing and answer.status_code == 404:
            return None
        exceptions.raise_from_response(answer)
        return answer.json()


def sign_in(site_name: str) -> Cloud:
    """The cloud that a site's stack file names.

    Raises:
        ArcosError: None is named, `clouds.yaml` does not know it, or it signs in as a person.
    """
    import openstack  # takes half a second
    from openstack import exceptions

    from components.clusters.openstack.credentials import ACCEPTED, personal

    name = cloud_name(site_name)
    try:
        region = openstack.config.loader.OpenStackConfig().get_one(cloud=name)
    except exceptions.ConfigException as error:
        fix = f"clouds.yaml with a cloud `{name}`; docs/clouds/openstack.md"
        raise ArcosError(
            f"there is no cloud `{name}`", where=_CLOUD, why=str(error), fix=fix, exit_code=USAGE
        ) from None
    if why := personal({"auth_type": region.config.get("auth_type"), "auth": region.config.get("auth")}):
        raise ArcosError(
            f"cloud `{name}` signs in as a person",
            where="clouds.yaml",
            why=why,
            fix=f"{ACCEPTED}: openstack application credential create arcos; docs/clouds/openstack.md",
            exit_code=USAGE,
        )
    return Cloud(openstack.connection.Connection(config=region, app_name="arcos"))


def cloud_name(site_name: str, stacks: Any = STACKS) -> str:  # noqa: ANN401
    """What `openstack:cloud` of the stack file says."""
    text = (stacks / f"Pulumi.{site_name}.yaml").read_text(encoding="utf-8")
    config: Mapping[str, object] = (yaml.safe_load(text) or {}).get("config") or {}
    name = config.get(_CLOUD)
    if isinstance(name, str) and name:
        return name
    raise ArcosError(
        "the stack file names no cloud",
        where=f"stacks/Pulumi.{site_name}.yaml",
        why=f"`{_CLOUD}` says which entry of clouds.yaml is meant",
        fix=f"{_CLOUD}: NAME beside arcos:site:",
        exit_code=USAGE,
    )


def unanswered() -> Sequence[type[Exception]]:
    """What a cloud that refuses, or does not answer, raises."""
    from keystoneauth1 import exceptions as keystone
    from openstack import exceptions

    return (exceptions.SDKException, keystone.ClientException)


def _room(most: int, used: int) -> Room:
    return Room(most=None if most < 0 else most, used=used)
