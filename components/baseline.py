"""What every cluster gets before any app: priority classes and the platform's namespaces.

Owns the order of importance among pods and the list of namespaces; what is in a namespace is `namespace.py`.
https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi_kubernetes as k8s
from pulumi import ComponentResource, ResourceOptions

from components.metadata import metadata, resource_name
from components.namespace import PlatformNamespace, PlatformNamespaceArgs, Quota

#: Without it nobody gets in: the proxy.
CRITICAL = "arcos-critical"
#: Services that people use.
SERVICE = "arcos-service"
#: What people start themselves; it waits for room and never pushes anything out.
USER = "arcos-user"

#: For what belongs to the platform as a whole; empty but for what later parts put there.
SYSTEM_NAMESPACE = "arcos-system"
_SYSTEM_QUOTA = Quota(pods=20, cpu="2", memory="4Gi")

_PRIORITIES = (
    (CRITICAL, 1_000_000, "PreemptLowerPriority", "The way in to the platform."),
    (SERVICE, 100_000, "PreemptLowerPriority", "Services of the platform."),
    (USER, 1_000, "Never", "What users start: waits for room, never pushes out others."),
)


@dataclass(frozen=True, kw_only=True)
class BaselineArgs:
    """The apps' namespaces with their quotas, and the Kubernetes minor whose Pod Security rules hold."""

    namespaces: Mapping[str, Quota]
    kubernetes: str


class Baseline(ComponentResource):
    """Priority classes and hardened namespaces."""

    namespaces: dict[str, PlatformNamespace]
    """By name; an app depends on its own."""

    def __init__(self, name: str, args: BaselineArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:components:Baseline", name, None, opts)
        child = ResourceOptions(parent=self)
        _priority_classes(child)
        self.namespaces = _namespaces(args, child)
        self.register_outputs({"namespaces": sorted(self.namespaces)})


def _priority_classes(opts: ResourceOptions) -> list[k8s.scheduling.v1.PriorityClass]:
    return [
        k8s.scheduling.v1.PriorityClass(
            resource_name("PriorityClass", name),
            metadata=metadata(name, app="baseline"),
            value=value,
            preemption_policy=preemption,
            description=description,
            opts=opts,
        )
        for name, value, preemption, description in _PRIORITIES
    ]


def _namespaces(args: BaselineArgs, opts: ResourceOptions) -> dict[str, PlatformNamespace]:
    wanted = {SYSTEM_NAMESPACE: _SYSTEM_QUOTA, **args.namespaces}
    return {
        name: PlatformNamespace(
            name, PlatformNamespaceArgs(name=name, kubernetes=args.kubernetes, quota=quota), opts=opts
        )
        for name, quota in wanted.items()
    }
