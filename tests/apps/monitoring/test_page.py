"""The page: who reaches it, what it shows, and that the program takes what it is told."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from apps.monitoring import page
from apps.monitoring.config import MonitoringConfig
from apps.monitoring.monitoring import needs
from arcos.paths import IMAGES, ROOT
from arcos.platform import gather
from arcos.progress import Progress
from arcos.site.loader import load_site
from arcos.toolchain.go import go
from components.facts import Facts
from tests.real.site import free_port

FACTS = Facts(name="x", title="X", contact="a@b.org", domain="x.org")


def _files() -> dict[str, dict[str, str]]:
    return page.config_files(FACTS, gather.needs(load_site("local")).alerts)


def test_only_operators_and_researchers_are_let_in() -> None:
    [route] = needs(MonitoringConfig(), FACTS).routes
    assert route.groups == ("operators", "researchers"), "figures tell who works when"
    assert not route.open_paths


def test_a_site_without_sign_on_can_do_without_the_page() -> None:
    config = MonitoringConfig(page=False)
    assert not needs(config, FACTS).routes
    assert "auth" not in {one.app for one in config.requires()}
    asked = {(one.app, one.path) for one in MonitoringConfig().requires()}
    assert ("auth", ("page",)) in asked, "`check` names the field that asks for it"


def test_the_page_is_reached_by_the_proxy_and_reaches_prometheus_only() -> None:
    args = page.workload(lambda name: f"r/{name}:1@sha256:0", _files())
    reached = [rule["to"][0]["pod_selector"]["match_labels"] for rule in args.egress]
    assert reached == [{"app.kubernetes.io/name": "prometheus"}]
    assert args.pod.api_token is None


def test_every_alert_has_a_section_that_says_what_to_do() -> None:
    told = json.loads(_files()[page.CONFIG]["dashboards.json"])["runbooks"]
    platform = yaml.safe_load((ROOT / "apps" / "monitoring" / "platform.yml").read_text(encoding="utf-8"))
    names = {rule["alert"] for group in platform["groups"] for rule in group["rules"]}
    names |= {alert.name for alert in gather.needs(load_site("local")).alerts}
    assert set(told) == names
    thin = [name for name, text in told.items() if len(text) < 40 or text.startswith("#")]
    assert thin == [], "an alert at night needs more than a heading"


def test_a_section_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match="has no section `alert-nothing`"):
        page.runbook("apps/monitoring/README.md#alert-nothing")


@pytest.fixture
def running(tmp_path: Path) -> Iterator[str]:
    """The real program with the real files."""
    program, port = tmp_path / "program", free_port()
    go(Progress(quiet=True), exactly=True).run(["build", "-o", str(program), "."], IMAGES / "dashboards")
    for name, data in _files().items():
        folder = tmp_path / name
        folder.mkdir()
        for file, text in data.items():
            (folder / file).write_text(text, encoding="utf-8")
    command = [
        *(program, "--listen", f"127.0.0.1:{port}", "--config", tmp_path / page.CONFIG / "dashboards.json"),
        *("--dashboards", tmp_path / page.DASHBOARDS),
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@pytest.mark.api
def test_the_program_takes_what_it_is_told(running: str, tmp_path: Path) -> None:
    request = urllib.request.Request(f"{running}/runbooks/HubDown", headers={"X-Auth-Request-Groups": "operators"})
    _listening(running)
    with urllib.request.urlopen(request, timeout=5) as answer:
        shown = answer.read().decode()
    assert "<code>./arcosctl logs SITE jupyterhub</code>" in shown, "the runbook is that of the release"


def _listening(address: str) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", int(address.rpartition(":")[2]))) == 0:
                return
        time.sleep(0.05)
    pytest.fail("the program does not start")
