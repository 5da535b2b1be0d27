"""Asks the OpenStack services' own code what it says of request bodies; it lives in an environment of its own.

Like Checkov's (see `requirements-openstack.txt`): the services pin half of PyPI.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

import pytest

from arcos.paths import ROOT
from tests.components.clusters.openstack.calls import Call

PYTHON = ROOT / ".venv-openstack" / "bin" / "python"
SCRIPT = ROOT / "tests" / "openstack" / "check_bodies.py"


def problems(calls: Iterable[Call]) -> list[str]:
    """What the services refuse of these requests; each begins with the resource's name.

    Each service in a process of its own, all at once: two of them in one fight over their settings.
    """
    if not PYTHON.exists():
        pytest.skip("needs the OpenStack services in .venv-openstack: ./arcosctl test installs it")
    by_service: dict[str, list[Call]] = {}
    for one in calls:
        by_service.setdefault(one.service, []).append(one)
    with ThreadPoolExecutor() as pool:
        return [said for found in pool.map(_asked, by_service.values()) for said in found]


def _asked(calls: list[Call]) -> list[str]:
    asked = json.dumps([asdict(one) for one in calls])
    done = subprocess.run([PYTHON, SCRIPT], input=asked, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    found: list[str] = json.loads(done.stdout.splitlines()[-1])
    return found
