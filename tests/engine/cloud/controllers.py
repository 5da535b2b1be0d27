"""What a cloud does inside its clusters, for a simulated one: load balancers get addresses, claims get volumes.

The real ones are programs of AWS and OpenStack that watch for such objects.
https://kubernetes.io/docs/concepts/architecture/cloud-controller/
"""

from __future__ import annotations

import http.client
import json
import ssl
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.engine.cloud.kubeconfig import facts

#: Seconds between two looks.
_PAUSE = 0.5
_ADDRESS = "203.0.113.80"

Data = dict[str, Any]


class Cluster:
    """A cluster's API, spoken to as its administrator."""

    def __init__(self, kubeconfig: Path) -> None:
        known = facts(str(kubeconfig))
        self._at = urlsplit(known["kubeconfig_host"])
        self._trust = ssl.create_default_context(cadata=known["kubeconfig_ca"])
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(known["kubeconfig_certificate"] + "\n" + known["kubeconfig_key"])
            file.flush()
            self._trust.load_cert_chain(file.name)

    def ask(self, method: str, path: str, body: Data | None = None) -> Data:
        """What it answers; nothing where it refuses."""
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        connection = http.client.HTTPSConnection(str(self._at.hostname), self._at.port, context=self._trust, timeout=10)
        try:
            connection.request(method, path, json.dumps(body) if body else None, {"Content-Type": kind})
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        found: Data = json.loads(text) if answer.status < 300 else {}
        return found

    def items(self, path: str) -> list[Data]:
        """The objects of a list."""
        return list(self.ask("GET", path).get("items") or ())


@contextmanager
def controllers(kubeconfig: Path) -> Iterator[None]:
    """The cloud's hands in a cluster, for as long as the block lasts."""
    done = threading.Event()
    cluster = Cluster(kubeconfig)

    def work() -> None:
        while not done.wait(_PAUSE):
            try:
                _balance(cluster)
                _provision(cluster)
            except (OSError, http.client.HTTPException):
                continue  # the server is busy or on its way down

    hands = threading.Thread(target=work, name="cloud controllers")
    hands.start()
    try:
        yield
    finally:
        done.set()
        hands.join()


def _balance(cluster: Cluster) -> None:
    for one in cluster.items("/api/v1/services"):
        if one["spec"]["type"] == "LoadBalancer" and not one["status"]["loadBalancer"].get("ingress"):
            path = f"/api/v1/namespaces/{one['metadata']['namespace']}/services/{one['metadata']['name']}/status"
            cluster.ask("PATCH", path, {"status": {"loadBalancer": {"ingress": [{"ip": _ADDRESS}]}}})


def _provision(cluster: Cluster) -> None:
    """A volume bound beforehand to each claim that waits; one that nobody claims any more goes."""
    for one in cluster.items("/api/v1/persistentvolumeclaims"):
        if one["status"].get("phase") == "Pending" and not one["spec"].get("volumeName"):
            cluster.ask("POST", "/api/v1/persistentvolumes", volume(one))
    for one in cluster.items("/api/v1/persistentvolumes"):
        if one["status"].get("phase") == "Released":
            cluster.ask("DELETE", f"/api/v1/persistentvolumes/{one['metadata']['name']}")


def volume(claim: Data) -> Data:
    """The volume of a claim."""
    wanted, meta = claim["spec"], claim["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"of-{meta['uid']}"},
        "spec": {
            "accessModes": wanted["accessModes"],
            "capacity": wanted["resources"]["requests"],
            "storageClassName": wanted.get("storageClassName", ""),
            "persistentVolumeReclaimPolicy": "Retain",
            "claimRef": {key: meta[key] for key in ("name", "namespace", "uid")},
            "hostPath": {"path": f"/volumes/{meta['uid']}"},
        },
    }
