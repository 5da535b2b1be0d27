"""Monitoring on a real site: everything is asked and answers, what breaks is noticed, and use is somebody's."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml
from selenium.webdriver.common.by import By

from tests.apps.monitoring.asked import figures, questions
from tests.apps.monitoring.test_rules import alerts
from tests.real.browser import chromium, picture, sign_in, wait_for
from tests.real.people import PASSWORD, address, make_accounts
from tests.real.site import RealSite

pytestmark = pytest.mark.real

#: What is only there once something happened (a container that waits, a job that failed, somebody who signed in), or
#: with an app that needs a cloud.
SOMETIMES = {
    "SeaweedFS_s3_bucket_read_only",
    "external_dns_controller_last_sync_timestamp_seconds",
    "keycloak_user_events_total",
    "kube_cronjob_status_last_successful_time",
    "kube_job_failed",
    "kube_pod_container_status_waiting_reason",
}
#: Two rounds of questions and two of rules, on a machine that does much else.
PATIENCE = 180


def _ask(site: RealSite, service: str, path: str) -> Any:
    return json.loads(site.kubectl("get", "--raw", f"/api/v1/namespaces/monitoring/services/{service}/proxy{path}"))


def _query(site: RealSite, promql: str) -> list[dict[str, Any]]:
    answer = _ask(site, "prometheus:9090", f"/api/v1/query?query={quote(promql)}")
    found: list[dict[str, Any]] = answer["data"]["result"]
    return found


def _soon(what: Callable[[], Any], until: Callable[[Any], bool]) -> Any:
    end = time.monotonic() + PATIENCE
    while not until(seen := what()) and time.monotonic() < end:
        time.sleep(3)
    return seen


def _pod(name: str, image: str) -> dict[str, Any]:
    container = {
        "name": "main",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "resources": {"requests": {"cpu": "30m", "memory": "16Mi"}, "limits": {"memory": "16Mi"}},
    }
    meta = {"name": name, "namespace": "default", "labels": {"hub.jupyter.org/username": f"real-{name}"}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": [container]}}


@pytest.fixture(scope="module")
def pods(site: RealSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One that runs and one whose image nobody has, each somebody's."""
    running = site.kubectl(
        "get", "pods", "--all-namespaces", "--output=jsonpath={.items[*].spec.containers[*].image}"
    ).split()
    welcome = next(image for image in running if "/welcome" in image)
    file: Path = tmp_path_factory.mktemp("pods") / "pods.yaml"
    file.write_text(yaml.safe_dump_all([_pod("well", welcome), _pod("ill", "arcos.localhost/none:1")]))
    site.kubectl("apply", "--filename", str(file))
    yield
    site.kubectl("delete", "--filename", str(file), "--wait=false", "--grace-period=0", "--force")


def test_everything_that_is_asked_answers(site: RealSite) -> None:
    def down() -> list[str]:
        active = _ask(site, "prometheus:9090", "/api/v1/targets?state=active")["data"]["activeTargets"]
        assert {"auth", "gate", "ingress", "objectstore"} & {one["scrapePool"] for one in active}, "the apps' own"
        assert {"kubelet", "node", "cluster-state", "alertmanager"} <= {one["scrapePool"] for one in active}
        return [f"{one['scrapePool']}: {one['health']} {one['lastError']}" for one in active if one["health"] != "up"]

    assert _soon(down, lambda seen: not seen) == []


def test_every_figure_that_dashboards_and_alerts_ask_for_is_there(site: RealSite) -> None:
    exprs = [expr for _, expr in questions()] + [rule["expr"] for rule in alerts()]
    asked = set().union(*(figures(expr) for expr in exprs)) - SOMETIMES

    def missing() -> set[str]:
        # What the usage rules make is there as soon as somebody has a server; `test_use_is_somebodys` looks at it.
        known = set(_ask(site, "prometheus:9090", "/api/v1/label/__name__/values")["data"])
        return {name for name in asked - known if not name.startswith("arcos:")}

    assert _soon(missing, lambda seen: not seen) == set()


@pytest.mark.usefixtures("pods")
def test_a_broken_pod_is_noticed_and_a_whole_one_is_not(site: RealSite) -> None:
    found = _soon(lambda: _query(site, 'ALERTS{alertname="PodNotStarting",namespace="default"}'), bool)

    assert [one["metric"]["pod"] for one in found] == ["ill"], "it fires after five minutes, as its own test says"
    assert found[0]["metric"]["reason"] in ("ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull")


@pytest.mark.usefixtures("pods")
def test_use_is_somebodys(site: RealSite) -> None:
    [cores] = _soon(lambda: _query(site, 'arcos:usage:cores_requested{user="real-well"}'), bool)
    [servers] = _soon(lambda: _query(site, 'arcos:usage:servers{user=~"real-.*"}'), bool)

    assert float(cores["value"][1]) == pytest.approx(0.03)
    assert servers["metric"]["user"] == "real-well", "one that never started is no server"


def test_an_alert_that_fires_reaches_alertmanager(site: RealSite) -> None:
    alerts = _soon(lambda: _ask(site, "alertmanager:9093", "/api/v2/alerts"), bool)

    [watchdog] = [alert for alert in alerts if alert["labels"]["alertname"] == "Watchdog"]
    assert watchdog["annotations"]["runbook"] == "apps/monitoring/README.md#alert-watchdog"


@pytest.mark.parametrize(
    ("person", "group", "sees_all"), [("olive", "operators", True), ("rita", "researchers", False)]
)
def test_operators_see_the_whole_site_and_researchers_what_is_theirs(
    site: RealSite, tmp_path: Path, person: str, group: str, sees_all: bool
) -> None:
    make_accounts(site, [person], (group,))
    with chromium(tmp_path / "profile") as browser:
        browser.get(f"{address(site, 'monitoring')}/")
        sign_in(browser, person, PASSWORD)
        wait_for(browser, "main h1")
        shown = {link.text for link in browser.find_elements(By.CSS_SELECTOR, "nav[aria-label=Dashboards] a")}
        assert ("Alerts" in shown, "Usage" in shown) == (sees_all, True), shown
        page = "services" if sees_all else "usage"
        browser.get(f"{address(site, 'monitoring')}/d/{page}?range=1h")
        wait_for(browser, ".panel")
        assert not browser.find_elements(By.CSS_SELECTOR, ".problem"), "every question has an answer"
        picture(browser, "monitoring" if sees_all else "usage")
        browser.get(f"{address(site, 'monitoring')}/d/people")
        assert bool(browser.find_elements(By.CSS_SELECTOR, ".panel")) == sees_all, "who uses how much is not for all"
