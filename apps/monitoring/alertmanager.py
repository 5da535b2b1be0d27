"""Alertmanager: tells those who should know, once, and not while somebody has silenced it.

Owns the server and its file, made from the site's receivers. https://prometheus.io/docs/alerting/latest/alertmanager/
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi_kubernetes as k8s
import yaml
from pulumi import ResourceOptions

from apps.monitoring.config import AnyReceiver, EmailReceiver, MonitoringConfig
from components.baseline import SERVICE
from components.metadata import PREFIX, digest, metadata, resource_name
from components.metrics import MONITORING, PROMETHEUS
from components.network import EgressRule, from_app, to_anywhere
from components.pod import Mount, PodArgs, Probe, Resources
from components.workload import Volume, WorkloadArgs

#: The user in `images/alertmanager`.
USER = 10091
ALERTMANAGER, ALERTMANAGER_PORT = "alertmanager", 9093
CONFIG, DATA = "alertmanager-config", "alertmanager-data"
FILES, AUTHORITIES = "/etc/alertmanager", "authorities.pem"
#: Keys in a receiver's Secret.
TOKEN, PASSWORD = "token", "password"
_SECRETS = "/run/receivers"
_FILE = Path(__file__).parent / "alertmanager.yml"
_WATCHDOG = "watchdog"
MEMORY = "64Mi"


def config_files(config: MonitoringConfig) -> dict[str, str]:
    """The files of /etc/alertmanager: the real one with the site's receivers, and whom only this site trusts."""
    whole = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    whole["route"]["routes"] = routes(config)
    whole["receivers"] += [_receiver(one) for one in config.receivers]
    if config.watchdog:
        whole["receivers"].append(_watchdog(config.watchdog))
    files = {"alertmanager.yml": yaml.safe_dump(whole, sort_keys=False, width=1000)}
    return files | ({AUTHORITIES: "".join(config.authorities)} if config.authorities else {})


def routes(config: MonitoringConfig) -> list[dict[str, Any]]:
    """Who hears what: the watchdog every five minutes and only itself, each receiver its severities."""
    watchdog: dict[str, Any] = {"matchers": ['alertname="Watchdog"'], "receiver": "page"}
    if config.watchdog:
        watchdog |= {"receiver": _WATCHDOG, "group_wait": "0s", "group_interval": "1m", "repeat_interval": "4m"}
    return [
        watchdog,
        *(
            {
                "matchers": [f'severity=~"{"|".join(one.severities)}"'],
                "receiver": f"site-{one.name}",
                "continue": True,
            }
            for one in config.receivers
        ),
    ]


def _receiver(one: AnyReceiver) -> dict[str, Any]:
    if isinstance(one, EmailReceiver):
        mail: dict[str, Any] = {
            "to": one.to,
            "from": one.sender,
            "smarthost": f"{one.server}:{one.port}",
            "send_resolved": True,
        }
        if one.username:
            mail |= {"auth_username": one.username, "auth_password_file": f"{_SECRETS}/{one.secret}/{PASSWORD}"}
        return {"name": f"site-{one.name}", "email_configs": [mail]}
    hook: dict[str, Any] = {"url": one.url, "send_resolved": True}
    if one.secret:
        hook["http_config"] = {"authorization": {"credentials_file": f"{_SECRETS}/{one.secret}/{TOKEN}"}}
    return {"name": f"site-{one.name}", "webhook_configs": [hook]}


def _watchdog(url: str) -> dict[str, Any]:
    return {"name": _WATCHDOG, "webhook_configs": [{"url": url, "send_resolved": False}]}


def workload(
    config: MonitoringConfig, images: Callable[[str], str], storage_class: str, files: dict[str, str], page: str
) -> WorkloadArgs:
    """The server: Prometheus and the page reach it, it reaches whom it tells."""
    secrets = {one.secret: PASSWORD if isinstance(one, EmailReceiver) else TOKEN for one in config.receivers}
    return WorkloadArgs(
        namespace=MONITORING,
        replicas=1,
        singleton="Prometheus sends an alert again and again; a lost pod is back before it matters",
        # Silences, and what was said already.
        volumes=[Volume(name=DATA, size="1Gi", storage_class=storage_class)],
        pod=PodArgs(
            app=ALERTMANAGER,
            image=images("alertmanager"),
            user=USER,
            resources=Resources(cpu="10m", cpu_limit="500m", memory=MEMORY),
            service_account=ALERTMANAGER,
            args=[
                f"--config.file={FILES}/alertmanager.yml",
                "--storage.path=/data",
                # One server has nobody to agree with.
                "--cluster.listen-address=",
                "--log.format=json",
            ],
            # Beside the world's authorities, which the image has: https://pkg.go.dev/crypto/x509#SystemCertPool
            env={"SSL_CERT_DIR": FILES} if config.authorities else {},
            ports={"http": ALERTMANAGER_PORT},
            mounts=[
                Mount(path=FILES, config_map=CONFIG),
                Mount(path="/data", claim=DATA),
                *(
                    Mount(path=f"{_SECRETS}/{secret}", secret=secret, items={key: key})
                    for secret, key in secrets.items()
                    if secret
                ),
            ],
            ready=Probe(path="/-/ready", port=ALERTMANAGER_PORT),
            live=Probe(path="/-/healthy", port=ALERTMANAGER_PORT),
            priority_class=SERVICE,
            annotations={f"{PREFIX}/config": digest(files)},
        ),
        service={
            "type": "ClusterIP",
            "ports": [{"name": "http", "protocol": "TCP", "port": ALERTMANAGER_PORT, "target_port": ALERTMANAGER_PORT}],
        },
        ingress=[from_app(PROMETHEUS, MONITORING, ALERTMANAGER_PORT), from_app(page, MONITORING, ALERTMANAGER_PORT)],
        egress=egress(config),
    )


def egress(config: MonitoringConfig) -> list[EgressRule]:
    """The ports of those who are told; without any, none."""
    ports = {one.port if isinstance(one, EmailReceiver) else _port(one.url) for one in config.receivers}
    if config.watchdog:
        ports.add(_port(config.watchdog))
    return [to_anywhere(*sorted(ports))] if ports else []


def _port(url: str) -> int:
    host = url.split("/")[2]
    return int(host.rpartition(":")[2]) if ":" in host else 443


def config_map(files: dict[str, str], opts: ResourceOptions) -> k8s.core.v1.ConfigMap:
    """The file as the pod sees it."""
    return k8s.core.v1.ConfigMap(
        resource_name("ConfigMap", CONFIG, MONITORING),
        metadata=metadata(CONFIG, app=ALERTMANAGER, namespace=MONITORING),
        data=files,
        opts=opts,
    )
