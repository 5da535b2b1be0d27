"""Grafana: for operators who make dashboards of their own. Off by default; the page (`page.py`) needs it not.

Owns its pod, its files, who gets in as what, and what it asks of the site. Its image is made by others, its dashboards
are the page's own files. Why so: docs/adr/0021-grafana.md
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pulumi_kubernetes as k8s
from pulumi import ResourceOptions

from apps.monitoring.config import GrafanaConfig
from apps.monitoring.prometheus import GRAFANA
from apps.monitoring.prometheus import PORT as PROMETHEUS_PORT
from components.baseline import SERVICE
from components.database import CA, CA_SECRET, DATABASE, HOST, PASSWORD, Database
from components.database import PORT as DATABASE_PORT
from components.facts import Facts
from components.groups import OPERATORS
from components.metadata import PREFIX, digest, metadata, resource_name
from components.metrics import MONITORING, PROMETHEUS, Alert
from components.needs import Needs
from components.network import from_app, to_app
from components.oidc import AUTH, BACKCHANNEL, CLIENT_SECRET, OidcClient, end_session, issuer
from components.oidc import PORT as AUTH_PORT
from components.pod import Mount, PodArgs, Probe, Resources
from components.route import INGRESS, Route, public_url
from components.seeder import SeededSecret
from components.workload import WorkloadArgs

#: The user in `images/grafana`.
USER = 10099
PORT = 3000
CONFIG = "grafana-config"
_KEY = "grafana-key"
_SECRETS = "/run/secrets"
_HERE = Path(__file__).parent
#: Our files, and where Grafana looks for them below /etc/grafana.
_FILES = {
    "grafana.ini": "grafana.ini",
    "grafana_prometheus.yaml": "provisioning/datasources/prometheus.yaml",
    "grafana_dashboards.yaml": "provisioning/dashboards/platform.yaml",
}


def needs(config: GrafanaConfig, facts: Facts) -> Needs:
    """A route, sign-on, a database, and an alert."""
    route = Route(
        app=GRAFANA,
        host=host(config, facts),
        service=GRAFANA,
        namespace=MONITORING,
        port=PORT,
        title="Grafana",
        description="Dashboards of the operators' own, beside those of the platform.",
        health_path="/api/health",
    )
    client = OidcClient(
        app=GRAFANA,
        namespace=MONITORING,
        title="Grafana",
        redirect_urls=(f"{url(config, facts)}login/generic_oauth",),
        post_logout_urls=(public_url(facts.domain, facts.https_port),),
    )
    alert = Alert(
        name="GrafanaDown",
        app=MONITORING,
        expr='kube_deployment_status_replicas_available{namespace="monitoring",deployment="grafana"} < 1',
        hold="10m",
        severity="warning",
        summary="Grafana is not available. The monitoring page and the alerts do not need it.",
    )
    return Needs(routes=(route,), clients=(client,), databases=(_database(),), alerts=(alert,))


def roles(config: GrafanaConfig) -> str:
    """Who is what in Grafana, by their groups, as a JMESPath expression; false for everybody else.

    The first that fits counts. https://grafana.com/docs/grafana/latest/administration/roles-and-permissions/
    """
    by_role = {"Admin": (OPERATORS,), "Editor": config.editors, "Viewer": config.viewers}
    return " || ".join(
        f"contains(groups[*], '{group}') && '{role}'" for role, groups in by_role.items() for group in groups
    )


def environment(config: GrafanaConfig, facts: Facts) -> dict[str, str]:
    """What differs between sites, as `grafana.ini` names it. Nothing here is secret."""
    return {
        "GRAFANA_URL": url(config, facts),
        "GRAFANA_DATABASE": f"{HOST}:{DATABASE_PORT}",
        "GRAFANA_SIGN_ON": issuer(facts),
        "GRAFANA_SIGN_ON_INSIDE": BACKCHANNEL,
        "GRAFANA_SIGN_OUT": end_session(facts, GRAFANA),
        "GRAFANA_ROLES": roles(config),
    }


def host(config: GrafanaConfig, facts: Facts) -> str:
    """The name that people reach it by."""
    return config.host or facts.host(GRAFANA)


def url(config: GrafanaConfig, facts: Facts) -> str:
    """The address that people type, with a slash at its end."""
    return public_url(host(config, facts), facts.https_port)


def config_files() -> dict[str, str]:
    """The real files by name."""
    return {name: (_HERE / name).read_text(encoding="utf-8") for name in _FILES}


def key() -> SeededSecret:
    """What seals Grafana's cookies, and what it keeps secret in its database."""
    return SeededSecret(name=_KEY, namespace=MONITORING, kind="password", length=48, keys=(PASSWORD,))


def workload(
    config: GrafanaConfig, facts: Facts, images: Callable[[str], str], dashboards: str, files: dict[str, str]
) -> WorkloadArgs:
    """The server: the proxy and the landing page reach it; it reaches Prometheus, its database and the sign-on.

    `dashboards` is the ConfigMap that the page shows too.
    """
    return WorkloadArgs(
        namespace=MONITORING,
        replicas=1,
        singleton="what it keeps is in the database, sessions too; neither the page nor an alert needs it",
        pod=PodArgs(
            app=GRAFANA,
            image=images(GRAFANA),
            user=USER,
            resources=Resources(cpu="50m", cpu_limit="1", memory=config.memory),
            service_account=GRAFANA,
            env=environment(config, facts),
            ports={"http": PORT},
            mounts=[
                Mount(path="/etc/grafana", config_map=CONFIG, items=_FILES),
                Mount(path="/etc/dashboards", config_map=dashboards),
                Mount(path="/var/lib/grafana", scratch="256Mi"),
                Mount(path="/tmp", scratch="64Mi"),
                Mount(path=f"{_SECRETS}/key", secret=_KEY),
                Mount(path=f"{_SECRETS}/oidc", secret=f"oidc-{GRAFANA}", items={CLIENT_SECRET: CLIENT_SECRET}),
                Mount(path=f"{_SECRETS}/database", secret=_database().secret, items={PASSWORD: PASSWORD}),
                Mount(path=f"{_SECRETS}/database-ca", secret=CA_SECRET, items={CA: CA}),
            ],
            live=Probe(path="/healthz", port=PORT),
            ready=Probe(path="/api/health", port=PORT),
            # The first start makes its tables.
            start_seconds=300,
            priority_class=SERVICE,
            annotations={f"{PREFIX}/config": digest(files)},
        ),
        service={
            "type": "ClusterIP",
            "ports": [{"name": "http", "protocol": "TCP", "port": PORT, "target_port": PORT}],
        },
        ingress=[from_app(INGRESS, INGRESS, PORT), from_app("welcome", "welcome", PORT)],
        egress=[
            to_app(PROMETHEUS, MONITORING, PROMETHEUS_PORT),
            to_app(DATABASE, DATABASE, DATABASE_PORT),
            to_app(AUTH, AUTH, AUTH_PORT),
        ],
    )


def config_map(files: dict[str, str], opts: ResourceOptions) -> k8s.core.v1.ConfigMap:
    """The files as the pod sees them."""
    return k8s.core.v1.ConfigMap(
        resource_name("ConfigMap", CONFIG, MONITORING),
        metadata=metadata(CONFIG, app=GRAFANA, namespace=MONITORING),
        data=files,
        opts=opts,
    )


def _database() -> Database:
    return Database(app=GRAFANA, namespace=MONITORING)
