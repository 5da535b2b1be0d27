"""Every question of a dashboard is one that Prometheus understands, about figures that something of ours shows."""

from __future__ import annotations

import json
import re
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import yaml

from apps.monitoring import exporters, page
from arcos.images.build import build
from arcos.images.catalogue import find
from arcos.images.oci import Layout
from arcos.images.unpack import unpack
from arcos.paths import IMAGES, ROOT
from arcos.progress import Progress
from tests.apps.monitoring.asked import figures, filled, questions
from tests.apps.monitoring.promtool import checker, says
from tests.apps.monitoring.test_rules import alerts
from tests.real.site import free_port

USAGE = ROOT / "apps" / "monitoring" / "usage.yml"
#: What programs of others show, of what we ask for, and where they say so. That they do is looked at on a real site
#: (`tests/real/test_monitoring.py`), and for the nodes' below.
OTHERS = {
    # https://prometheus.io/docs/concepts/jobs_instances/ ; https://prometheus.io/docs/prometheus/latest/
    "prometheus": {
        *("up", "ALERTS", "prometheus_rule_evaluation_failures_total", "prometheus_notifications_dropped_total"),
        *("prometheus_tsdb_wal_corruptions_total", "prometheus_tsdb_compactions_failed_total"),
    },
    "alertmanager": {"alertmanager_notifications_failed_total"},
    # https://github.com/prometheus/node_exporter#enabled-by-default
    "node": {
        *("node_cpu_seconds_total", "node_load5", "node_memory_MemAvailable_bytes", "node_memory_MemTotal_bytes"),
        *("node_filesystem_avail_bytes", "node_filesystem_size_bytes"),
    },
    # https://kubernetes.io/docs/reference/instrumentation/metrics/
    "kubelet": {
        *("container_cpu_usage_seconds_total", "container_memory_working_set_bytes"),
        *("kubelet_volume_stats_available_bytes", "kubelet_volume_stats_capacity_bytes"),
    },
    # https://doc.traefik.io/traefik/reference/install-configuration/observability/metrics/
    "ingress": {
        *("traefik_entrypoint_requests_total", "traefik_service_request_duration_seconds_bucket"),
        "traefik_tls_certs_not_after",
    },
    # https://www.keycloak.org/observability/event-metrics
    "auth": {"keycloak_user_events_total"},
    "objectstore": {
        *("SeaweedFS_volumeServer_resource", "SeaweedFS_volumeServer_read_only_volumes"),
        "SeaweedFS_s3_bucket_read_only",
    },
    # https://distribution.github.io/distribution/about/configuration/#prometheus
    "registry": {"registry_http_requests_total"},
    # https://kubernetes-sigs.github.io/external-dns/latest/docs/monitoring/metrics/
    "dns": {"external_dns_controller_last_sync_timestamp_seconds"},
}


def shown() -> set[str]:
    """Every figure that is known to be there: the rules' own, `cluster-state`'s by its source, and those of others."""
    recorded = {rule["record"] for group in yaml.safe_load(USAGE.read_text())["groups"] for rule in group["rules"]}
    source = (IMAGES / "cluster-state" / "metrics.go").read_text(encoding="utf-8")
    return recorded | set(re.findall(r'"(kube_\w+)"', source)) | set().union(*OTHERS.values())


@pytest.mark.parametrize(
    ("expr", "names"),
    [
        ('sum by (a, b) (rate(x_total{c="d_e"}[5m])) * on (f) group_left (g) y', {"x_total", "y"}),
        ("histogram_quantile(0.95, sum by (le) (rate(x_bucket[5m]))) or vector(0)", {"x_bucket"}),
        ("1 - a:b:c{} / 2^30 unless d > bool 1e3", {"a:b:c", "d"}),
    ],
)
def test_figures_are_told_from_labels_words_and_functions(expr: str, names: set[str]) -> None:
    assert figures(expr) == names


def test_every_figure_that_is_asked_for_is_shown_by_something() -> None:
    asked = [*questions(), *((rule["alert"], rule["expr"]) for rule in alerts())]
    recorded = yaml.safe_load(USAGE.read_text())["groups"][0]["rules"]
    asked += [(rule["record"], rule["expr"]) for rule in recorded]
    unknown = {where: names for where, expr in asked if (names := figures(expr) - shown())}
    assert unknown == {}, "nobody would ever see this panel, or hear this alert"


def test_nothing_is_listed_that_nobody_asks_for() -> None:
    exprs = [expr for _, expr in questions()] + [rule["expr"] for rule in alerts()]
    exprs += [rule["expr"] for rule in yaml.safe_load(USAGE.read_text())["groups"][0]["rules"]]
    asked = set().union(*(figures(expr) for expr in exprs))
    assert set().union(*OTHERS.values()) - asked == set()


def test_a_group_sees_its_cores_its_memory_and_its_files() -> None:
    panels = json.loads(page.dashboards()[page.DASHBOARDS]["usage.json"])["panels"]
    sums = {panel["title"] for panel in panels if panel["type"] == "bargauge"}
    assert sums == {"Core-days", "GiB-days of memory", "GiB-days of storage"}
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]
    assert len(places) == len(set(places)), "no panel hides another"


@pytest.mark.api
def test_prometheus_understands_every_question(tmp_path: Path) -> None:
    rules = [{"record": f"asked:{number}", "expr": expr} for number, (_, expr) in enumerate(questions())]
    assert len(rules) > 30
    (tmp_path / "asked.yml").write_text(yaml.safe_dump({"groups": [{"name": "asked", "rules": rules}]}))
    says(checker("promtool"), "check", "rules", "asked.yml", cwd=tmp_path)


#: A day of 3 cores, 2 GiB of memory and 10 GiB at home in a group that shares 5 GiB; and somebody of no group.
DAY = {
    'kube_pod_labels{namespace="n",pod="p",label_hub_jupyter_org_username="ada",label_arcos_dev_group="lab"}': 1,
    'kube_pod_container_resource_requests{namespace="n",pod="p",container="c",resource="cpu"}': 3,
    'kube_pod_container_resource_requests{namespace="n",pod="p",container="c",resource="memory"}': 2 * 2**30,
    'kube_persistentvolumeclaim_labels{namespace="n",persistentvolumeclaim="home-ada",'
    'label_hub_jupyter_org_username="ada",label_arcos_dev_group="lab"}': 1,
    'kube_persistentvolumeclaim_labels{namespace="n",persistentvolumeclaim="home-bob",'
    'label_hub_jupyter_org_username="bob"}': 1,
    'kube_persistentvolumeclaim_labels{namespace="n",persistentvolumeclaim="group-lab",label_arcos_dev_group="lab"}': 1,
    'kube_persistentvolumeclaim_resource_requests_storage_bytes{namespace="n",persistentvolumeclaim="home-ada"}': 10
    * 2**30,
    'kube_persistentvolumeclaim_resource_requests_storage_bytes{namespace="n",persistentvolumeclaim="home-bob"}': 2**30,
    'kube_persistentvolumeclaim_resource_requests_storage_bytes{namespace="n",persistentvolumeclaim="group-lab"}': 5
    * 2**30,
}


@pytest.mark.api
def test_a_days_use_of_a_group_is_what_the_dashboard_says(tmp_path: Path) -> None:
    panels = json.loads(page.dashboards()[page.DASHBOARDS]["usage.json"])["panels"]
    exprs = {panel["title"]: filled(panel["targets"][0]["expr"]) for panel in panels if panel["type"] == "bargauge"}
    days = {"Core-days": {"lab": 3}, "GiB-days of memory": {"lab": 2}, "GiB-days of storage": {"lab": 15, "": 1}}
    expected = [
        {
            "expr": exprs[title],
            "eval_time": "26h",
            "exp_samples": [
                {"labels": f'{{team="{team}"}}' if team else "{}", "value": value} for team, value in teams.items()
            ],
        }
        for title, teams in days.items()
    ]
    series = [{"series": name, "values": f"{value}x1600"} for name, value in DAY.items()]
    test = {
        "rule_files": ["usage.yml"],
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": series, "promql_expr_test": expected}],
    }
    (tmp_path / "usage.yml").write_text(USAGE.read_text())
    (tmp_path / "day_test.yml").write_text(yaml.safe_dump(test, width=1000))
    says(checker("promtool"), "test", "rules", "day_test.yml", cwd=tmp_path)


@pytest.mark.api
def test_a_node_shows_what_is_asked_of_it(tmp_path: Path) -> None:
    unpack(Layout(build(find("node-exporter"), Progress(quiet=True)).layout), tmp_path)
    address = f"127.0.0.1:{free_port()}"
    # As its pod runs it, but for the folders whose disks are looked at: the first may be an overlay, which is none.
    args = [one.replace(f"^{exporters.DISK}$", "^(/|/dev|/run)$") for one in exporters.node_pod(lambda name: name).args]
    command = [str(tmp_path / "node-exporter"), *args, f"--web.listen-address={address}"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        try:
            text = _answer(f"http://{address}/metrics")
        finally:
            running.terminate()
    assert OTHERS["node"] <= set(re.findall(r"^(\w+)[{ ]", text, re.MULTILINE))


def _answer(url: str) -> str:
    end = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return str(answer.read().decode())
        except urllib.error.URLError:
            assert time.monotonic() < end, "it does not answer"
            time.sleep(0.1)
