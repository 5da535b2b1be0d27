"""The registry's gate: tokens for people and robots, tags that stay, room for garbage removal, and a page.

Owns its configuration and its pod; the program is `images/registry-gate`. Who people are is said by the site's sign-on
in front of it (`components.gate`). Why it is there: docs/adr/0014-registry.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from apps.registry.config import COLLECT, REGISTRY, RegistryConfig, cache
from apps.registry.names import (
    CONFIG,
    GATE,
    GATE_PORT,
    PORT,
    SIGNING,
    WINDOW,
    WINDOW_PORT,
    address,
    inside,
    service,
)
from components.baseline import SERVICE
from components.database import CA, CA_SECRET, DATABASE, HOST, PASSWORD, Database
from components.database import PORT as DATABASE_PORT
from components.facts import Facts
from components.gate import SIGN_OUT
from components.groups import OPERATORS, RESEARCHERS
from components.metadata import PREFIX, digest
from components.network import from_app, to_app
from components.pod import Mount, PodArgs, Probe, Resources
from components.route import INGRESS
from components.workload import WorkloadArgs

#: The user in `images/registry-gate`.
USER = 10097
_RUN = "/run/gate"


@dataclass(frozen=True, kw_only=True)
class GateArgs:
    """The site's settings. `groups` are all groups of the site: no person's space is called like one."""

    config: RegistryConfig
    facts: Facts
    images: Callable[[str], str]
    groups: Sequence[str]


def robot_secret(name: str) -> str:
    """The Secret with a robot's `password`."""
    return f"{REGISTRY}-robot-{name}"


def settings(args: GateArgs) -> dict[str, Any]:
    """gate.json, as `images/registry-gate` reads it. Nothing in it is secret."""
    config = args.config
    return {
        "url": address(config.host, args.facts).url,
        "title": args.facts.title,
        "contact": args.facts.contact,
        "registry": inside(REGISTRY, PORT),
        "caches": [
            {"name": one.name, "address": inside(cache(one.name), PORT), "upstream": one.url}
            for one in config.upstreams
        ],
        "robots": [
            {"name": one.name, "repositories": list(one.repositories), "push": one.push} for one in config.robots
        ],
        "public": list(config.public),
        "private": list(config.private),
        "moving": list(config.moving),
        "operator": OPERATORS,
        "reserved": sorted({OPERATORS, RESEARCHERS, *config.groups, *args.groups}),
        "days": config.token_days,
        "signOut": SIGN_OUT,
    }


def config_file(args: GateArgs) -> str:
    """gate.json as text."""
    return json.dumps(settings(args), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def workload(args: GateArgs) -> WorkloadArgs:
    """The ingress reaches it, and the collector; it reaches the registry, the caches and its database."""
    database = Database(app=REGISTRY, namespace=REGISTRY)
    query = f"sslmode=verify-full&sslrootcert={_RUN}/ca/{CA}"
    return WorkloadArgs(
        namespace=REGISTRY,
        replicas=1,
        singleton="it alone knows which writes are under way, which garbage removal relies on",
        recreate=True,
        pod=PodArgs(
            app=GATE,
            image=args.images("registry-gate"),
            user=USER,
            resources=Resources(cpu="20m", cpu_limit="1", memory="128Mi"),
            service_account=GATE,
            args=[f"-database=postgres://{database.name}@{HOST}:{DATABASE_PORT}/{database.name}?{query}"],
            env={"GOMEMLIMIT": "96MiB"},
            ports={"http": GATE_PORT, "window": WINDOW_PORT},
            mounts=[
                Mount(path="/etc/arcos", config_map=CONFIG, items={"gate.json": "gate.json"}),
                Mount(path=f"{_RUN}/signing", secret=SIGNING, items={"tls.key": "tls.key"}),
                Mount(path=f"{_RUN}/collect", secret=WINDOW),
                Mount(path=f"{_RUN}/database", secret=database.secret, items={PASSWORD: PASSWORD}),
                Mount(path=f"{_RUN}/ca", secret=CA_SECRET, items={CA: CA}),
                *(Mount(path=f"{_RUN}/robots/{one.name}", secret=robot_secret(one.name)) for one in args.config.robots),
            ],
            live=Probe(path="/healthz", port=GATE_PORT),
            ready=Probe(path="/healthz", port=GATE_PORT),
            priority_class=SERVICE,
            annotations={f"{PREFIX}/config": digest(settings(args))},
        ),
        service=service({"http": GATE_PORT, "window": WINDOW_PORT}),
        ingress=[
            from_app(INGRESS, INGRESS, GATE_PORT),
            from_app("welcome", "welcome", GATE_PORT),
            from_app(COLLECT, REGISTRY, WINDOW_PORT),
        ],
        egress=[
            to_app(REGISTRY, REGISTRY, PORT),
            *(to_app(cache(one.name), REGISTRY, PORT) for one in args.config.upstreams),
            to_app(DATABASE, DATABASE, DATABASE_PORT),
        ],
    )
