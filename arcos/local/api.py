"""A few requests to a local site's own API server, as its administrator, before and beside `kubectl`.

Enough to know that the node is ready and to create what must be there before anything is applied: a secret's content
goes through this process only, never through an argument, a file or the environment.
"""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from arcos.local.network import LOOPBACK

_OK, _NOT_FOUND, _CONFLICT = 200, 404, 409
FIELD_MANAGER = "arcos-local"


class Api:
    """A connection to the API server on a loopback port."""

    def __init__(self, pki: Path, port: int) -> None:
        self._tls = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        self._tls.load_cert_chain(pki / "admin.crt", pki / "admin.key")
        self._port = port

    def request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        """One request; returns its status and the answer.

        Raises:
            OSError, http.client.HTTPException: The API server is not there (yet).
        """
        connection = http.client.HTTPSConnection(LOOPBACK, self._port, context=self._tls, timeout=10)
        kind = "application/apply-patch+yaml" if method == "PATCH" else "application/json"
        try:
            sent = None if body is None else json.dumps(body).encode()
            connection.request(method, path, sent, {"Content-Type": kind, "Accept": "application/json"})
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        return response.status, json.loads(content) if content[:1] == b"{" else {}

    def ready(self) -> bool:
        """Whether the API server serves."""
        try:
            return self.request("GET", "/readyz")[0] == _OK
        except (OSError, http.client.HTTPException):
            return False

    def apply(self, manifest: Mapping[str, Any]) -> bool:
        """Bring one object to what `manifest` says; False when it cannot be done yet (its namespace is missing).

        Raises:
            RuntimeError: The API server refuses it for good.
        """
        path = f"{_collection(manifest)}/{manifest['metadata']['name']}?fieldManager={FIELD_MANAGER}&force=true"
        status, answer = self.request("PATCH", path, manifest)
        if status in (_OK, _OK + 1):
            return True
        if status in (_NOT_FOUND, _CONFLICT):
            return False
        raise RuntimeError(f"{manifest['kind']} {manifest['metadata']['name']}: {answer.get('message', status)}")

    def ready_nodes(self, since: float = 0) -> set[str]:
        """The names of the nodes that take pods and have said so after `since` (seconds since the epoch)."""
        _, answer = self.request("GET", "/api/v1/nodes")
        return {node["metadata"]["name"] for node in answer.get("items", []) if _takes_pods(node, since)}


def _takes_pods(node: Mapping[str, Any], since: float) -> bool:
    """What a node said before it was last stopped still stands there for a while."""
    said = [one for one in node["status"].get("conditions", []) if one["type"] == "Ready" and one["status"] == "True"]
    fresh = [one for one in said if datetime.fromisoformat(one["lastHeartbeatTime"]).timestamp() >= int(since)]
    return bool(fresh) and not any(taint["effect"] == "NoSchedule" for taint in node["spec"].get("taints", []))


#: The kinds this module is asked for, by where the API server keeps them.
_PLURALS = {"ClusterRoleBinding": "clusterrolebindings", "Node": "nodes", "Secret": "secrets"}


def _collection(manifest: Mapping[str, Any]) -> str:
    version, plural = manifest["apiVersion"], _PLURALS[manifest["kind"]]
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    namespace = manifest["metadata"].get("namespace")
    return f"{root}/namespaces/{namespace}/{plural}" if namespace else f"{root}/{plural}"
