"""Pods and what belongs to them, for the node's tests."""

from __future__ import annotations

from typing import Any

STORAGE = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {"name": "local-directory"},
    "provisioner": "arcos.dev/local-directory",
    "reclaimPolicy": "Delete",
    "volumeBindingMode": "WaitForFirstConsumer",
}


def pod(name: str, image: str, *command: str, claim: str = "") -> dict[str, Any]:
    """A pod that Pod Security `restricted` admits."""
    container: dict[str, Any] = {
        "name": "tool",
        "image": image,
        "imagePullPolicy": "Never",
        "args": list(command),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    spec: dict[str, Any] = {
        "containers": [container],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 2,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "fsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    if claim:
        spec["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}]
        container["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}}, "spec": spec}


def claim(name: str) -> dict[str, Any]:
    """A claim to a directory."""
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "local-directory",
        "resources": {"requests": {"storage": "10Mi"}},
    }
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": spec}


def service(name: str, node_port: int = 0) -> dict[str, Any]:
    """A service in front of the pod of the same name."""
    port = {"port": 80, "targetPort": 8080} | ({"nodePort": node_port} if node_port else {})
    spec = {"type": "NodePort" if node_port else "ClusterIP", "selector": {"app": name}, "ports": [port]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def everything(*objects: dict[str, Any]) -> dict[str, Any]:
    """All of it in one document."""
    return {"apiVersion": "v1", "kind": "List", "items": list(objects)}
