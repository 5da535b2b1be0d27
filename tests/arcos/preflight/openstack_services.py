"""A real Keystone, the real API of Magnum and a real Swift on this machine: a project, its owner, and what is theirs.

They run in an environment of their own, see `serve_keystone.py` and its kin in `tests/openstack`.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import openstack

from arcos.local.ports import free_ports
from arcos.paths import ROOT
from tests.components.clusters.openstack.services import PYTHON

_SERVERS = ROOT / "tests" / "openstack"
_SECONDS = 300
_REGION, _DOMAIN = "here", "default"


@dataclass(frozen=True, kw_only=True)
class Keystone:
    """Where it is, the owner of the project `arcos` in it, as who signs in, and its administrator."""

    url: str
    project: str
    owner: Any
    first: Any

    def person(self, name: str, project: str, roles: Sequence[str]) -> Any:
        """Somebody new with these roles in a new project, as who signs in."""
        password = secrets.token_hex(16)
        there = _post(self.first, "/projects", project={"name": project, "domain_id": _DOMAIN})["id"]
        who = _post(self.first, "/users", user={"name": name, "password": password, "domain_id": _DOMAIN})["id"]
        known = {one["name"]: one["id"] for one in _ok(self.first.identity.get("/roles")).json()["roles"]}
        for role in roles:
            its = known.get(role) or _post(self.first, "/roles", role={"name": role})["id"]
            _ok(self.first.identity.put(f"/projects/{there}/users/{who}/roles/{its}"))
        return _connection(self.url, name, password, project)

    def credential(self, name: str, **wanted: Any) -> dict[str, Any]:
        """An application credential of the owner's, as an entry of `clouds.yaml`; `wanted` as in Keystone's API."""
        asked = wanted | {"name": name, "roles": [{"name": one} for one in wanted["roles"]]}
        made = _post(self.owner, self._of_owner(), application_credential=asked)
        auth = {
            "auth_url": self.url,
            "application_credential_id": made["id"],
            "application_credential_secret": made["secret"],
        }
        return {"auth_type": "v3applicationcredential", "auth": auth, "region_name": _REGION}

    def ec2(self, who: Any) -> tuple[str, str]:
        """A new pair of keys for the project that one signed in to, as `openstack ec2 credentials create` asks."""
        asked = who.identity.post(ec2_of(who), json={"tenant_id": who.current_project_id})
        made = _ok(asked).json()["credential"]
        return made["access"], made["secret"]

    def take_back(self, entry: Mapping[str, Any]) -> None:
        """Delete it."""
        _ok(self.owner.identity.delete(f"{self._of_owner()}/{entry['auth']['application_credential_id']}"))

    def _of_owner(self) -> str:
        return f"/users/{self.owner.current_user_id}/application_credentials"


def ec2_of(who: Any) -> str:
    """Where in Keystone's API one's keys are."""
    return f"/users/{who.current_user_id}/credentials/OS-EC2"


@contextmanager
def keystone(folder: Path, catalog: Mapping[str, str], roles: Sequence[str]) -> Iterator[Keystone]:
    """Serve one whose catalog has these services at these addresses; the owner has these roles."""
    (port,) = free_ports(1)
    with _served("serve_keystone.py", folder, port, "admin.json"):
        yield _furnished(_admin(folder), catalog, roles)


@contextmanager
def magnum(folder: Path, port: int, keystones: Path, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[None]:
    """Serve its API with these `templates`, `clusters` and `groups`; it signs in at the Keystone of that folder."""
    told = rows | {"keystone": _admin(keystones)}
    (folder / "magnum.json").write_text(json.dumps(told), encoding="utf-8")
    with _served("serve_magnum.py", folder, port, "ready"):
        yield


@contextmanager
def swift(folder: Path, port: int, keystones: Path, *, region: str, role: str) -> Iterator[None]:
    """Serve one for whoever has the role; the region is the one that its S3 API wants signed."""
    told = _admin(keystones) | {"region": region, "role": role}
    (folder / "swift.json").write_text(json.dumps(told), encoding="utf-8")
    with _served("serve_swift.py", folder, port, "ready"):
        yield


@contextmanager
def _served(script: str, folder: Path, port: int, sign: str) -> Iterator[None]:
    """A server in `folder`, from when its `sign` is there."""
    said = folder / "said"
    with said.open("w", encoding="utf-8") as log:
        server = subprocess.Popen([PYTHON, _SERVERS / script, folder, str(port)], stdout=log, stderr=log)
        try:
            end = time.monotonic() + _SECONDS
            while not (folder / sign).exists():
                ended = server.poll() is not None or time.monotonic() > end
                assert not ended, said.read_text(encoding="utf-8")[-2000:]
                time.sleep(0.1)
            yield
        finally:
            server.kill()
            server.wait()


def _admin(folder: Path) -> dict[str, str]:
    told: dict[str, str] = json.loads((folder / "admin.json").read_text(encoding="utf-8"))
    return told


def _furnished(admin: Mapping[str, str], catalog: Mapping[str, str], roles: Sequence[str]) -> Keystone:
    first = _connection(admin["auth_url"], "admin", admin["password"], "admin")
    for kind, url in catalog.items():
        service = _post(first, "/services", service={"type": kind, "name": kind})["id"]
        endpoint = {"service_id": service, "interface": "public", "region_id": _REGION, "url": url}
        _post(first, "/endpoints", endpoint=endpoint)
    empty = Keystone(url=admin["auth_url"], project="", owner=None, first=first)
    owner = empty.person("ada", "arcos", roles)
    return replace(empty, project=owner.current_project_id, owner=owner)


def _post(who: Any, path: str, **body: Any) -> dict[str, Any]:
    """Make one; the answer has it under the same word."""
    made: dict[str, Any] = _ok(who.identity.post(path, json=body)).json()[next(iter(body))]
    return made


def _ok(answer: Any) -> Any:
    assert answer.ok, f"{answer.request.method} {answer.url}: {answer.status_code} {answer.text}"
    return answer


def _connection(url: str, name: str, password: str, project: str) -> Any:
    return openstack.connect(
        auth_url=url, username=name, password=password, project_name=project, user_domain_id=_DOMAIN,
        project_domain_id=_DOMAIN, region_name=_REGION, load_yaml_config=False, load_envvars=False,
    )  # fmt: skip
