"""Another registry for a real site's cache: Distribution in a pod, open to all, with TLS of an authority of its own.

It comes and goes as a test says; what it holds goes with it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.certificates import Served
from tests.real.site import RealSite

NAMESPACE = "upstream"
PORT = 5443
HOST = f"{NAMESPACE}.{NAMESPACE}.svc.cluster.local"
#: https://distribution.github.io/distribution/about/configuration/
CONFIG = f"""\
version: 0.1
log: {{level: warn}}
storage: {{filesystem: {{rootdirectory: /data}}}}
http:
  addr: :{PORT}
  tls: {{certificate: /tls/tls.crt, key: /tls/tls.key}}
"""


def _objects(image: str, known: Served) -> list[dict[str, Any]]:
    meta = {"name": NAMESPACE, "namespace": NAMESPACE, "labels": {"app": NAMESPACE}}
    files = {"tls.crt": known.certificate, "tls.key": known.key, "config.yml": CONFIG}
    container = {
        "name": "main",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "args": ["serve", "/tls/config.yml"],
        "env": [{"name": "OTEL_TRACES_EXPORTER", "value": "none"}],
        "volumeMounts": [{"name": "tls", "mountPath": "/tls"}, {"name": "data", "mountPath": "/data"}],
        "readinessProbe": {"tcpSocket": {"port": PORT}, "periodSeconds": 1},
        "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    pod = {
        "automountServiceAccountToken": False,
        "containers": [container],
        "securityContext": {"runAsNonRoot": True, "runAsUser": 10095, "seccompProfile": {"type": "RuntimeDefault"}},
        "volumes": [{"name": "tls", "secret": {"secretName": NAMESPACE}}, {"name": "data", "emptyDir": {}}],
    }
    restricted = {"pod-security.kubernetes.io/enforce": "restricted"}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": restricted}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": files},
        {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": pod},
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": meta,
            # One port for all: a network policy sees the pod's, not the Service's.
            "spec": {"selector": {"app": NAMESPACE}, "ports": [{"port": PORT}]},
        },
    ]


@dataclass(frozen=True)
class Upstream:
    """The other registry of one site; `known` is what it shows, and by whose word."""

    site: RealSite
    folder: Path
    known: Served

    @property
    def url(self) -> str:
        """What stands in the site file."""
        return f"https://{HOST}:{PORT}"

    def comes(self) -> None:
        """Start it, from the image that the site's own registry runs."""
        image = "jsonpath={.spec.template.spec.containers[0].image}"
        ours = self.site.kubectl("get", "deployment", "registry", "-n", "registry", "-o", image)
        items = {"apiVersion": "v1", "kind": "List", "items": _objects(ours, self.known)}
        (self.folder / "objects.json").write_text(json.dumps(items))
        self.site.kubectl("apply", "--filename", str(self.folder / "objects.json"))
        self.site.kubectl("wait", f"pod/{NAMESPACE}", "-n", NAMESPACE, "--for=condition=Ready", "--timeout=120s")

    def goes(self) -> None:
        """End it, its name and all that it holds."""
        self.site.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=120s")

    def reached(self) -> tuple[str, list[str]]:
        """Its address, and what a command begins with to get there: the network of the site's node.

        Not a forwarded port: kubectl ends that at the first connection that a client breaks off.
        """
        where = ("get", "pod", NAMESPACE, "-n", NAMESPACE, "-o", "jsonpath={.status.podIP}")
        return f"{self.site.kubectl(*where)}:{PORT}", ["nsenter", f"--net=/proc/{self._kubelet()}/ns/net"]

    def _kubelet(self) -> str:
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                command, environment = (entry / "cmdline").read_bytes(), (entry / "environ").read_bytes()
            except OSError:
                continue
            if b"/kubelet\0" in command and str(self.site.base).encode() in environment:
                return entry.name
        raise AssertionError("the site's node runs no kubelet")
