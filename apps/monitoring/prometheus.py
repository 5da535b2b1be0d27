"""Prometheus: figures of the site, kept on a volume, and the rules that tell when somebody must know.

Owns the server, its files, and its right to read figures of nodes. It asks the API nothing else: where nodes are,
`cluster-state` knows. https://prometheus.io/docs/prometheus/latest/
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from string import Template
from typing import Any

import pulumi_kubernetes as k8s
import yaml
from pulumi import ResourceOptions

from apps.monitoring.alertmanager import ALERTMANAGER, ALERTMANAGER_PORT
from apps.monitoring.config import MonitoringConfig
from apps.monitoring.exporters import CLUSTER_STATE, CLUSTER_STATE_PORT, NODE_EXPORTER, NODE_EXPORTER_PORT
from components.baseline import SERVICE
from components.metadata import PREFIX, digest, metadata, resource_name
from components.metrics import MONITORING, PROMETHEUS, Alert, ScrapeTarget
from components.network import EgressRule, from_app, to_anywhere, to_app, to_namespace
from components.pod import Mount, PodArgs, Probe, Resources
from components.quantity import mebibytes, seconds
from components.workload import Volume, WorkloadArgs

#: The user in `images/prometheus`.
USER = 10090
PORT, KUBELET_PORT = 9090, 10250
CONFIG, DATA = "prometheus-config", "prometheus-data"
#: Who asks it: the page, and Grafana where a site has it.
PAGE, GRAFANA = "dashboards", "grafana"
_HERE = Path(__file__).parent
#: What the log of the last hours and a compaction take beside the blocks.
_BLOCKS = 0.75


def config_files(config: MonitoringConfig, targets: Sequence[ScrapeTarget], alerts: Sequence[Alert]) -> dict[str, str]:
    """The files of /etc/prometheus by name: the real ones, and what the apps ask for."""
    unverified = str(config.kubelets == "unverified").lower()
    main = Template((_HERE / "prometheus.yml").read_text(encoding="utf-8")).substitute(unverified=unverified)
    own = {name: (_HERE / name).read_text(encoding="utf-8") for name in ("platform.yml", "usage.yml")}
    return {"prometheus.yml": main, **own, "targets.yml": _yaml(scrapes(targets)), "apps.yml": _yaml(rules(alerts))}


def scrapes(targets: Sequence[ScrapeTarget]) -> dict[str, Any]:
    """What is asked of the apps: one job each, by the app's name."""
    return {
        "scrape_configs": [
            {
                "job_name": target.app,
                "metrics_path": target.path,
                "static_configs": [{"targets": [target.address], "labels": {"namespace": target.namespace}}],
            }
            for target in targets
        ]
    }


def rules(alerts: Sequence[Alert]) -> dict[str, Any]:
    """The apps' alerts: a group each."""
    apps = sorted({alert.app for alert in alerts})
    return {"groups": [{"name": app, "rules": [_rule(one) for one in alerts if one.app == app]} for app in apps]}


def _rule(alert: Alert) -> dict[str, Any]:
    return {
        "alert": alert.name,
        "expr": alert.expr,
        "for": alert.hold,
        "labels": {"severity": alert.severity, "app": alert.app},
        "annotations": {"summary": alert.summary, "runbook": alert.runbook},
    }


def _yaml(value: dict[str, Any]) -> str:
    return yaml.safe_dump(value, sort_keys=False, width=1000, allow_unicode=True)


def workload(
    config: MonitoringConfig,
    images: Callable[[str], str],
    storage_class: str,
    targets: Sequence[ScrapeTarget],
    files: dict[str, str],
) -> WorkloadArgs:
    """The server: only the page reaches it, and Grafana where a site has it; it reaches what it asks."""
    blocks = int(mebibytes(config.storage) * _BLOCKS)
    return WorkloadArgs(
        namespace=MONITORING,
        replicas=1,
        singleton="a second one would ask everything twice; what a lost pod missed is a minute of figures",
        volumes=[Volume(name=DATA, size=config.storage, storage_class=storage_class)],
        pod=PodArgs(
            app=PROMETHEUS,
            image=images("prometheus"),
            user=USER,
            resources=Resources(cpu="50m", cpu_limit="2", memory=config.memory),
            service_account=PROMETHEUS,
            args=[
                "--config.file=/etc/prometheus/prometheus.yml",
                "--storage.tsdb.path=/data",
                f"--storage.tsdb.retention.time={seconds(config.retention)}s",
                f"--storage.tsdb.retention.size={blocks}MB",
                "--query.max-concurrency=4",
                "--query.max-samples=5000000",
                "--query.timeout=30s",
                "--log.format=json",
            ],
            ports={"http": PORT},
            mounts=[
                Mount(path="/etc/prometheus", config_map=CONFIG),
                Mount(path="/data", claim=DATA),
            ],
            ready=Probe(path="/-/ready", port=PORT),
            live=Probe(path="/-/healthy", port=PORT),
            # After a crash the log of the last hours is read again.
            start_seconds=300,
            grace_seconds=60,
            priority_class=SERVICE,
            api_token=3600,
            annotations={f"{PREFIX}/config": digest(files)},
        ),
        service={
            "type": "ClusterIP",
            "ports": [{"name": "http", "protocol": "TCP", "port": PORT, "target_port": PORT}],
        },
        ingress=[from_app(app, MONITORING, PORT) for app in (PAGE, *([GRAFANA] if config.grafana else []))],
        egress=_egress(targets),
    )


def _egress(targets: Sequence[ScrapeTarget]) -> list[EgressRule]:
    asked = sorted({(target.namespace, target.port) for target in targets})
    return [
        to_app(ALERTMANAGER, MONITORING, ALERTMANAGER_PORT),
        to_app(CLUSTER_STATE, MONITORING, CLUSTER_STATE_PORT),
        to_app(NODE_EXPORTER, MONITORING, NODE_EXPORTER_PORT),
        # Nodes are no pods, and their addresses differ by cluster.
        to_anywhere(KUBELET_PORT),
        *(to_namespace(namespace, port) for namespace, port in asked),
    ]


def config_map(files: dict[str, str], opts: ResourceOptions) -> k8s.core.v1.ConfigMap:
    """The files as the pod sees them."""
    return k8s.core.v1.ConfigMap(
        resource_name("ConfigMap", CONFIG, MONITORING),
        metadata=metadata(CONFIG, app=PROMETHEUS, namespace=MONITORING),
        data=files,
        opts=opts,
    )


def rights() -> list[k8s.rbac.v1.PolicyRuleArgsDict]:
    """Read the figures of kubelets; neither their logs nor a way into a pod.

    https://kubernetes.io/docs/reference/access-authn-authz/kubelet-authn-authz/#kubelet-authorization
    """
    return [{"api_groups": [""], "resources": ["nodes/metrics"], "verbs": ["get"]}]
