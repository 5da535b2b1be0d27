"""What a local cluster holds before anything is applied to it: rights of its own programs, the machine's certificate
authority, and simulated nodes. Deciding only; `arcos.local.node` sends it."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from arcos.local.plan import FILES

#: The Secret that seeding jobs sign the ingress's certificate with.
AUTHORITY_SECRET, AUTHORITY_NAMESPACE = "arcos-local-ca", "kube-system"


def objects(authority: Path, simulated_nodes: Iterable[str] = ()) -> list[dict[str, Any]]:
    """Everything, in the order to create it."""
    return [*_rights(), _authority(authority), *map(_node, simulated_nodes)]


def _rights() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((FILES / "cluster.yaml").read_text(encoding="utf-8")))


def _authority(certificate: Path) -> dict[str, Any]:
    content = {"ca.crt": certificate.read_bytes(), "ca.key": certificate.with_name("ca.key").read_bytes()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": AUTHORITY_SECRET, "namespace": AUTHORITY_NAMESPACE},
        "type": "Opaque",
        "data": {key: base64.b64encode(value).decode() for key, value in content.items()},
    }


def _node(name: str) -> dict[str, Any]:
    labels = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "arcos.dev/simulated": "true",
    }
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}}
