"""What one app asks of the others, all in one value: routes, sign-on, databases, buckets, figures and alerts.

Every app tells it from its settings alone (`needs` in its module); `arcos.platform` gathers it and hands each kind to
the app that serves it. So no app knows another, and one that is left out takes nothing with it but its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from components.bucket import Bucket
from components.database import Database
from components.metrics import Alert, ScrapeTarget
from components.oidc import OidcClient
from components.route import Route


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What an app asks for."""

    routes: tuple[Route, ...] = ()
    clients: tuple[OidcClient, ...] = ()
    databases: tuple[Database, ...] = ()
    buckets: tuple[Bucket, ...] = ()
    targets: tuple[ScrapeTarget, ...] = ()
    alerts: tuple[Alert, ...] = ()


def together(all_: Iterable[Needs]) -> Needs:
    """Everything that is asked for, in the order of the apps."""
    asked = list(all_)
    return Needs(
        routes=tuple(one for needs in asked for one in needs.routes),
        clients=tuple(one for needs in asked for one in needs.clients),
        databases=tuple(one for needs in asked for one in needs.databases),
        buckets=tuple(one for needs in asked for one in needs.buckets),
        targets=tuple(one for needs in asked for one in needs.targets),
        alerts=tuple(one for needs in asked for one in needs.alerts),
    )
