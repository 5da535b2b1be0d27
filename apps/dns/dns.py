"""`dns`: the site's names lead to its address, wherever that moves. external-dns keeps the records.

Owns the one pod that does it, and its right to read Services in one namespace. Which names there are the apps' routes
say: `ingress` writes them on its Service (`components.dns`). Why so: docs/adr/0032-dns-records.md
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pulumi_kubernetes as k8s
from pulumi import ComponentResource, Resource, ResourceOptions

from apps.dns.config import DnsConfig
from apps.dns.providers import USER, told
from components.baseline import SERVICE
from components.dns import ANNOTATIONS
from components.facts import Facts
from components.metadata import metadata, resource_name
from components.metrics import Alert, ScrapeTarget, from_prometheus
from components.namespace import Quota
from components.needs import Needs
from components.network import to_api_server
from components.pod import PodArgs, Probe, Resources
from components.route import INGRESS
from components.workload import Workload, WorkloadArgs

DNS, PORT = "dns", 7979
_IMAGE = "external-dns"
_TOKEN_SECONDS = 3600


@dataclass(frozen=True, kw_only=True)
class DnsArgs:
    """What the site says."""

    config: DnsConfig
    facts: Facts
    images: Callable[[str], str]


class Dns(ComponentResource):
    """What keeps the site's records."""

    def __init__(self, name: str, args: DnsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:apps:Dns", name, None, opts)
        child = ResourceOptions(parent=self, depends_on=opts.depends_on if opts else None)
        Workload(DNS, workload(args), child, after=_grant(child))
        self.register_outputs({})


def needs(config: DnsConfig, facts: Facts) -> Needs:  # noqa: ARG001 - every app's `needs` takes the same
    """To be watched."""
    stuck = Alert(
        name="DnsRecordsStuck",
        app=DNS,
        expr='time() - external_dns_controller_last_sync_timestamp_seconds{job="dns"} > 900'
        ' or absent(up{job="dns"} == 1)',
        hold="10m",
        severity="warning",
        summary="DNS records are not kept up to date: a new name, or a new address, is not published.",
    )
    return Needs(targets=(ScrapeTarget(app=DNS, namespace=DNS, port=PORT),), alerts=(stuck,))


def quotas(config: DnsConfig) -> dict[str, Quota]:  # noqa: ARG001 - every app's `quotas` takes the same
    """Room for the pod and its successor."""
    return {DNS: Quota(pods=4, cpu="1", memory="768Mi")}


def arguments(args: DnsArgs) -> list[str]:
    """What external-dns is started with.

    It changes nothing that it has not made: a TXT record beside each of its own names the site. The record's type
    stands before a dot, so that the zone's own name can be kept as well.
    """
    return [
        "--source=service",
        f"--namespace={INGRESS}",
        "--service-type-filter=LoadBalancer",
        f"--annotation-prefix={ANNOTATIONS}",
        f"--domain-filter={args.config.zone or args.facts.domain}",
        "--managed-record-types=A",
        "--managed-record-types=AAAA",
        "--managed-record-types=CNAME",
        "--registry=txt",
        f"--txt-owner-id=arcos-{args.facts.name}",
        "--txt-prefix=%{record_type}-arcos.",
        "--policy=sync",
        "--interval=1m",
        "--log-format=json",
        f"--metrics-address=:{PORT}",
        *told(args.config, args.facts, args.images).args,
    ]


def workload(args: DnsArgs) -> WorkloadArgs:
    """One pod: two would write the same records. The old one goes before a new one comes."""
    provider = told(args.config, args.facts, args.images)
    return WorkloadArgs(
        namespace=DNS,
        replicas=1,
        singleton="records stay as they are; a lost pod is back in seconds",
        recreate=True,
        pod=PodArgs(
            app=DNS,
            image=args.images(_IMAGE),
            user=USER,
            resources=Resources(cpu="10m", cpu_limit="500m", memory="128Mi"),
            service_account=DNS,
            args=arguments(args),
            env=provider.env,
            secret_env=provider.secret_env,
            ports={"http": PORT},
            ready=Probe(path="/healthz", port=PORT),
            live=Probe(path="/healthz", port=PORT),
            priority_class=SERVICE,
            api_token=_TOKEN_SECONDS,
            companions=provider.companions,
        ),
        service={
            "type": "ClusterIP",
            "ports": [{"name": "http", "protocol": "TCP", "port": PORT, "target_port": PORT}],
        },
        ingress=[from_prometheus(PORT)],
        egress=[to_api_server(), *provider.egress],
    )


def rights() -> list[k8s.rbac.v1.PolicyRuleArgsDict]:
    """See the Services of one namespace. Pods, nodes and everything elsewhere it need not know."""
    return [{"api_groups": [""], "resources": ["services"], "verbs": ["get", "list", "watch"]}]


def _grant(opts: ResourceOptions) -> list[Resource]:
    meta = metadata(DNS, app=DNS, namespace=INGRESS)
    role = k8s.rbac.v1.Role(resource_name("Role", DNS, INGRESS), metadata=meta, rules=rights(), opts=opts)
    binding = k8s.rbac.v1.RoleBinding(
        resource_name("RoleBinding", DNS, INGRESS),
        metadata=meta,
        role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "Role", "name": DNS},
        subjects=[{"kind": "ServiceAccount", "name": DNS, "namespace": DNS}],
        opts=opts,
    )
    return [role, binding]
