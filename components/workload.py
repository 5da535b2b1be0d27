"""The one building block of every service: deployment, account, service, disruption budget, network policy.

Owns what surrounds the hardened pod of `pod.py`; leaves out what the service is for: its configuration, its routes.
Whoever runs one pod only must say why. A service that keeps data is a StatefulSet of one pod with volumes of its own:
never do two pods write to one volume.
https://kubernetes.io/docs/concepts/workloads/controllers/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi_kubernetes as k8s
from pulumi import ComponentResource, Output, Resource, ResourceOptions

from components.metadata import NOT_AWAITED, PREFIX, metadata, resource_name, selector
from components.network import EgressRule, IngressRule
from components.pod import PodArgs, pod_template


@dataclass(frozen=True, kw_only=True)
class Volume:
    """A volume of a service's own: the claim's `name`, and its least `size`, as in `10Gi`.

    It can grow, never shrink. Mounted with `Mount(claim=name)`.
    """

    name: str
    size: str
    storage_class: str


@dataclass(frozen=True, kw_only=True)
class WorkloadArgs:
    """A service named as its pod's `app`.

    `service` is the Service's spec but for the selector. `pod_selector` is what finds the pods where the recommended
    label does not. One replica needs `singleton`: why losing it for a moment is accepted. `recreate` ends the old pod
    before a new one starts. With `volumes` the one pod is that of a StatefulSet.

    Raises:
        ValueError: One replica without a reason, or a reason for more than one; volumes and more than one replica.
    """

    namespace: str
    pod: PodArgs
    replicas: int
    service: k8s.core.v1.ServiceSpecArgsDict
    ingress: Sequence[IngressRule]
    egress: Sequence[EgressRule] = ()
    singleton: str = ""
    service_name: str = ""
    service_annotations: Mapping[str, str] = field(default_factory=dict)
    pod_selector: Mapping[str, str] = field(default_factory=dict)
    recreate: bool = False
    volumes: Sequence[Volume] = ()

    def __post_init__(self) -> None:
        if self.volumes and self.replicas != 1:
            raise ValueError(f"{self.pod.app}: a volume is one pod's own")
        if (self.replicas == 1) != bool(self.singleton):
            raise ValueError(f"{self.pod.app}: one replica and a reason in `singleton` belong together")


class Workload(ComponentResource):
    """A hardened service. All of it waits for what `opts` says, and only its pods for what is in `after`."""

    service_name: Output[str]
    """The Service's name."""

    def __init__(
        self, name: str, args: WorkloadArgs, opts: ResourceOptions | None = None, *, after: Sequence[Resource] = ()
    ) -> None:
        super().__init__("arcos:components:Workload", name, None, opts)
        # What a component depends on does not reach its children by itself.
        child = ResourceOptions(parent=self, depends_on=opts.depends_on if opts else None)
        _account(args, child)
        policy = _policy(args, child)
        service = _service(args, child)
        needs = [policy, *_claims(args, child), *after]
        _pods(args, ResourceOptions.merge(child, ResourceOptions(depends_on=needs)))
        if args.replicas > 1:
            _budget(args, child)
        self.service_name = service.metadata.name
        self.register_outputs({"service_name": self.service_name})


def deployment_spec(args: WorkloadArgs) -> k8s.apps.v1.DeploymentSpecArgsDict:
    """Rolls without a gap: a new pod is ready before an old one leaves; pods spread over nodes and zones."""
    template = pod_template(args.pod)
    if args.replicas > 1:
        template["spec"] = template["spec"] | {"topology_spread_constraints": _spread(args)}  # type: ignore[operator]
    return {
        "replicas": args.replicas,
        "revision_history_limit": 3,
        "progress_deadline_seconds": 300,
        "selector": {"match_labels": _selects(args)},
        "strategy": {"type": "Recreate"}
        if args.recreate
        else {"type": "RollingUpdate", "rolling_update": {"max_surge": 1, "max_unavailable": 0}},
        "template": template,
    }


def stateful_set_spec(args: WorkloadArgs) -> k8s.apps.v1.StatefulSetSpecArgsDict:
    """At most one pod at any time: on a lost node it is not started elsewhere before the node is known to be gone.

    `Parallel`, because the default waits for a pod that never gets ready before it takes in what would mend it.
    https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback
    """
    return {
        "replicas": 1,
        "pod_management_policy": "Parallel",
        "revision_history_limit": 3,
        "service_name": args.service_name or args.pod.app,
        "selector": {"match_labels": _selects(args)},
        "template": pod_template(args.pod),
    }


def claim_spec(volume: Volume) -> k8s.core.v1.PersistentVolumeClaimSpecArgsDict:
    """A volume that one node writes."""
    return {
        "access_modes": ["ReadWriteOnce"],
        "storage_class_name": volume.storage_class,
        "resources": {"requests": {"storage": volume.size}},
    }


def _selects(args: WorkloadArgs) -> dict[str, str]:
    return dict(args.pod_selector) or selector(args.pod.app)


def _spread(args: WorkloadArgs) -> list[k8s.core.v1.TopologySpreadConstraintArgsDict]:
    return [
        {
            "max_skew": 1,
            "topology_key": key,
            "when_unsatisfiable": "ScheduleAnyway",
            "label_selector": {"match_labels": _selects(args)},
        }
        for key in ("kubernetes.io/hostname", "topology.kubernetes.io/zone")
    ]


def _account(args: WorkloadArgs, opts: ResourceOptions) -> k8s.core.v1.ServiceAccount:
    name = args.pod.service_account
    return k8s.core.v1.ServiceAccount(
        resource_name("ServiceAccount", name, args.namespace),
        metadata=metadata(name, app=args.pod.app, namespace=args.namespace),
        automount_service_account_token=False,
        opts=opts,
    )


def _policy(args: WorkloadArgs, opts: ResourceOptions) -> k8s.networking.v1.NetworkPolicy:
    app = args.pod.app
    spec: k8s.networking.v1.NetworkPolicySpecArgsDict = {
        "pod_selector": {"match_labels": _selects(args)},
        "policy_types": ["Ingress", "Egress"],
    }
    if args.ingress:
        spec["ingress"] = list(args.ingress)
    if args.egress:
        spec["egress"] = list(args.egress)
    return k8s.networking.v1.NetworkPolicy(
        resource_name("NetworkPolicy", app, args.namespace),
        metadata=metadata(app, app=app, namespace=args.namespace),
        spec=spec,
        opts=opts,
    )


def _service(args: WorkloadArgs, opts: ResourceOptions) -> k8s.core.v1.Service:
    name, balanced = args.service_name or args.pod.app, args.service.get("type") == "LoadBalancer"
    return k8s.core.v1.Service(
        resource_name("Service", name, args.namespace),
        metadata=metadata(
            name,
            app=args.pod.app,
            namespace=args.namespace,
            extra_labels=args.pod.extra_labels,
            # The engine would wait for pods behind it, which it waits for anyway. A service's turn comes before its
            # pods', and it does few things at once: all of its hands would wait, and no pod be made.
            annotations=dict(args.service_annotations) | ({} if balanced else NOT_AWAITED),
        ),
        spec=args.service | {"selector": _selects(args)},
        opts=opts,
    )


def _claims(args: WorkloadArgs, opts: ResourceOptions) -> list[k8s.core.v1.PersistentVolumeClaim]:
    """Data outlives its service: the engine refuses to delete a claim until somebody unprotects it."""
    app = args.pod.app
    return [
        k8s.core.v1.PersistentVolumeClaim(
            resource_name("PersistentVolumeClaim", volume.name, args.namespace),
            # The engine would wait for the claim to be bound, which its first pod does.
            metadata=metadata(volume.name, app=app, namespace=args.namespace, annotations=NOT_AWAITED),
            spec=claim_spec(volume),
            opts=ResourceOptions.merge(opts, ResourceOptions(protect=True)),
        )
        for volume in args.volumes
    ]


def _pods(args: WorkloadArgs, opts: ResourceOptions) -> k8s.apps.v1.Deployment | k8s.apps.v1.StatefulSet:
    app = args.pod.app
    why = {f"{PREFIX}/singleton": args.singleton} if args.singleton else None
    meta = metadata(app, app=app, namespace=args.namespace, annotations=why)
    if args.volumes:
        name = resource_name("StatefulSet", app, args.namespace)
        return k8s.apps.v1.StatefulSet(name, metadata=meta, spec=stateful_set_spec(args), opts=opts)
    name = resource_name("Deployment", app, args.namespace)
    return k8s.apps.v1.Deployment(name, metadata=meta, spec=deployment_spec(args), opts=opts)


def _budget(args: WorkloadArgs, opts: ResourceOptions) -> k8s.policy.v1.PodDisruptionBudget:
    """One pod at a time may leave for a node's maintenance; a broken pod never blocks it."""
    app = args.pod.app
    return k8s.policy.v1.PodDisruptionBudget(
        resource_name("PodDisruptionBudget", app, args.namespace),
        metadata=metadata(app, app=app, namespace=args.namespace),
        spec={
            "max_unavailable": 1,
            "selector": {"match_labels": _selects(args)},
            "unhealthy_pod_eviction_policy": "AlwaysAllow",
        },
        opts=opts,
    )
