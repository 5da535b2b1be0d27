"""What the parts of `registry` call the same things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi_kubernetes as k8s

from apps.registry.config import REGISTRY
from components.facts import Facts

GATE = f"{REGISTRY}-gate"
#: The ConfigMap with the files of all parts.
CONFIG = f"{REGISTRY}-config"
#: The file in it with the authorities that only this site knows.
AUTHORITIES = "authorities.pem"
#: Generated secrets: what signs tokens, what seals uploads, what lets the collector shut the registry for a while.
SIGNING, UPLOADS, WINDOW = f"{REGISTRY}-signing", f"{REGISTRY}-uploads", f"{REGISTRY}-window"
#: Distribution's port and that of its figures; the gate's, and the one where only the collector asks.
PORT, FIGURES = 5000, 5001
GATE_PORT, WINDOW_PORT = 8080, 8081


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where people and programs find the registry."""

    host: str
    url: str

    @property
    def service(self) -> str:
        """What stands before a repository's name, and what tokens are for."""
        return self.url.removeprefix("https://")


def address(host: str | None, facts: Facts) -> Address:
    """The site's own name for it, or the usual one."""
    usual = facts.url(REGISTRY)
    if host is None:
        return Address(host=facts.host(REGISTRY), url=usual)
    return Address(host=host, url=usual.replace(facts.host(REGISTRY), host))


def inside(service: str, port: int) -> str:
    """The address of one of the Services."""
    return f"http://{service}.{REGISTRY}.svc.cluster.local:{port}"


def service(ports: Mapping[str, int]) -> k8s.core.v1.ServiceSpecArgsDict:
    """A Service inside the cluster."""
    return {
        "type": "ClusterIP",
        "ports": [{"name": name, "protocol": "TCP", "port": port, "target_port": port} for name, port in ports.items()],
    }
