"""What the apply side needs to know of an object: its identity, its place in the order, whether it is whole.

Leaves the objects' content to the components that make them. Pure. Scopes of the built-in kinds:
https://kubernetes.io/docs/reference/kubernetes-api/.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from arcos.errors import ArcosError

Manifest = dict[str, Any]

#: The field manager under which ARCOS applies.
MANAGER = "arcos"

_BUILT_IN = frozenset(
    ["", "apps", "batch", "autoscaling", "policy", "networking.k8s.io", "rbac.authorization.k8s.io",
     "storage.k8s.io", "scheduling.k8s.io", "apiextensions.k8s.io", "admissionregistration.k8s.io",
     "apiregistration.k8s.io", "coordination.k8s.io", "discovery.k8s.io", "node.k8s.io",
     "flowcontrol.apiserver.k8s.io", "certificates.k8s.io", "events.k8s.io", "resource.k8s.io"]
)  # fmt: skip
_CLUSTER_WIDE = frozenset(
    ["Namespace", "Node", "PersistentVolume", "ClusterRole", "ClusterRoleBinding", "StorageClass", "CSIDriver",
     "CSINode", "VolumeAttachment", "VolumeAttributesClass", "PriorityClass", "RuntimeClass", "IngressClass",
     "CustomResourceDefinition", "APIService", "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration",
     "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "MutatingAdmissionPolicy",
     "MutatingAdmissionPolicyBinding", "FlowSchema", "PriorityLevelConfiguration", "CertificateSigningRequest",
     "ClusterTrustBundle", "DeviceClass", "ResourceSlice", "IPAddress", "ServiceCIDR"]
)  # fmt: skip
_FIRST = {"Namespace": 0, "CustomResourceDefinition": 1}


@dataclass(frozen=True, order=True)
class Id:
    """Which object, whatever the API version it is written in."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.place}"

    @property
    def place(self) -> str:
        """``namespace/name``, or the name alone when cluster-wide."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    @property
    def type(self) -> str:
        """The kind as kubectl takes it, without a version: ``Deployment.apps``."""
        return f"{self.kind}.{self.group}" if self.group else self.kind

    @property
    def built_in(self) -> bool:
        """Whether Kubernetes itself brings the kind."""
        return self.group in _BUILT_IN


def identify(manifest: Manifest) -> Id:
    """The object's identity; fields that are missing are ""."""
    metadata = manifest.get("metadata") or {}
    group, _, version = str(manifest.get("apiVersion") or "").rpartition("/")
    namespace, name = str(metadata.get("namespace") or ""), str(metadata.get("name") or "")
    return Id(group if version else "", str(manifest.get("kind") or ""), namespace, name)


def as_list(manifests: Iterable[Manifest]) -> Manifest:
    """One object that holds many, as kubectl reads them."""
    return {"apiVersion": "v1", "kind": "List", "items": list(manifests)}


def ordered(manifests: Sequence[Manifest]) -> list[Manifest]:
    """The same objects, namespaces first, then custom resource definitions; else in the given order.

    Raises:
        ArcosError: An object is not whole (no kind, name or namespace), or stands twice.
    """
    scopes = {_defined(manifest): str(manifest["spec"].get("scope")) for manifest in manifests if _is_crd(manifest)}
    seen: set[Id] = set()
    for number, manifest in enumerate(manifests, 1):
        _check(manifest, f"object {number} of {len(manifests)}", scopes)
        this = identify(manifest)
        if this in seen:
            raise _broken("an object is rendered twice", str(this), "two components make the same object")
        seen.add(this)
    return sorted(manifests, key=lambda manifest: _FIRST.get(str(manifest["kind"]), 2))


def _is_crd(manifest: Manifest) -> bool:
    return manifest.get("kind") == "CustomResourceDefinition" and isinstance(manifest.get("spec"), dict)


def _defined(crd: Manifest) -> tuple[str, str]:
    spec = crd["spec"]
    return str(spec.get("group")), str((spec.get("names") or {}).get("kind"))


def _check(manifest: Manifest, where: str, scopes: dict[tuple[str, str], str]) -> None:
    this = identify(manifest)
    if not this.kind or not manifest.get("apiVersion"):
        raise _broken("an object has no kind or apiVersion", where, "")
    if not this.name or "generateName" in manifest["metadata"]:
        raise _broken("an object does not name itself", f"{where}: {this.kind}", "the cluster would invent a name")
    if this.built_in:
        cluster_wide = this.kind in _CLUSTER_WIDE
    elif scope := scopes.get((this.group, this.kind)):
        cluster_wide = scope == "Cluster"
    else:
        return  # a kind that the cluster brings: only the cluster knows its scope
    if cluster_wide and this.namespace:
        raise _broken(f"a {this.kind} is cluster-wide but names a namespace", str(this), "")
    if not cluster_wide and not this.namespace:
        raise _broken("an object does not name its namespace", f"{where}: {this}", "it would land wherever kubectl is")


def _broken(what: str, where: str, why: str) -> ArcosError:
    return ArcosError(what, where=where, why=why, fix="correct the component that makes the object")


def is_ours(live: Manifest) -> bool:
    """Whether ARCOS applied this very object (needs its managed fields).

    An object that somebody deleted and made again under the same name does not have our mark.
    """
    entries = live["metadata"].get("managedFields") or []
    return any(entry.get("manager") == MANAGER and entry.get("operation") == "Apply" for entry in entries)
