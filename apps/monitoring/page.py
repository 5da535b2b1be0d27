"""The page that shows dashboards and alerts in the browser, behind the sign-on.

Owns its pods, what it is told, and which parts of the apps' READMEs it shows as runbooks. The program is
`images/dashboards`; the dashboards are Grafana's own files, which Grafana shows as they are.
https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pulumi_kubernetes as k8s
import yaml
from pulumi import ResourceOptions

from apps.monitoring.config import MonitoringConfig
from apps.monitoring.prometheus import PAGE
from apps.monitoring.prometheus import PORT as PROMETHEUS_PORT
from components.baseline import SERVICE
from components.facts import Facts
from components.gate import SIGN_OUT
from components.groups import OPERATORS, RESEARCHERS
from components.metadata import PREFIX, digest, metadata, resource_name
from components.metrics import MONITORING, PROMETHEUS, Alert
from components.network import from_app, to_app
from components.pod import Mount, PodArgs, Probe, Resources
from components.route import INGRESS, Route, public_url
from components.workload import WorkloadArgs

#: The user in `images/dashboards`.
USER = 10094
PORT = 8080
CONFIG, DASHBOARDS = "dashboards-config", "dashboards"
_APPS = Path(__file__).parent.parent


def route(config: MonitoringConfig, facts: Facts) -> Route:
    """Operators see everything, researchers the usage; nobody else gets in."""
    return Route(
        app=MONITORING,
        host=config.host or facts.host("monitoring"),
        service=PAGE,
        namespace=MONITORING,
        port=PORT,
        title="Monitoring",
        description="How the site is, and what you and your group use of it.",
        health_path="/healthz",
        groups=(OPERATORS, RESEARCHERS),
    )


def config_files(facts: Facts, alerts: Iterable[Alert]) -> dict[str, dict[str, str]]:
    """Both ConfigMaps: what the page is told, and the dashboards."""
    told = {"dashboards.json": json.dumps(_told(facts, alerts), indent=1, ensure_ascii=False) + "\n"}
    return {CONFIG: told, **dashboards()}


def dashboards() -> dict[str, dict[str, str]]:
    """The ConfigMap with the dashboards, which Grafana shows as well where a site has it."""
    shown = sorted((Path(__file__).parent / "dashboards").glob("*.json"))
    return {DASHBOARDS: {file.name: file.read_text(encoding="utf-8") for file in shown}}


def _told(facts: Facts, alerts: Iterable[Alert]) -> dict[str, Any]:
    own = yaml.safe_load((Path(__file__).parent / "platform.yml").read_text(encoding="utf-8"))
    places = {alert.name: alert.runbook for alert in alerts} | {
        rule["alert"]: rule["annotations"]["runbook"] for group in own["groups"] for rule in group["rules"]
    }
    return {
        "title": facts.title,
        "contact": facts.contact,
        "home": public_url(facts.domain, facts.https_port),
        "prometheus": f"http://{PROMETHEUS}.{MONITORING}.svc.cluster.local:{PROMETHEUS_PORT}",
        "operators": OPERATORS,
        "researchers": RESEARCHERS,
        "signOut": SIGN_OUT,
        "runbooks": {name: runbook(place) for name, place in sorted(places.items())},
    }


def runbook(place: str) -> str:
    """The section of a README that `place` names, as in `apps/auth/README.md#alert-signondown`, without its heading.

    Raises:
        ValueError: There is no such section.
    """
    name, _, anchor = place.partition("#")
    text = (_APPS.parent / name).read_text(encoding="utf-8")
    start = text.find(f'<a id="{anchor}"></a>')
    if start < 0:
        raise ValueError(f"{name} has no section `{anchor}`")
    section = text[start:].partition("\n")[2]
    return re.split(r"^#+ ", section, maxsplit=1, flags=re.MULTILINE)[0].strip()


def config_maps(files: Mapping[str, Mapping[str, str]], opts: ResourceOptions) -> list[k8s.core.v1.ConfigMap]:
    """The files as the pods see them."""
    return [
        k8s.core.v1.ConfigMap(
            resource_name("ConfigMap", name, MONITORING),
            metadata=metadata(name, app=PAGE, namespace=MONITORING),
            data=dict(data),
            opts=opts,
        )
        for name, data in files.items()
    ]


def workload(images: Callable[[str], str], files: Mapping[str, Mapping[str, str]]) -> WorkloadArgs:
    """The page: only the proxy reaches it, which asks the gate first; it reaches Prometheus and nothing else."""
    return WorkloadArgs(
        namespace=MONITORING,
        replicas=1,
        singleton="it keeps nothing; a lost pod is back in seconds, and alerts do not need it",
        pod=PodArgs(
            app=PAGE,
            image=images("dashboards"),
            user=USER,
            resources=Resources(cpu="10m", cpu_limit="1", memory="96Mi"),
            service_account=PAGE,
            env={"GOMEMLIMIT": "80MiB"},
            ports={"http": PORT},
            mounts=[
                Mount(path="/etc/arcos", config_map=CONFIG),
                Mount(path="/etc/dashboards", config_map=DASHBOARDS),
            ],
            live=Probe(path="/healthz", port=PORT),
            ready=Probe(path="/healthz", port=PORT),
            priority_class=SERVICE,
            annotations={f"{PREFIX}/config": digest({name: dict(data) for name, data in files.items()})},
        ),
        service={
            "type": "ClusterIP",
            "ports": [{"name": "http", "protocol": "TCP", "port": PORT, "target_port": PORT}],
        },
        ingress=[from_app(INGRESS, INGRESS, PORT), from_app("welcome", "welcome", PORT)],
        egress=[to_app(PROMETHEUS, MONITORING, PROMETHEUS_PORT)],
    )
