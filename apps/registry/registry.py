"""`registry`: an OCI registry behind the site's sign-on, with its images in a bucket.

Owns which parts there are (the gate, Distribution, its caches, the job that removes garbage), their secrets and alerts;
each part stands in a file of its own. Why these: docs/adr/0014-registry.md.
https://github.com/opencontainers/distribution-spec
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi_kubernetes as k8s
from pulumi import ComponentResource, ResourceOptions

from apps.registry import distribution, gate
from apps.registry.config import REGISTRY, RegistryConfig, cache
from apps.registry.names import (
    AUTHORITIES,
    CONFIG,
    FIGURES,
    GATE,
    GATE_PORT,
    SIGNING,
    UPLOADS,
    WINDOW,
    address,
)
from components.bucket import BucketEndpoint
from components.database import Database
from components.facts import Facts
from components.groups import OPERATORS
from components.metadata import metadata, resource_name
from components.metrics import Alert, ScrapeTarget
from components.namespace import Quota
from components.needs import Needs
from components.route import Route
from components.seeder import SeededSecret, Seeder, SeederArgs
from components.workload import Workload

_HERE = Path(__file__).parent
#: The real files of Distribution.
FILES = ("config.yml", "cache.yml")


@dataclass(frozen=True, kw_only=True)
class RegistryArgs:
    """The site, its images, where buckets are, and the names of all its groups."""

    config: RegistryConfig
    facts: Facts
    images: Callable[[str], str]
    endpoint: BucketEndpoint
    groups: Sequence[str]


class Registry(ComponentResource):
    """The registry and all that belongs to it."""

    def __init__(self, name: str, args: RegistryArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:apps:Registry", name, None, opts)
        child = ResourceOptions(parent=self, depends_on=opts.depends_on if opts else None)
        front = gate.GateArgs(config=args.config, facts=args.facts, images=args.images, groups=args.groups)
        files = config_files(front)
        back = distribution.DistributionArgs(
            config=args.config, facts=args.facts, images=args.images, endpoint=args.endpoint, files=files
        )
        first = [_config(files, child), *_seeded(args, child)]
        Workload(REGISTRY, distribution.main(back), child, after=first)
        for upstream in args.config.upstreams:
            Workload(cache(upstream.name), distribution.copy_of(back, upstream), child, after=first)
        Workload(GATE, gate.workload(front), child, after=first)
        distribution.collect(back, ResourceOptions.merge(child, ResourceOptions(depends_on=first)))
        self.register_outputs({})


def needs(config: RegistryConfig, facts: Facts) -> Needs:
    """A way in, rows for tokens, buckets, figures and alerts."""
    route = Route(
        app=REGISTRY,
        host=address(config.host, facts).host,
        service=GATE,
        namespace=REGISTRY,
        port=GATE_PORT,
        title="Registry",
        description="Container images of this site: pull, push, and keep what a paper cites.",
        health_path="/ready",
        groups=tuple(dict.fromkeys((OPERATORS, *config.groups))),
        open_paths=("/v2/", "/token"),
    )
    return Needs(
        routes=(route,),
        databases=(Database(app=REGISTRY, namespace=REGISTRY),),
        buckets=tuple(config.buckets_asked().values()),
        targets=(ScrapeTarget(app=REGISTRY, namespace=REGISTRY, port=FIGURES),),
        alerts=_ALERTS,
    )


_ALERTS = (
    Alert(
        name="RegistryDown",
        app=REGISTRY,
        expr='kube_deployment_status_replicas_available{namespace="registry",deployment=~"registry|registry-gate"} < 1',
        hold="5m",
        severity="critical",
        summary="{{ $labels.deployment }} is not available: images can neither be pulled nor pushed.",
    ),
    Alert(
        name="RegistryFails",
        app=REGISTRY,
        expr='sum(rate(registry_http_requests_total{job="registry",code=~"5.."}[10m]))'
        ' > 0.05 * sum(rate(registry_http_requests_total{job="registry"}[10m]))',
        hold="10m",
        severity="warning",
        summary="More than one in twenty requests to the registry fails.",
    ),
    Alert(
        name="RegistryGarbageStays",
        app=REGISTRY,
        expr='time() - kube_cronjob_status_last_successful_time{namespace="registry",cronjob="registry-collect"}'
        " > 3 * 24 * 3600",
        hold="1h",
        severity="warning",
        summary="No garbage was removed from the registry for three days.",
    ),
)


def quotas(config: RegistryConfig) -> dict[str, Quota]:
    """Room for each part and its successor, the collector, and a few of the seeders at once."""
    running = 2 + len(config.upstreams)
    memory = (2 * running + 2) * distribution.MEMORY_MIB + 512
    return {REGISTRY: Quota(pods=2 * running + 16 + len(config.robots), cpu="4", memory=f"{memory}Mi")}


def secrets(config: RegistryConfig) -> list[SeededSecret]:
    """The key that signs tokens, what the parts share, and each robot's secret."""
    names = [UPLOADS, WINDOW, *(gate.robot_secret(one.name) for one in config.robots)]
    return [
        SeededSecret(name=SIGNING, namespace=REGISTRY, kind="tls", dns_names=(GATE,)),
        *(SeededSecret(name=name, namespace=REGISTRY, kind="password", length=48) for name in names),
    ]


def config_files(args: gate.GateArgs) -> dict[str, str]:
    """Distribution's real files, and the gate's."""
    files = {name: (_HERE / name).read_text(encoding="utf-8") for name in FILES}
    known = {AUTHORITIES: "".join(args.config.authorities)} if args.config.authorities else {}
    return files | known | {"gate.json": gate.config_file(args)}


def _seeded(args: RegistryArgs, opts: ResourceOptions) -> list[k8s.batch.v1.Job]:
    image = args.images("seeder")
    return [Seeder(one.name, SeederArgs(secret=one, image=image), opts=opts).job for one in secrets(args.config)]


def _config(files: dict[str, str], opts: ResourceOptions) -> k8s.core.v1.ConfigMap:
    return k8s.core.v1.ConfigMap(
        resource_name("ConfigMap", CONFIG, REGISTRY),
        metadata=metadata(CONFIG, app=REGISTRY, namespace=REGISTRY),
        data=files,
        opts=opts,
    )
