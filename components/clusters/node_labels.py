"""Labels and taints of nodes, where the cloud's own service does not pass them on: a small program keeps them.

Owns that program's deployment and its rights; which nodes carry what is :func:`orders`. The program is
`images/node-pools`. Nodes come and go with the autoscaler, so it watches them; a new node takes no pod before its
network is up, and by then it is labelled. See docs/adr/0026-magnum.md.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi_kubernetes as k8s
from pulumi import ComponentResource, ResourceOptions

from components.clusters.pools import NodePool
from components.network import to_api_server
from components.pod import PodArgs, Probe, Resources
from components.rights import cluster_grant
from components.workload import Workload, WorkloadArgs

#: It is there before the platform's own namespaces, as DNS is.
NAMESPACE = "kube-system"
#: The user in `images/node-pools`.
USER = 10099
_APP = "node-pools"
_PORT = 8080
_TOKEN_SECONDS = 3600


@dataclass(frozen=True, kw_only=True)
class NodeLabelsArgs:
    """`pool_labels` are the labels that may name a node's pool, the likeliest first."""

    image: str
    pools: Sequence[NodePool]
    pool_labels: Sequence[str]


class NodeLabels(ComponentResource):
    """What keeps every node labelled and tainted as its pool says."""

    def __init__(self, name: str, args: NodeLabelsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:components:NodeLabels", name, None, opts)
        child = ResourceOptions(parent=self)
        needs = cluster_grant(_APP, NAMESPACE, rights(), child)
        Workload("node-pools", workload(args), child, after=needs)
        self.register_outputs({})


def orders(args: NodeLabelsArgs) -> dict[str, Any]:
    """What the program is told, as `images/node-pools/orders.go` reads it."""
    return {
        "poolLabels": list(args.pool_labels),
        "pools": {
            pool.name: {
                "labels": pool.labels(),
                "taints": [{"key": key, "effect": "NoSchedule"} for key in pool.taint_keys()],
            }
            for pool in args.pools
        },
    }


def workload(args: NodeLabelsArgs) -> WorkloadArgs:
    """One pod that watches nodes; a changed pool is a changed environment, so the pod is started anew."""
    return WorkloadArgs(
        namespace=NAMESPACE,
        replicas=1,
        singleton="nodes keep what they have; a lost pod is back in seconds",
        pod=PodArgs(
            app=_APP,
            image=args.image,
            user=USER,
            resources=Resources(cpu="10m", cpu_limit="250m", memory="64Mi"),
            service_account=_APP,
            env={
                "ARCOS_POOLS": json.dumps(orders(args), sort_keys=True, separators=(",", ":")),
                "GOMEMLIMIT": "48MiB",
            },
            ports={"http": _PORT},
            ready=Probe(path="/readyz", port=_PORT),
            live=Probe(path="/healthz", port=_PORT),
            priority_class="system-cluster-critical",
            api_token=_TOKEN_SECONDS,
        ),
        service={
            "type": "ClusterIP",
            "ports": [{"name": "http", "protocol": "TCP", "port": _PORT, "target_port": _PORT}],
        },
        ingress=[],
        egress=[to_api_server()],
    )


def rights() -> list[k8s.rbac.v1.PolicyRuleArgsDict]:
    """See nodes come, and change them. Kubernetes knows no right to labels and taints alone."""
    return [{"api_groups": [""], "resources": ["nodes"], "verbs": ["list", "patch", "watch"]}]
