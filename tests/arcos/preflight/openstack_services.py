"""A real Keystone and the real API of Magnum on this machine: a project, its owner, and what Magnum has of theirs.

They run in an environment of their own, see `serve_keystone.py` and `serve_magnum.py` in `tests/openstack`.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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
    """Where it is, and the owner of the project `arcos` in it, as who signs in."""

    url: str
    project: str
    owner: Any

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

    def take_back(self, entry: Mapping[str, Any]) -> None:
        """Delete it."""
        _ok(self.owner.identity.delete(f"{self._of_owner()}/{entry['auth']['application_credential_id']}"))

    def _of_owner(self) -> str:
        return f"/users/{self.owner.current_user_id}/application_credentials"


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
    first, password = _connection(admin["auth_url"], "admin", admin["password"], "admin"), secrets.token_hex(16)
    project = _post(first, "/projects", project={"name": "arcos", "domain_id": _DOMAIN})["id"]
    owner = _post(first, "/users", user={"name": "ada", "password": password, "domain_id": _DOMAIN})["id"]
    known = {one["name"]: one["id"] for one in _ok(first.identity.get("/roles")).json()["roles"]}
    for role in roles:
        there = known.get(role) or _post(first, "/roles", role={"name": role})["id"]
        _ok(first.identity.put(f"/projects/{project}/users/{owner}/roles/{there}"))
    for kind, url in catalog.items():
        service = _post(first, "/services", service={"type": kind, "name": kind})["id"]
        endpoint = {"service_id": service, "interface": "public", "region_id": _REGION, "url": url}
        _post(first, "/endpoints", endpoint=endpoint)
    return Keystone(
        url=admin["auth_url"], project=project, owner=_connection(admin["auth_url"], "ada", password, "arcos")
    )


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
