"""Prometheus and Alertmanager take our files; every alert fires when it should, not otherwise, and says what to do."""

from __future__ import annotations

import re
import shutil
from functools import cache
from pathlib import Path

import pytest
import yaml

from apps.monitoring import alertmanager, prometheus
from apps.monitoring.config import MonitoringConfig
from arcos.paths import ROOT
from arcos.platform import gather
from arcos.site.loader import load_site
from arcos.site.model import Apps, Site
from components.needs import Needs
from tests.apps.monitoring.promtool import checker, says
from tests.program.conftest import unusual_site

HERE = Path(__file__).parent
RECEIVERS = MonitoringConfig.model_validate(
    {
        "receivers": [
            {"kind": "webhook", "name": "chat", "url": "https://chat.x.org:8443/h", "secret": "chat"},
            {
                "kind": "email",
                "name": "team",
                "to": "ops@x.org",
                "sender": "arcos@x.org",
                "server": "smtp.x.org",
                "username": "arcos",
                "secret": "mail",
                "severities": ["critical"],
            },
        ],
        "watchdog": "https://beat.x.org/arcos",
    }
)


@cache
def asked() -> Needs:
    """What all apps together ask for, the gate and Grafana among them."""
    data = load_site("hpc-perth").model_dump(mode="json", by_alias=True, exclude_unset=True)
    site = Site.model_validate({**data, "name": "all", "apps": {app: {} for app in Apps.model_fields}}, strict=False)
    others = [gather.needs(unusual_site(name)) for name in ("members-only", "grafana")]
    return gather.together([gather.needs(site), *others])


def files(config: MonitoringConfig = RECEIVERS) -> dict[str, str]:
    alerts = {alert.name: alert for alert in asked().alerts}
    targets = {target.app: target for target in asked().targets}
    return prometheus.config_files(config, tuple(targets.values()), tuple(alerts.values()))


def alerts() -> list[dict]:
    """Every alert as Prometheus reads it."""
    groups = [group for name in ("platform.yml", "apps.yml") for group in yaml.safe_load(files()[name])["groups"]]
    return [rule for group in groups for rule in group["rules"]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in files().items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def names() -> list[str]:
    return [rule["alert"] for rule in alerts()]


def test_there_are_alerts_of_the_platform_and_of_every_app_that_can_fail():
    assert {rule["labels"]["app"] for rule in alerts()} >= {"monitoring", "auth", "database", "ingress", "jupyterhub"}
    assert len(names()) == len(set(names())), "a name leads to one section of one README"


@pytest.mark.parametrize("name", names())
def test_every_alert_says_what_to_do(name: str):
    [rule] = [rule for rule in alerts() if rule["alert"] == name]
    file, _, section = rule["annotations"]["runbook"].partition("#")
    assert section == f"alert-{name.lower()}"
    text = (ROOT / file).read_text(encoding="utf-8")
    assert f'<a id="{section}"></a>' in text, f"{file} needs a section on {name}"
    assert re.search(rf"^### Alert: {name}$", text, re.MULTILINE), "and a title that people find"
    assert rule["labels"]["severity"] in ("critical", "warning", "info", "none")
    assert rule["annotations"]["summary"].endswith(".")


@pytest.mark.parametrize("name", names())
def test_every_alert_is_tested_where_it_fires_and_where_it_does_not(name: str):
    tests = [
        test
        for file in ("platform_test.yml", "apps_test.yml")
        for case in yaml.safe_load((HERE / file).read_text(encoding="utf-8"))["tests"]
        for test in case.get("alert_rule_test", ())
        if test["alertname"] == name
    ]
    assert any(test.get("exp_alerts") for test in tests), "where it fires"
    assert name == "Watchdog" or any(not test.get("exp_alerts") for test in tests), "and where it does not"


@pytest.mark.api
def test_prometheus_takes_the_configuration(folder: Path):
    token = Path("/var/run/secrets/kubernetes.io/serviceaccount")
    config = (folder / "prometheus.yml").read_text(encoding="utf-8")
    assert str(token / "token") in config
    # A pod's own files are not on this machine.
    for name in ("token", "ca.crt"):
        (folder / name).write_text("x")
        config = config.replace(str(token / name), str(folder / name))
    (folder / "prometheus.yml").write_text(config, encoding="utf-8")
    says(checker("promtool"), "check", "config", "--lint=all", "--lint-fatal", "prometheus.yml", cwd=folder)


@pytest.mark.api
def test_prometheus_takes_the_rules(folder: Path):
    rules = ("platform.yml", "usage.yml", "apps.yml")
    says(checker("promtool"), "check", "rules", "--lint=all", "--lint-fatal", *rules, cwd=folder)


@pytest.mark.api
@pytest.mark.parametrize("test", ["platform_test.yml", "apps_test.yml", "usage_test.yml"])
def test_rules_do_what_they_should(test: str, folder: Path):
    shutil.copy(HERE / test, folder)
    says(checker("promtool"), "test", "rules", test, cwd=folder)


@pytest.mark.api
@pytest.mark.parametrize("config", [MonitoringConfig(), RECEIVERS], ids=["nobody", "receivers"])
def test_alertmanager_takes_the_configuration(config: MonitoringConfig, tmp_path: Path):
    [(name, text)] = alertmanager.config_files(config).items()
    (tmp_path / name).write_text(text, encoding="utf-8")
    says(checker("amtool"), "check-config", name, cwd=tmp_path)


@pytest.mark.api
@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        (["alertname=NodeNotReady", "severity=critical"], "site-chat,site-team"),
        (["alertname=TargetDown", "severity=warning"], "site-chat"),
        (["alertname=Watchdog", "severity=none"], "watchdog"),
        (["alertname=Other", "severity=info"], "page"),
    ],
)
def test_who_hears_what(labels: list[str], receivers: str, tmp_path: Path):
    (tmp_path / "a.yml").write_text(alertmanager.config_files(RECEIVERS)["alertmanager.yml"], encoding="utf-8")
    routes = ("config", "routes", "test", "--config.file=a.yml", f"--verify.receivers={receivers}")
    says(checker("amtool"), *routes, *labels, cwd=tmp_path)
