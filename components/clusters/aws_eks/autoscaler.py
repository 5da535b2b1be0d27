"""What makes a pool grow and shrink: Kubernetes' own autoscaler, on the groups that EKS keeps behind node groups.

Owns its pod and its rights in the cluster; its rights in AWS are `pod_rights.py`. Bounds are the pools' own (`min`,
`max`), which EKS writes on the groups; labels and taints of a pool without a machine it asks EKS for. Why so, and why
it is off by default: docs/adr/0028.
https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/aws/README.md
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi_kubernetes as k8s
from pulumi import ComponentResource, ResourceOptions

from components.network import to_anywhere, to_api_server, to_dns, to_pod_identity
from components.pod import PodArgs, Probe, Resources
from components.rights import cluster_grant
from components.workload import Workload, WorkloadArgs

#: The pod's name, its account's, and where it is: there before the platform's own namespaces, as DNS is.
APP, NAMESPACE = "cluster-autoscaler", "kube-system"
#: The user in `images/cluster-autoscaler`.
USER = 10102
_PORT = 8085
_TOKEN_SECONDS = 3600
_SEE = ["get", "list", "watch"]


@dataclass(frozen=True, kw_only=True)
class EksAutoscalerArgs:
    """`cluster_name` is EKS's name of the cluster, which is on the tags of its groups."""

    image: str
    cluster_name: str


class EksAutoscaler(ComponentResource):
    """The autoscaler of an EKS cluster."""

    def __init__(self, name: str, args: EksAutoscalerArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:components:EksAutoscaler", name, None, opts)
        child = ResourceOptions(parent=self)
        needs = cluster_grant(APP, NAMESPACE, rights(), child)
        Workload(APP, workload(args), child, after=needs)
        self.register_outputs({})


def arguments(args: EksAutoscalerArgs) -> list[str]:
    """What it is started with: the groups of this cluster only; the pool that wastes least grows.

    A node is given back when its pods, with what they keep in empty folders, can be elsewhere: notebooks are not
    moved, since no controller would start them again. One pod runs, so nobody has to be elected.
    """
    tags = f"k8s.io/cluster-autoscaler/enabled,k8s.io/cluster-autoscaler/{args.cluster_name}"
    return [
        "--cloud-provider=aws",
        f"--node-group-auto-discovery=asg:tag={tags}",
        "--expander=least-waste",
        "--skip-nodes-with-local-storage=false",
        "--leader-elect=false",
        "--write-status-configmap=false",
        f"--address=:{_PORT}",
    ]


def workload(args: EksAutoscalerArgs) -> WorkloadArgs:
    """One pod; the old one ends before a new one starts. Its region and credentials EKS puts into the pod."""
    return WorkloadArgs(
        namespace=NAMESPACE,
        replicas=1,
        singleton="machines stay as they are; a lost pod is back in seconds",
        recreate=True,
        pod=PodArgs(
            app=APP,
            image=args.image,
            user=USER,
            resources=Resources(cpu="50m", cpu_limit="1", memory="600Mi"),
            service_account=APP,
            command=["/cluster-autoscaler"],
            args=arguments(args),
            ports={"http": _PORT},
            ready=Probe(path="/health-check", port=_PORT),
            live=Probe(path="/health-check", port=_PORT),
            priority_class="system-cluster-critical",
            api_token=_TOKEN_SECONDS,
        ),
        service={
            "type": "ClusterIP",
            "ports": [{"name": "http", "protocol": "TCP", "port": _PORT, "target_port": _PORT}],
        },
        ingress=[],
        egress=[to_api_server(), to_anywhere(443), to_pod_identity(), to_dns()],
    )


def rights() -> list[k8s.rbac.v1.PolicyRuleArgsDict]:
    """What upstream's own manifest gives it, without its status, election, and what it would write to jobs."""
    storage = ["csidrivers", "csinodes", "csistoragecapacities", "storageclasses", "volumeattachments"]
    core = ["namespaces", "persistentvolumeclaims", "persistentvolumes", "pods", "replicationcontrollers", "services"]
    return [
        {"api_groups": [""], "resources": core, "verbs": _SEE},
        {"api_groups": [""], "resources": ["nodes"], "verbs": [*_SEE, "update"]},
        {"api_groups": [""], "resources": ["pods/eviction"], "verbs": ["create"]},
        {"api_groups": [""], "resources": ["events"], "verbs": ["create", "patch"]},
        {"api_groups": ["apps"], "resources": ["daemonsets", "replicasets", "statefulsets"], "verbs": _SEE},
        {"api_groups": ["batch"], "resources": ["jobs"], "verbs": _SEE},
        {"api_groups": ["policy"], "resources": ["poddisruptionbudgets"], "verbs": _SEE},
        {"api_groups": ["storage.k8s.io"], "resources": storage, "verbs": _SEE},
    ]
