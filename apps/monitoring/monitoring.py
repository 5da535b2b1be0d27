"""`monitoring`: figures of the site and its apps, and alerts that reach somebody.

Owns Prometheus, Alertmanager, and where figures come from that no app has. Leaves out what each app shows and when it
is ill, which the app itself says (`components.metrics`). Why so: docs/adr/0015-monitoring.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pulumi import ComponentResource, Resource, ResourceOptions

from apps.monitoring import alertmanager, exporters, grafana, page, prometheus
from apps.monitoring.config import GrafanaConfig, MonitoringConfig
from components.facts import Facts
from components.metrics import MONITORING, PROMETHEUS, Alert, ScrapeTarget
from components.namespace import Quota
from components.needs import Needs, together
from components.quantity import mebibytes
from components.rights import cluster_grant
from components.seeder import Seeder, SeederArgs
from components.workload import Workload


@dataclass(frozen=True, kw_only=True)
class MonitoringArgs:
    """What the apps show, and when they are ill."""

    config: MonitoringConfig
    facts: Facts
    images: Callable[[str], str]
    targets: Sequence[ScrapeTarget]
    alerts: Sequence[Alert]


class Monitoring(ComponentResource):
    """Figures and alerts."""

    def __init__(self, name: str, args: MonitoringArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:apps:Monitoring", name, None, opts)
        child = ResourceOptions(parent=self, depends_on=opts.depends_on if opts else None)
        config, images, storage = args.config, args.images, _storage_class(args.facts)
        files = prometheus.config_files(config, args.targets, args.alerts)
        receivers = alertmanager.config_files(config)
        first = [
            prometheus.config_map(files, child),
            alertmanager.config_map(receivers, child),
            *cluster_grant(PROMETHEUS, MONITORING, prometheus.rights(), child),
            *cluster_grant(exporters.CLUSTER_STATE, MONITORING, exporters.rights(), child),
        ]
        exporters.nodes(images, child)
        Workload(exporters.CLUSTER_STATE, exporters.state_workload(images), child, after=first)
        told = alertmanager.workload(config, images, storage, receivers, prometheus.PAGE)
        Workload(alertmanager.ALERTMANAGER, told, child, after=first)
        asks = prometheus.workload(config, images, storage, args.targets, files)
        Workload(PROMETHEUS, asks, child, after=first)
        dashboards = page.config_maps(page.dashboards(), child) if config.page or config.grafana else []
        if config.page:
            _page(args, child, dashboards)
        if config.grafana:
            _grafana(args, config.grafana, child, dashboards)
        self.register_outputs({})


def needs(config: MonitoringConfig, facts: Facts) -> Needs:
    """A route to the page, and what Grafana asks for; its own alerts stand in `platform.yml`."""
    own = Needs(routes=(page.route(config, facts),) if config.page else ())
    return together([own, grafana.needs(config.grafana, facts)] if config.grafana else [own])


def quotas(config: MonitoringConfig) -> dict[str, Quota]:
    """Room for the servers and their successors; and for one small pod on every node, however many there are."""
    memory = mebibytes(config.memory) + 1024 + 1000 * exporters.NODE_MEMORY_MIB
    if config.grafana:
        memory += 2 * mebibytes(config.grafana.memory) + 256
    return {MONITORING: Quota(pods=1016, cpu="14", memory=f"{memory}Mi", volumes=True)}


def _page(args: MonitoringArgs, opts: ResourceOptions, dashboards: Sequence[Resource]) -> Workload:
    shown = page.config_files(args.facts, args.alerts)
    told = page.config_maps({page.CONFIG: shown[page.CONFIG]}, opts)
    return Workload(prometheus.PAGE, page.workload(args.images, shown), opts, after=[*told, *dashboards])


def _grafana(
    args: MonitoringArgs, config: GrafanaConfig, opts: ResourceOptions, dashboards: Sequence[Resource]
) -> Workload:
    files = grafana.config_files()
    key = Seeder(grafana.key().name, SeederArgs(secret=grafana.key(), image=args.images("seeder")), opts=opts)
    first = [grafana.config_map(files, opts), key.job, *dashboards]
    server = grafana.workload(config, args.facts, args.images, page.DASHBOARDS, files)
    return Workload(prometheus.GRAFANA, server, opts, after=first)


def _storage_class(facts: Facts) -> str:
    if facts.storage_class is None:
        raise ValueError("`check` refuses monitoring where the cluster offers no storage")
    return facts.storage_class
