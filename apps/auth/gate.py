"""The gate: OAuth2 Proxy asks Keycloak who somebody is, for those apps that sign nobody in themselves.

Owns the gate's configuration and pods; they run only where a route asks for them. Leaves out which paths and groups it
is asked about, which `ingress` does. https://oauth2-proxy.github.io/oauth2-proxy/
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

import pulumi_kubernetes as k8s
from pulumi import ComponentResource, ResourceOptions

from apps.auth.config import AuthConfig
from components import gate
from components.baseline import SERVICE
from components.facts import Facts
from components.metadata import PREFIX, digest, metadata, resource_name
from components.metrics import Alert, ScrapeTarget, from_prometheus
from components.needs import Needs
from components.network import from_app, to_app
from components.oidc import AUTH, BACKCHANNEL, CLIENT_SECRET, PORT, issuer
from components.pod import Mount, PodArgs, Probe, Resources
from components.quantity import seconds
from components.route import INGRESS, Route
from components.seeder import SeededSecret, Seeder, SeederArgs
from components.workload import Workload, WorkloadArgs

#: The user in `images/oauth2-proxy`.
USER = 10088
#: Figures; not published.
METRICS = 44180
MEMORY_MIB = 64
_CONFIG, _COOKIE = "gate-config", "gate-cookie"
_HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class GateArgs:
    """The site, and its images. The client's Secret is made with those of the other clients."""

    config: AuthConfig
    facts: Facts
    images: Callable[[str], str]


class Gate(ComponentResource):
    """The gate's pods and their cookie key."""

    def __init__(self, name: str, args: GateArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:apps:Gate", name, None, opts)
        child = ResourceOptions(parent=self, depends_on=opts.depends_on if opts else None)
        files = config_files(args.config, args.facts)
        config = _config_map(files, child)
        key = Seeder(_COOKIE, SeederArgs(secret=cookie_key(), image=args.images("seeder")), opts=child)
        Workload(gate.GATE, workload(args, files), child, after=[config, key.job])
        self.register_outputs({})


def needs(routes: Sequence[Route], facts: Facts) -> Needs:
    """A client at the sign-on for these gated routes, and to be watched."""
    alert = Alert(
        name="GateDown",
        app=AUTH,
        expr='up{job="gate"} == 0 or absent(up{job="gate"})',
        hold="3m",
        severity="critical",
        summary="The gate does not answer: nobody reaches the apps behind it.",
    )
    return Needs(
        clients=(gate.client(routes, facts),),
        targets=(ScrapeTarget(app=gate.GATE, namespace=AUTH, port=METRICS),),
        alerts=(alert,),
    )


def cookie_key() -> SeededSecret:
    """What seals the cookies. The program takes 43 characters for the 32 bytes of an AES-256 key."""
    return SeededSecret(name=_COOKIE, namespace=AUTH, kind="password", length=43, keys=("password",))


def config_files(config: AuthConfig, facts: Facts) -> dict[str, str]:
    """The program's real files by name."""
    values = {
        "sign_on_host": urlsplit(issuer(facts)).netloc,
        "cookie": gate.COOKIE,
        "longest": seconds(config.longest),
        "port": gate.PORT,
        "metrics_port": METRICS,
        "client": gate.GATE,
        "public": issuer(facts),
        "inside": BACKCHANNEL,
    }
    names = ("gate.cfg", "gate.yaml")
    return {name: Template((_HERE / name).read_text(encoding="utf-8")).substitute(values) for name in names}


def workload(args: GateArgs, files: dict[str, str]) -> WorkloadArgs:
    """The proxy reaches it, it reaches Keycloak. It keeps nothing: who is signed in stands in people's cookies."""
    return WorkloadArgs(
        namespace=AUTH,
        replicas=args.config.gates,
        singleton="the site asks for one gate, which keeps nothing" if args.config.gates == 1 else "",
        pod=PodArgs(
            app=gate.GATE,
            image=args.images("oauth2-proxy"),
            user=USER,
            resources=Resources(cpu="20m", cpu_limit="1", memory=f"{MEMORY_MIB}Mi"),
            service_account=gate.GATE,
            args=["--config=/etc/gate/gate.cfg", "--alpha-config=/etc/gate/gate.yaml"],
            ports={"http": gate.PORT, "metrics": METRICS},
            mounts=[
                Mount(path="/etc/gate", config_map=_CONFIG),
                Mount(path="/run/gate/cookie", secret=_COOKIE),
                Mount(path="/run/gate/client", secret=f"oidc-{gate.GATE}", items={CLIENT_SECRET: CLIENT_SECRET}),
            ],
            live=Probe(path="/ping", port=gate.PORT),
            ready=Probe(path="/ready", port=gate.PORT),
            priority_class=SERVICE,
            annotations={f"{PREFIX}/config": digest(files)},
        ),
        service={
            "type": "ClusterIP",
            "ports": [
                {"name": "http", "protocol": "TCP", "port": gate.PORT, "target_port": gate.PORT},
                {"name": "metrics", "protocol": "TCP", "port": METRICS, "target_port": METRICS},
            ],
        },
        ingress=[from_app(INGRESS, INGRESS, gate.PORT), from_prometheus(METRICS)],
        egress=[to_app(AUTH, AUTH, PORT)],
    )


def _config_map(files: dict[str, str], opts: ResourceOptions) -> k8s.core.v1.ConfigMap:
    return k8s.core.v1.ConfigMap(
        resource_name("ConfigMap", _CONFIG, AUTH),
        metadata=metadata(_CONFIG, app=gate.GATE, namespace=AUTH),
        data=files,
        opts=opts,
    )
