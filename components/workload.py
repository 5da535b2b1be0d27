"""The one building block of every service: deployment, account, service, disruption budget, network policy.

Owns what surrounds the hardened pod of `pod.py`; leaves out what the service is for: its configuration, its routes.
Whoever runs one pod only must say why.
https://kubernetes.io/docs/concepts/workloads/controllers/deployment/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi_kubernetes as k8s
from pulumi import ComponentResource, Output, ResourceOptions

from components.metadata import PREFIX, metadata, resource_name, selector
from components.network import EgressRule, IngressRule
from components.pod import PodArgs, pod_template


@dataclass(frozen=True, kw_only=True)
class WorkloadArgs:
    """A service named as its pod's `app`.

    `service` is the Service's spec but for the selector. `extra_selector` adds labels by which others find the pods.
    One replica needs `singleton`: why losing it for a moment is accepted.

    Raises:
        ValueError: One replica without a reason, or a reason for more than one.
    """

    namespace: str
    pod: PodArgs
    replicas: int
    service: k8s.core.v1.ServiceSpecArgsDict
    ingress: Sequence[IngressRule]
    egress: Sequence[EgressRule] = ()
    singleton: str = ""
    service_name: str = ""
    pod_selector: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (self.replicas == 1) != bool(self.singleton):
            raise ValueError(f"{self.pod.app}: one replica and a reason in `singleton` belong together")


class Workload(ComponentResource):
    """A hardened, stateless service."""

    service_name: Output[str]
    """The Service's name."""

    def __init__(self, name: str, args: WorkloadArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:components:Workload", name, None, opts)
        # What a component depends on does not reach its children by itself.
        child = ResourceOptions(parent=self, depends_on=opts.depends_on if opts else None)
        _account(args, child)
        policy = _policy(args, child)
        service = _service(args, child)
        _deployment(args, ResourceOptions.merge(child, ResourceOptions(depends_on=[policy])))
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
        "strategy": {"type": "RollingUpdate", "rolling_update": {"max_surge": 1, "max_unavailable": 0}},
        "template": template,
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
    name = args.service_name or args.pod.app
    return k8s.core.v1.Service(
        resource_name("Service", name, args.namespace),
        metadata=metadata(name, app=args.pod.app, namespace=args.namespace, extra_labels=args.pod.extra_labels),
        spec=args.service | {"selector": _selects(args)},
        opts=opts,
    )


def _deployment(args: WorkloadArgs, opts: ResourceOptions) -> k8s.apps.v1.Deployment:
    app = args.pod.app
    why = {f"{PREFIX}/singleton": args.singleton} if args.singleton else None
    return k8s.apps.v1.Deployment(
        resource_name("Deployment", app, args.namespace),
        metadata=metadata(app, app=app, namespace=args.namespace, annotations=why),
        spec=deployment_spec(args),
        opts=opts,
    )


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
