"""The order in which a site's objects are applied: what others stand on comes first.

Within one kind the order is by namespace and name, so that it is the same on every run.
"""

from __future__ import annotations

from typing import Any, TypeAlias

#: One Kubernetes object as plain data, as the API would take it.
Manifest: TypeAlias = dict[str, Any]

#: Kinds in order; a kind that is not named comes after ConfigMap and before Service, as custom resources should.
FIRST = (
    "Namespace",
    "CustomResourceDefinition",
    "PriorityClass",
    "StorageClass",
    "ResourceQuota",
    "LimitRange",
    "NetworkPolicy",
    "ServiceAccount",
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "ConfigMap",
)
LAST = (
    "Service",
    "PersistentVolumeClaim",
    "PodDisruptionBudget",
    "Job",
    "DaemonSet",
    "StatefulSet",
    "Deployment",
    "CronJob",
)
_RANK = {kind: rank for rank, kind in enumerate(FIRST)} | {kind: 100 + rank for rank, kind in enumerate(LAST)}


def key(manifest: Manifest) -> tuple[int, str, str, str]:
    """What an object is sorted by."""
    meta = manifest["metadata"]
    return _RANK.get(manifest["kind"], 50), manifest["kind"], meta.get("namespace", ""), meta["name"]
