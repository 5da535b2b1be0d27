"""What monitoring may do, whom it reaches, and what of the site file it refuses."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from apps.monitoring import alertmanager, exporters, prometheus
from apps.monitoring.config import MonitoringConfig
from components.metrics import Alert, ScrapeTarget
from components.pod import pod_template
from tests.certificates import certificate

HOOK = {"kind": "webhook", "name": "chat", "url": "https://chat.x.org/h"}
MAIL = {"kind": "email", "name": "team", "to": "ops@x.org", "sender": "a@x.org", "server": "smtp.x.org"}
TARGETS = (
    ScrapeTarget(app="auth", namespace="auth", port=9000),
    ScrapeTarget(app="hub", namespace="jupyterhub", port=8081, path="/hub/metrics", service="inner"),
)


def config(**settings: Any) -> MonitoringConfig:
    return MonitoringConfig.model_validate(settings)


def image(name: str) -> str:
    return f"r/{name}@sha256:0"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"retention": "12h"}, "is no time to keep figures for"),
        ({"retention": "3000w"}, "is no time to keep figures for"),
        ({"retention": "30"}, "is not a duration"),
        ({"receivers": [HOOK | {"url": "http://chat.x.org/h"}]}, "is not an https address"),
        ({"receivers": [HOOK, MAIL | {"name": "chat"}]}, "has two of the name `chat`"),
        ({"receivers": [HOOK | {"severities": []}]}, "at least 1"),
        ({"receivers": [HOOK | {"severities": ["bad"]}]}, "critical"),
        ({"receivers": [MAIL | {"username": "arcos"}]}, "has a user name without a secret"),
        ({"receivers": [MAIL | {"to": "nobody"}]}, "is not an e-mail address"),
        ({"watchdog": "http://beat.x.org"}, "is not an https address"),
        ({"storage": "20GB"}, "is not an amount of memory"),
        ({"kubelets": "maybe"}, "verified"),
    ],
)
def test_check_refuses(settings: dict[str, Any], says: str):
    with pytest.raises(ValidationError, match=says):
        config(**settings)


def test_each_app_is_a_job_of_its_name():
    jobs = prometheus.scrapes(TARGETS)["scrape_configs"]
    assert [job["job_name"] for job in jobs] == ["auth", "hub"]
    assert jobs[1]["static_configs"][0]["targets"] == ["inner.jupyterhub.svc.cluster.local:8081"]
    assert jobs[1]["metrics_path"] == "/hub/metrics"


def test_an_apps_alert_names_its_runbook():
    alert = Alert(name="HubDown", app="jupyterhub", expr="up == 0", hold="5m", severity="critical", summary="Down.")
    [group] = prometheus.rules([alert])["groups"]
    assert group["rules"][0]["annotations"]["runbook"] == "apps/jupyterhub/README.md#alert-hubdown"


def test_the_oldest_figures_go_before_the_volume_is_full():
    made = prometheus.workload(config(storage="20Gi", retention="2w"), image, "fast", TARGETS, {})
    assert "--storage.tsdb.retention.size=15360MB" in made.pod.args, "three quarters; the rest is the log"
    assert "--storage.tsdb.retention.time=1209600s" in made.pod.args


def test_prometheus_reaches_what_it_asks_and_only_the_page_reaches_it():
    made = prometheus.workload(config(), image, "fast", TARGETS, {})
    assert [port["port"] for rule in made.egress for port in rule["ports"]] == [9093, 8080, 9100, 10250, 9000, 8081]
    [rule] = made.ingress
    assert rule["from_"][0]["pod_selector"]["match_labels"]["app.kubernetes.io/name"] == "dashboards"


def test_prometheus_may_read_figures_of_kubelets_and_nothing_else():
    assert prometheus.rights() == [{"api_groups": [""], "resources": ["nodes/metrics"], "verbs": ["get"]}]


def test_cluster_state_may_only_list_and_sees_no_secret():
    assert {verb for rule in exporters.rights() for verb in rule["verbs"]} == {"list"}
    assert not {"secrets", "configmaps"} & {name for rule in exporters.rights() for name in rule["resources"]}


def test_on_a_node_nothing_of_the_machine_is_mounted():
    spec = pod_template(exporters.node_pod(image))["spec"]
    assert [set(volume) for volume in spec["volumes"]] == [{"name", "empty_dir"}]
    assert not {"host_network", "host_pid", "host_ipc"} & set(spec)


def test_a_kubelet_without_the_clusters_certificate_gets_no_token_unless_the_site_says_so():
    for kubelets, skipped in (("verified", False), ("unverified", True)):
        jobs = yaml.safe_load(prometheus.config_files(config(kubelets=kubelets), (), ())["prometheus.yml"])
        asked = {one["job_name"]: one for one in jobs["scrape_configs"]}
        assert asked["kubelet"]["tls_config"]["insecure_skip_verify"] is skipped


def test_a_receivers_secret_is_a_file_and_never_in_the_configuration():
    told = config(
        receivers=[HOOK | {"secret": "chat"}, MAIL | {"username": "u", "secret": "mail", "severities": ["critical"]}]
    )
    made = yaml.safe_load(alertmanager.config_files(told)["alertmanager.yml"])
    chat, mail = made["receivers"][1:]
    assert chat["webhook_configs"][0]["http_config"]["authorization"] == {
        "credentials_file": "/run/receivers/chat/token"
    }
    assert mail["email_configs"][0]["auth_password_file"] == "/run/receivers/mail/password"
    mounts = {mount.secret for mount in alertmanager.workload(told, image, "fast", {}, "dashboards").pod.mounts}
    assert {"chat", "mail"} <= mounts


def test_alertmanager_reaches_only_the_ports_of_those_it_tells():
    assert alertmanager.egress(config()) == []
    [rule] = alertmanager.egress(config(receivers=[HOOK, MAIL], watchdog="https://beat.x.org:8443/a"))
    assert [port["port"] for port in rule["ports"]] == [443, 587, 8443]


def test_an_authority_of_the_sites_own_is_trusted_beside_those_of_the_world():
    told = config(receivers=[HOOK], authorities=[certificate()])
    files = alertmanager.config_files(told)
    assert files["authorities.pem"].startswith("-----BEGIN CERTIFICATE-----")
    made = alertmanager.workload(told, image, "fast", files, "dashboards")
    # Go reads this folder beside the file that the image has: https://pkg.go.dev/crypto/x509#SystemCertPool
    assert made.pod.env == {"SSL_CERT_DIR": "/etc/alertmanager"}
    assert not alertmanager.workload(config(), image, "fast", {}, "dashboards").pod.env
