"""Checkov finds nothing on any site but what is listed with its reason, and it has looked at everything.

Checkov lives in an environment of its own (`.venv-policy`, see `requirements-policy.txt`): it pins half of PyPI.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from arcos.paths import ROOT
from arcos.render.files import write
from arcos.render.order import Manifest
from arcos.site.loader import site_names

CHECKOV = ROOT / ".venv-policy" / "bin" / "checkov"
ACCEPTED = Path(__file__).with_name("checkov_accepted.yaml")
#: The figure the platform promises; it stands at 0 now.
MOST_PER_WORKLOAD = 1.0
#: A deployment as beginners write it: Checkov must have much to say about it, or it did not look.
CARELESS: Manifest = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "careless", "namespace": "careless"},
    "spec": {
        "selector": {"matchLabels": {"a": "b"}},
        "template": {
            "metadata": {"labels": {"a": "b"}},
            "spec": {"containers": [{"name": "careless", "image": "nginx:latest"}]},
        },
    },
}


@pytest.fixture(scope="module")
def sites(rendered) -> dict[str, list[Manifest]]:
    """The real sites; the unusual ones of `conftest.py` are made of the same parts."""
    return {name: rendered[name] for name in site_names()}


@pytest.fixture(scope="module")
def report(sites, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Checkov's own report on every site, each in a folder of its own, and on the careless one."""
    if not CHECKOV.exists():
        pytest.skip("needs Checkov in .venv-policy: ./arcosctl test installs it")
    folder = tmp_path_factory.mktemp("rendered")
    for site, manifests in sites.items():
        write(manifests, folder / site)
    write([CARELESS], folder / "careless")
    command = [CHECKOV, "-d", folder, "--framework", "kubernetes", "-o", "json", "--compact", "--skip-download"]
    quiet = os.environ | {"LOG_LEVEL": "ERROR", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(command, capture_output=True, text=True, env=quiet)
    assert done.stdout.startswith("{"), f"Checkov gave no report: {done.stderr[-2000:]}"
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _failed(report: dict[str, Any]) -> list[tuple[str, str]]:
    checks = report["results"]["failed_checks"]
    return [(check["file_path"].split("/")[1], f"{check['check_id']} {check['resource']}") for check in checks]


def _workloads(manifests: list[Manifest]) -> int:
    return sum(1 for m in manifests if m["kind"] in ("Deployment", "Job", "StatefulSet", "DaemonSet"))


def test_scanned_objects_equal_rendered_objects(report, sites):
    """Checkov counts the pod inside each workload as an object of its own."""
    everything = [*sites.values(), [CARELESS]]
    expected = sum(len(manifests) + _workloads(manifests) for manifests in everything)
    assert report["summary"]["resource_count"] == expected
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["skipped"] == 0, "no finding is waved through in a manifest"


def test_checkov_really_looked(report):
    assert sum(1 for site, _ in _failed(report) if site == "careless") >= 15


def test_every_finding_is_accepted_with_a_reason(report):
    accepted = yaml.safe_load(ACCEPTED.read_text(encoding="utf-8"))
    found = {finding for site, finding in _failed(report) if site != "careless"}
    assert found == set(accepted), "every finding stands in checkov_accepted.yaml, and nothing else does"
    assert all(len(str(reason)) > 20 for reason in accepted.values())


def test_the_figure_holds_on_every_site(report, sites):
    for site, manifests in sites.items():
        failed = sum(1 for where, _ in _failed(report) if where == site)
        assert failed <= MOST_PER_WORKLOAD * _workloads(manifests), site
