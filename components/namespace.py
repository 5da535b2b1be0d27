"""A namespace of the platform: Pod Security `restricted`, nothing in or out but DNS, and a quota.

Owns what every namespace gets before anything runs in it; what a workload may reach is opened by the workload.
One that may hold volumes is protected: they would go with it, also those that only the cluster knows. In any other the
quota lets no claim in. In pull delivery `up` never prunes a namespace that holds a claim. See docs/adr/0030.
https://kubernetes.io/docs/concepts/security/pod-security-admission/
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi_kubernetes as k8s
from pulumi import ComponentResource, ResourceOptions

from components.metadata import metadata, resource_name
from components.network import to_dns
from components.quantity import to_bytes

#: For containers that state nothing themselves, such as a debug container of an operator.
_DEFAULT_LIMITS = {"cpu": "500m", "memory": "256Mi"}
_DEFAULT_REQUESTS = {"cpu": "25m", "memory": "64Mi"}


@dataclass(frozen=True, kw_only=True)
class Quota:
    """The most a namespace may hold: pods, requested CPU, memory limits, ports on nodes, cloud load balancers.

    `volumes`: whether there may be volume claims in it, of any number and size.
    """

    pods: int
    cpu: str
    memory: str
    node_ports: int = 0
    load_balancers: int = 0
    volumes: bool = False

    def hard(self) -> dict[str, str]:
        """The quota's `hard` map. https://kubernetes.io/docs/concepts/policy/resource-quotas/"""
        hard = {
            "pods": str(self.pods),
            "requests.cpu": self.cpu,
            "limits.memory": canonical(self.memory),
            "services.nodeports": str(self.node_ports),
            "services.loadbalancers": str(self.load_balancers),
        }
        return hard if self.volumes else hard | {"persistentvolumeclaims": "0"}


@dataclass(frozen=True, kw_only=True)
class PlatformNamespaceArgs:
    """`kubernetes` is the minor whose Pod Security rules hold, as in `1.37`."""

    name: str
    kubernetes: str
    quota: Quota


class PlatformNamespace(ComponentResource):
    """A hardened namespace. Depend on it, and everything in it is in force before your first pod."""

    name: str
    """The namespace's name."""
    itself: k8s.core.v1.Namespace
    """Without what is in it: enough for a Secret or a right, which another app puts here; not for a pod."""

    def __init__(self, name: str, args: PlatformNamespaceArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:components:PlatformNamespace", name, None, opts)
        child = ResourceOptions(parent=self)
        self.itself = _namespace(args, child)
        inside = ResourceOptions(parent=self, depends_on=[self.itself])
        _default_deny(args, inside)
        _allow_dns(args, inside)
        _quota(args, inside)
        _limits(args, inside)
        self.name = args.name
        self.register_outputs({"name": self.name})


def canonical(memory: str) -> str:
    """An amount as the API server writes it back: in the largest unit that needs no fraction."""
    whole = to_bytes(memory)
    unit = next(unit for unit in ("Pi", "Ti", "Gi", "Mi", "Ki") if whole % to_bytes(f"1{unit}") == 0)
    return f"{whole // to_bytes(f'1{unit}')}{unit}"


def pod_security_labels(kubernetes: str) -> dict[str, str]:
    """Labels that enforce, audit and warn about Pod Security `restricted` as of one Kubernetes minor."""
    labels: dict[str, str] = {}
    for mode in ("enforce", "audit", "warn"):
        labels[f"pod-security.kubernetes.io/{mode}"] = "restricted"
        labels[f"pod-security.kubernetes.io/{mode}-version"] = f"v{kubernetes}"
    return labels


def _namespace(args: PlatformNamespaceArgs, opts: ResourceOptions) -> k8s.core.v1.Namespace:
    return k8s.core.v1.Namespace(
        resource_name("Namespace", args.name),
        metadata=metadata(args.name, app=args.name, extra_labels=pod_security_labels(args.kubernetes)),
        opts=ResourceOptions.merge(opts, ResourceOptions(protect=args.quota.volumes)),
    )


def _default_deny(args: PlatformNamespaceArgs, opts: ResourceOptions) -> k8s.networking.v1.NetworkPolicy:
    return k8s.networking.v1.NetworkPolicy(
        resource_name("NetworkPolicy", "default-deny", args.name),
        metadata=metadata("default-deny", app=args.name, namespace=args.name),
        spec={"pod_selector": {}, "policy_types": ["Ingress", "Egress"]},
        opts=opts,
    )


def _allow_dns(args: PlatformNamespaceArgs, opts: ResourceOptions) -> k8s.networking.v1.NetworkPolicy:
    return k8s.networking.v1.NetworkPolicy(
        resource_name("NetworkPolicy", "allow-dns", args.name),
        metadata=metadata("allow-dns", app=args.name, namespace=args.name),
        spec={"pod_selector": {}, "policy_types": ["Egress"], "egress": [to_dns()]},
        opts=opts,
    )


def _quota(args: PlatformNamespaceArgs, opts: ResourceOptions) -> k8s.core.v1.ResourceQuota:
    return k8s.core.v1.ResourceQuota(
        resource_name("ResourceQuota", "platform", args.name),
        metadata=metadata("platform", app=args.name, namespace=args.name),
        spec={"hard": args.quota.hard()},
        opts=opts,
    )


def _limits(args: PlatformNamespaceArgs, opts: ResourceOptions) -> k8s.core.v1.LimitRange:
    return k8s.core.v1.LimitRange(
        resource_name("LimitRange", "platform", args.name),
        metadata=metadata("platform", app=args.name, namespace=args.name),
        spec={
            "limits": [{"type": "Container", "default": _DEFAULT_LIMITS, "default_request": _DEFAULT_REQUESTS}],
        },
        opts=opts,
    )
