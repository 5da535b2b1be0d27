"""Where figures come from that no app has: each node's own (`node-exporter`), and the cluster's (`cluster-state`).

Owns both programs' pods and rights. On a node nothing of the machine is mounted: what the kernel tells every pod is
enough, and a scratch folder lies on the disk that pods write to. docs/adr/0015-monitoring.md
"""

from __future__ import annotations

from collections.abc import Callable

import pulumi_kubernetes as k8s
from pulumi import Resource, ResourceOptions

from components.baseline import SERVICE
from components.metadata import metadata, resource_name, selector
from components.metrics import MONITORING, from_prometheus
from components.network import to_api_server
from components.pod import Mount, PodArgs, Probe, Resources, pod_template
from components.workload import WorkloadArgs

#: The users in `images/node-exporter` and `images/cluster-state`.
NODE_USER, STATE_USER = 10092, 10093
NODE_EXPORTER, NODE_EXPORTER_PORT = "node-exporter", 9100
CLUSTER_STATE, CLUSTER_STATE_PORT = "cluster-state", 8080
#: On the disk that holds what pods write.
DISK = "/node"
#: What the kernel tells every pod of the whole machine. https://github.com/prometheus/node_exporter#collectors
_COLLECTORS = ("cpu", "diskstats", "filesystem", "loadavg", "meminfo", "pressure", "stat", "uname", "vmstat")
NODE_MEMORY_MIB = 48


def node_pod(images: Callable[[str], str]) -> PodArgs:
    """The pod on every node."""
    return PodArgs(
        app=NODE_EXPORTER,
        image=images("node-exporter"),
        user=NODE_USER,
        resources=Resources(cpu="10m", cpu_limit="250m", memory=f"{NODE_MEMORY_MIB}Mi"),
        service_account=NODE_EXPORTER,
        args=[
            "--collector.disable-defaults",
            *(f"--collector.{name}" for name in _COLLECTORS),
            f"--collector.filesystem.mount-points-include=^{DISK}$",
            "--web.disable-exporter-metrics",
            "--log.level=warn",
        ],
        ports={"http": NODE_EXPORTER_PORT},
        mounts=[Mount(path=DISK, scratch="1Mi")],
        ready=Probe(path="/", port=NODE_EXPORTER_PORT),
        live=Probe(path="/", port=NODE_EXPORTER_PORT),
        priority_class=SERVICE,
    )


def nodes(images: Callable[[str], str], opts: ResourceOptions) -> list[Resource]:
    """On every node, whatever it is reserved for: the account, who may ask, and the pods."""
    meta = metadata(NODE_EXPORTER, app=NODE_EXPORTER, namespace=MONITORING)
    account = k8s.core.v1.ServiceAccount(
        resource_name("ServiceAccount", NODE_EXPORTER, MONITORING),
        metadata=meta,
        automount_service_account_token=False,
        opts=opts,
    )
    policy = k8s.networking.v1.NetworkPolicy(
        resource_name("NetworkPolicy", NODE_EXPORTER, MONITORING),
        metadata=meta,
        spec={
            "pod_selector": {"match_labels": selector(NODE_EXPORTER)},
            "policy_types": ["Ingress", "Egress"],
            "ingress": [from_prometheus(NODE_EXPORTER_PORT)],
        },
        opts=opts,
    )
    template = pod_template(node_pod(images))
    template["spec"] = template["spec"] | {"tolerations": [{"operator": "Exists"}]}  # type: ignore[operator]
    pods = k8s.apps.v1.DaemonSet(
        resource_name("DaemonSet", NODE_EXPORTER, MONITORING),
        metadata=meta,
        spec={"selector": {"match_labels": selector(NODE_EXPORTER)}, "template": template},
        opts=ResourceOptions.merge(opts, ResourceOptions(depends_on=[account, policy])),
    )
    return [account, policy, pods]


def state_workload(images: Callable[[str], str]) -> WorkloadArgs:
    """The program that reads the API: Prometheus asks it, it asks the API."""
    return WorkloadArgs(
        namespace=MONITORING,
        replicas=1,
        singleton="it keeps nothing; a lost pod is back in seconds",
        pod=PodArgs(
            app=CLUSTER_STATE,
            image=images(CLUSTER_STATE),
            user=STATE_USER,
            resources=Resources(cpu="10m", cpu_limit="500m", memory="96Mi"),
            service_account=CLUSTER_STATE,
            env={"GOMEMLIMIT": "80MiB"},
            ports={"http": CLUSTER_STATE_PORT},
            ready=Probe(path="/healthz", port=CLUSTER_STATE_PORT),
            live=Probe(path="/healthz", port=CLUSTER_STATE_PORT),
            priority_class=SERVICE,
            api_token=3600,
        ),
        service={
            "type": "ClusterIP",
            "ports": [
                {"name": "http", "protocol": "TCP", "port": CLUSTER_STATE_PORT, "target_port": CLUSTER_STATE_PORT}
            ],
        },
        ingress=[from_prometheus(CLUSTER_STATE_PORT)],
        egress=[to_api_server()],
    )


def rights() -> list[k8s.rbac.v1.PolicyRuleArgsDict]:
    """List what is counted; no secret, no configuration, and nothing may be changed."""
    return [
        {
            "api_groups": [""],
            "resources": ["nodes", "persistentvolumeclaims", "pods"],
            "verbs": ["list"],
        },
        {"api_groups": ["apps"], "resources": ["daemonsets", "deployments", "statefulsets"], "verbs": ["list"]},
        {"api_groups": ["batch"], "resources": ["cronjobs", "jobs"], "verbs": ["list"]},
    ]
