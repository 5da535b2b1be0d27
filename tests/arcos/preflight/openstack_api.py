"""The part of OpenStack's APIs that `preflight` asks, over HTTP on this machine: the real client signs in and asks."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PROJECT = "4f1c0c8d2f6b4b0f9a55c9d3f0f4a001"
#: Service to its prefix here, its endpoint below that, and the document that says which versions it speaks.
SERVICES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "compute": ("/compute", "/v2.1", {"id": "v2.1", "version": "2.96", "min_version": "2.1"}),
    "network": ("/network", "", {"id": "v2.0"}),
    "image": ("/image", "", {"id": "v2.16"}),
    "load-balancer": ("/balancer", "", {"id": "v2.27"}),
    "container-infra": ("/infra", "/v1", {"id": "v1", "max_version": "1.13", "min_version": "1.1"}),
    "volumev3": ("/volume", f"/v3/{PROJECT}", {"id": "v3.0", "version": "3.71", "min_version": "3.0"}),
}
_VERSIONED = {
    "compute": "/v2.1",
    "network": "/v2.0",
    "image": "/v2",
    "load-balancer": "/v2",
    "container-infra": "/v1",
    "volumev3": "/v3",
}


@dataclass
class Cloud:
    """What the cloud says, by path without the query; and what it was asked (service, method, path)."""

    answers: dict[str, Any]
    roles: tuple[str, ...] = ("member", "load-balancer_member")
    credential: dict[str, Any] | None = field(default_factory=lambda: {"id": "c", "name": "arcos", "restricted": False})
    services: tuple[str, ...] = tuple(SERVICES)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    queries: list[str] = field(default_factory=list)
    url: str = ""

    def token(self) -> dict[str, Any]:
        catalog = [
            {
                "type": name,
                "name": name,
                "id": name,
                "endpoints": [
                    {
                        "interface": "public",
                        "region": "here",
                        "region_id": "here",
                        "id": name,
                        "url": f"{self.url}{prefix}{below}",
                    }
                ],
            }
            for name, (prefix, below, _) in SERVICES.items()
            if name in self.services
        ]
        domain = {"id": "default", "name": "Default"}
        token = {
            "methods": ["application_credential"],
            "user": {"id": "u", "name": "ada", "domain": domain},
            "project": {"id": PROJECT, "name": "arcos", "domain": domain},
            "roles": [{"id": name, "name": name} for name in self.roles],
            "catalog": catalog,
            "issued_at": "2026-11-25T00:00:00.000000Z",
            "expires_at": "2099-01-01T00:00:00.000000Z",
        }
        return {"token": token | ({"application_credential": self.credential} if self.credential else {})}

    def answer(self, method: str, path: str) -> tuple[int, Any]:
        plain = path.partition("?")[0].rstrip("/")
        if plain.startswith("/identity"):
            version = {
                "id": "v3.14",
                "status": "stable",
                "links": [{"rel": "self", "href": f"{self.url}/identity/v3/"}],
            }
            return (201, self.token()) if method == "POST" else (200, {"version": version})
        for name, (prefix, _, version) in SERVICES.items():
            if plain == prefix or plain == prefix + _VERSIONED[name]:
                links = [{"rel": "self", "href": f"{self.url}{prefix}{_VERSIONED[name]}/"}]
                one = version | {"status": "CURRENT", "links": links}
                return 200, {"versions": [one]} if plain == prefix else {"version": one}
            if plain.startswith(prefix + "/"):
                inner = plain.removeprefix(prefix)
                self.asked.append((name, method, inner))
                self.queries.append(path.partition("?")[2])
                return (200, self.answers[inner]) if inner in self.answers else (404, {"error": inner})
        return 404, {"error": path}


@contextmanager
def serving(cloud: Cloud) -> Iterator[str]:
    """The cloud at an address of this machine; the value is `clouds.yaml` for it."""

    class Handler(BaseHTTPRequestHandler):
        def _reply(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, body = cloud.answer(self.command, self.path)
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            if status == 201:
                self.send_header("X-Subject-Token", "t")
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = _reply  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    cloud.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    auth = {
        "auth_url": f"{cloud.url}/identity/v3",
        "application_credential_id": "c",
        "application_credential_secret": "s",
    }
    entry = {"auth_type": "v3applicationcredential", "auth": auth, "region_name": "here"}
    try:
        yield json.dumps({"clouds": {"nectar": entry}})
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
