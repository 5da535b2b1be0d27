"""How an app is watched: the contract between every app that has figures or can fail, and `monitoring`.

https://prometheus.io/docs/practices/alerting/
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from components.network import IngressRule, from_app

#: Where Prometheus runs, and what its pods are called.
MONITORING, PROMETHEUS = "monitoring", "prometheus"
Severity = Literal["critical", "warning", "info"]


@dataclass(frozen=True, kw_only=True)
class ScrapeTarget:
    """Figures in Prometheus's text format at `path` of `port`; `service` is the Service to ask, the app's by default.

    The name `job` in queries is `app`.
    """

    app: str
    namespace: str
    port: int
    path: str = "/metrics"
    service: str = ""

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{self.service or self.app}.{self.namespace}.svc.cluster.local:{self.port}"


@dataclass(frozen=True, kw_only=True)
class Alert:
    """Something a person must know. `expr` is PromQL that has to hold for `hold` (a Prometheus duration, as in `5m`).

    `name` is in CamelCase; `summary` is one sentence and may use `{{ $labels.x }}`. The runbook is the section
    `#alert-<name in lower case>` of the app's README.
    """

    name: str
    app: str
    expr: str
    hold: str
    severity: Severity
    summary: str

    @property
    def runbook(self) -> str:
        """Where the repository says what to do."""
        return f"apps/{self.app}/README.md#alert-{self.name.lower()}"


def from_prometheus(*ports: int) -> IngressRule:
    """Let Prometheus reach these ports."""
    return from_app(PROMETHEUS, MONITORING, *ports)
