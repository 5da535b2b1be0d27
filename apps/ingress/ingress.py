"""`ingress`: the one way in. Traefik ends TLS, redirects http, sets security headers and leads hosts to apps.

Owns the proxy, its certificate on a local site, and the public Service. Leaves out what the apps are (their routes
come as `components.route.Route`) and public certificates, which somebody else renews in the named Secret.
https://doc.traefik.io/traefik/
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi_kubernetes as k8s
from pulumi import ComponentResource, Output, ResourceOptions

from apps.ingress.config import IngressConfig
from apps.ingress.traefik import HTTP, HTTPS, PING, PING_PATH, config_files
from components import gate
from components.baseline import CRITICAL
from components.dns import published
from components.facts import Facts
from components.metadata import NOT_AWAITED, PREFIX, digest, metadata, resource_name, selector
from components.metrics import Alert, ScrapeTarget, from_prometheus
from components.namespace import Quota
from components.needs import Needs
from components.network import from_anywhere, from_app, to_app
from components.oidc import AUTH
from components.pod import Mount, PodArgs, Probe, Resources
from components.route import INGRESS, Listing, Route
from components.seeder import CaSecret, SeededSecret, Seeder, SeederArgs
from components.workload import Workload, WorkloadArgs

#: The user in `images/traefik`.
USER = 10080
#: Where nothing hands out addresses, the node's own ports: whoever stands in front leads 80 and 443 here.
NODE_PORT_HTTP, NODE_PORT_HTTPS = 30080, 30443
_CONFIG = "ingress-config"
#: The Service inside the cluster that answers whether the proxy lives; it is not published.
_HEALTH = "ingress-health"
#: Each key of the ConfigMap and where it stands below /etc/traefik.
_FILES = {"traefik.yaml": "traefik.yaml", "dynamic.yaml": "dynamic/dynamic.yaml", "routes.yaml": "dynamic/routes.yaml"}


@dataclass(frozen=True, kw_only=True)
class IngressArgs:
    """What the proxy serves and how it is reached.

    `local_ca` signs the certificate `tls_secret` on the site itself; without it the Secret must exist. `http_port` and
    `https_port` are the ones users type. `load_balancer` says that the cluster hands out public addresses. `sign_out`
    is what `components.gate.sign_out_query` tells. `publish` says that somebody reads the names off the Service.
    """

    image: str
    seeder_image: str
    domain: str
    routes: Sequence[Route]
    replicas: int
    tls_secret: str
    local_ca: CaSecret | None = None
    http_port: int = 80
    https_port: int = 443
    load_balancer: bool = False
    sign_out: str = ""
    publish: bool = False


class Ingress(ComponentResource):
    """The site's proxy."""

    service_name: Output[str]
    """Name of the public Service."""

    def __init__(self, name: str, args: IngressArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:apps:Ingress", name, None, opts)
        child = ResourceOptions(parent=self, depends_on=opts.depends_on if opts else None)
        files = config_files(
            args.routes, https_port=args.https_port, hsts=args.local_ca is None, sign_out=args.sign_out
        )
        config = _config(files, child)
        needs: list[k8s.core.v1.ConfigMap | k8s.batch.v1.Job] = [config]
        if args.local_ca:
            certified = SeederArgs(secret=certificate(args), image=args.seeder_image)
            needs.append(Seeder("ingress-tls", certified, opts=child).job)
        proxy = Workload("ingress", workload(args, files), child, after=needs)
        _health(child)
        self.service_name = proxy.service_name
        self.register_outputs({"service_name": self.service_name})


def needs(config: IngressConfig, facts: Facts) -> Needs:  # noqa: ARG001 - every app's `needs` takes the same
    """To be watched."""
    alerts = (
        Alert(
            name="IngressDown",
            app=INGRESS,
            expr='up{job="ingress"} == 0 or absent(up{job="ingress"})',
            hold="2m",
            severity="critical",
            summary="The proxy does not answer: nobody reaches anything.",
        ),
        Alert(
            name="CertificateEnds",
            app=INGRESS,
            expr='min by (cn) (traefik_tls_certs_not_after{job="ingress",cn!="TRAEFIK DEFAULT CERT"}) - time()'
            " < 14 * 86400",
            hold="10m",
            severity="warning",
            summary="The certificate of {{ $labels.cn }} ends in {{ $value | humanizeDuration }}.",
        ),
    )
    target = ScrapeTarget(app=INGRESS, namespace=INGRESS, port=PING, service=_HEALTH)
    return Needs(targets=(target,), alerts=alerts)


def quotas(config: IngressConfig) -> dict[str, Quota]:
    """Room for the proxies, one more during an update, and the seeder."""
    memory = (config.replicas + 1) * 256 + 256
    return {INGRESS: Quota(pods=config.replicas + 4, cpu="4", memory=f"{memory}Mi", node_ports=2, load_balancers=1)}


def service_listing() -> Listing:
    """How the landing page names the proxy: it has no page of its own."""
    return Listing(
        app=INGRESS,
        title="Ingress",
        description="The way in: encryption, redirects and routes to every service.",
        url="",
        service=_HEALTH,
        namespace=INGRESS,
        port=PING,
        health_path=PING_PATH,
    )


def certificate(args: IngressArgs) -> SeededSecret:
    """The local site's certificate, for its domain and every name directly below."""
    return SeededSecret(
        name=args.tls_secret,
        namespace=INGRESS,
        kind="tls",
        dns_names=(args.domain, f"*.{args.domain}"),
        ca=args.local_ca,
    )


def workload(args: IngressArgs, files: dict[str, str]) -> WorkloadArgs:
    """The proxy: everybody reaches its two public ports, it reaches the apps' routes, the gate and nothing else."""
    ask = [to_app(gate.GATE, AUTH, gate.PORT)] if gate.gated(args.routes) else []
    return WorkloadArgs(
        namespace=INGRESS,
        replicas=args.replicas,
        singleton="the site asks for one proxy" if args.replicas == 1 else "",
        pod=PodArgs(
            app=INGRESS,
            image=args.image,
            user=USER,
            resources=Resources(cpu="100m", cpu_limit="2", memory="256Mi"),
            service_account=INGRESS,
            args=["--configFile=/etc/traefik/traefik.yaml"],
            ports={"http": HTTP, "https": HTTPS, "ping": PING},
            mounts=[
                Mount(path="/etc/traefik", config_map=_CONFIG, items=_FILES),
                Mount(path="/tls", secret=args.tls_secret),
            ],
            live=Probe(path=PING_PATH, port=PING),
            ready=Probe(path=PING_PATH, port=PING),
            priority_class=CRITICAL,
            grace_seconds=45,
            annotations={f"{PREFIX}/config": digest(files)},
        ),
        service=public_service(args),
        service_annotations=published(public_names(args)) if args.publish else {},
        ingress=[from_anywhere(HTTP, HTTPS), from_app("welcome", "welcome", PING), from_prometheus(PING)],
        egress=[*(to_app(route.service, route.namespace, route.port) for route in args.routes), *ask],
    )


def public_names(args: IngressArgs) -> set[str]:
    """The names that lead here: the site's own, and that of every route."""
    return {args.domain, *(route.host for route in args.routes)}


def public_service(args: IngressArgs) -> k8s.core.v1.ServiceSpecArgsDict:
    """The Service users reach; its ports are the ones they type, so an address means the same inside the cluster."""
    http = _port("http", args.http_port, HTTP)
    https = _port("https", args.https_port, HTTPS)
    if args.load_balancer:
        return {"type": "LoadBalancer", "ports": [http, https]}
    return {
        "type": "NodePort",
        "ports": [http | {"node_port": NODE_PORT_HTTP}, https | {"node_port": NODE_PORT_HTTPS}],
    }


def _port(name: str, port: int, target: int) -> k8s.core.v1.ServicePortArgsDict:
    return {"name": name, "protocol": "TCP", "port": port, "target_port": target}


def _config(files: dict[str, str], opts: ResourceOptions) -> k8s.core.v1.ConfigMap:
    return k8s.core.v1.ConfigMap(
        resource_name("ConfigMap", _CONFIG, INGRESS),
        metadata=metadata(_CONFIG, app=INGRESS, namespace=INGRESS),
        data=files,
        opts=opts,
    )


def _health(opts: ResourceOptions) -> k8s.core.v1.Service:
    return k8s.core.v1.Service(
        resource_name("Service", _HEALTH, INGRESS),
        metadata=metadata(_HEALTH, app=INGRESS, namespace=INGRESS, annotations=NOT_AWAITED),
        spec={
            "type": "ClusterIP",
            "selector": selector(INGRESS),
            "ports": [_port("ping", PING, PING)],
        },
        opts=opts,
    )
