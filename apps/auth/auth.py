"""`auth`: sign-on for all services. Keycloak, and a Job that makes its realm what the site file and the apps say.

Owns the server, the realm and each client's secret; and the gate (`gate.py`), where an app's route asks for it. Leaves
out the people, who belong to the operators, and what a group may do in an app, which is the app's own.
https://www.keycloak.org/documentation
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pulumi_kubernetes as k8s
from pulumi import ComponentResource, ResourceOptions

from apps.auth import realm, realm_job, saml
from apps.auth.config import AuthConfig
from apps.auth.federations import SamlFederation
from apps.auth.gate import MEMORY_MIB, Gate, GateArgs
from apps.auth.realm_job import ADMIN, BOOTSTRAP, REALM
from components.baseline import SERVICE
from components.database import CA, CA_SECRET, DATABASE, PASSWORD, Database
from components.database import PORT as DATABASE_PORT
from components.facts import Facts
from components.gate import GATE
from components.metadata import PREFIX, digest, metadata, resource_name
from components.metrics import Alert, ScrapeTarget, from_prometheus
from components.namespace import Quota
from components.needs import Needs
from components.network import from_app, from_namespace, to_anywhere, to_app
from components.oidc import AUTH, CLIENT_SECRET, PORT, OidcClient
from components.pod import Mount, PodArgs, Probe, Resources
from components.quantity import mebibytes
from components.route import INGRESS, Route
from components.seeder import Copy, SeededSecret, Seeder, SeederArgs
from components.workload import Workload, WorkloadArgs

#: The user in `images/keycloak`.
USER = 10084
MANAGEMENT = 9000
_CONFIG = "auth-config"
_AUTHORITIES = "authorities.pem"
#: The authorities that `images/keycloak` brings, which is what `KC_TRUSTSTORE_PATHS` there says.
_WORLD = "/etc/ssl/certs/ca-certificates.crt"
_HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class AuthArgs:
    """Whom to sign in, and which apps ask for it; `gated` are the routes that ask for the gate."""

    config: AuthConfig
    facts: Facts
    images: Callable[[str], str]
    clients: Sequence[OidcClient]
    gated: Sequence[Route] = ()


class Auth(ComponentResource):
    """Sign-on."""

    def __init__(self, name: str, args: AuthArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:apps:Auth", name, None, opts)
        child = ResourceOptions(parent=self, depends_on=opts.depends_on if opts else None)
        files = config_files(args.config)
        wanted = json.dumps(realm.realm(args.config, args.facts, args.clients), indent=1, sort_keys=True)
        config = _config_map(_CONFIG, files, child)
        desired = _config_map(REALM, {"realm.json": wanted}, child)
        seeded = _seeded(args, child)
        server = Workload(AUTH, workload(args, files), child, after=[config, *seeded])
        told = realm_job.RealmJobArgs(config=args.config, images=args.images, clients=args.clients, wanted=wanted)
        realm_job.job(told, ResourceOptions.merge(child, ResourceOptions(depends_on=[desired, server])))
        if args.gated:
            asked = GateArgs(config=args.config, facts=args.facts, images=args.images)
            Gate(GATE, asked, opts=ResourceOptions.merge(child, ResourceOptions(depends_on=seeded)))
        self.register_outputs({})


def needs(config: AuthConfig, facts: Facts) -> Needs:
    """A database, a route, and to be watched."""
    route = Route(
        app=AUTH,
        host=config.host or facts.host(AUTH),
        service=AUTH,
        namespace=AUTH,
        port=PORT,
        title="Account",
        description="Your account: password, second factor, and where you are signed in.",
        health_path="/health/ready",
        health_port=MANAGEMENT,
    )
    alerts = (
        Alert(
            name="SignOnDown",
            app=AUTH,
            expr='up{job="auth"} == 0 or absent(up{job="auth"})',
            hold="3m",
            severity="critical",
            summary="Keycloak does not answer: nobody can sign in.",
        ),
        Alert(
            name="SignInFailures",
            app=AUTH,
            expr='sum(rate(keycloak_user_events_total{event="login",error!=""}[10m])) > 1',
            hold="10m",
            severity="warning",
            summary="More than one sign-in a second fails: somebody guesses passwords, or a federation is broken.",
        ),
    )
    return Needs(
        routes=(route,),
        databases=(Database(app=AUTH, namespace=AUTH),),
        targets=(ScrapeTarget(app=AUTH, namespace=AUTH, port=MANAGEMENT),),
        alerts=alerts + saml.alerts(config.federations),
    )


def quotas(config: AuthConfig) -> dict[str, Quota]:
    """Room for the server, the realm's Job, the seeders and the gate."""
    memory = mebibytes(config.memory) * 2 + 1024 + (config.gates + 1) * MEMORY_MIB
    return {AUTH: Quota(pods=24 + config.gates, cpu="4", memory=f"{memory}Mi")}


def secrets(clients: Sequence[OidcClient]) -> list[SeededSecret]:
    """The first operator's password, the realm's administrator, and each client's secret with a copy for its app.

    The gate runs here, so it needs no copy.
    """
    own = [
        SeededSecret(name=ADMIN, namespace=AUTH, kind="password", length=20, keys=("password",)),
        SeededSecret(name=BOOTSTRAP, namespace=AUTH, kind="password", length=48, keys=("password",)),
    ]
    return own + [
        SeededSecret(
            name=client.secret,
            namespace=AUTH,
            kind="password",
            length=48,
            keys=(CLIENT_SECRET,),
            copies=(Copy(namespace=client.namespace, name=client.secret),) if client.namespace != AUTH else (),
        )
        for client in clients
    ]


def workload(args: AuthArgs, files: dict[str, str]) -> WorkloadArgs:
    """The server: the proxy and the apps that have a client reach it; it reaches its database and the federations."""
    namespaces = sorted({client.namespace for client in args.clients} - {AUTH})
    return WorkloadArgs(
        namespace=AUTH,
        replicas=1,
        singleton="sessions are in the database, so a lost pod is back in half a minute with everybody signed in",
        recreate=True,
        pod=PodArgs(
            app=AUTH,
            image=args.images("keycloak"),
            user=USER,
            resources=Resources(cpu="200m", cpu_limit="2", memory=args.config.memory),
            service_account=AUTH,
            command=["/bin/sh", "/etc/arcos/start.sh"],
            args=[f"--hostname=https://{_host(args)}", *trust(args.config)],
            # Not secret: half of the memory for Java's heap, the rest for its code and threads.
            env={"JAVA_OPTS_KC_HEAP": "-XX:MaxRAMPercentage=50 -XX:InitialRAMPercentage=20 -XX:+UseSerialGC"},
            ports={"http": PORT, "management": MANAGEMENT},
            mounts=[
                Mount(path="/etc/arcos", config_map=_CONFIG),
                Mount(path="/tmp", scratch="128Mi"),
                Mount(path="/opt/keycloak/data", scratch="256Mi"),
                Mount(path="/opt/keycloak/lib/quarkus", scratch="64Mi"),
                Mount(path="/run/database", secret=_database().secret, items={PASSWORD: PASSWORD}),
                Mount(path="/run/database-ca", secret=CA_SECRET, items={CA: CA}),
                Mount(path="/run/bootstrap", secret=BOOTSTRAP),
            ],
            live=Probe(path="/health/live", port=MANAGEMENT),
            ready=Probe(path="/health/ready", port=MANAGEMENT),
            # The first start makes a hundred tables, on a small machine beside everything else.
            start_seconds=300,
            priority_class=SERVICE,
            annotations={f"{PREFIX}/config": digest(files)},
        ),
        service={
            "type": "ClusterIP",
            "ports": [
                {"name": "http", "protocol": "TCP", "port": PORT, "target_port": PORT},
                {"name": "management", "protocol": "TCP", "port": MANAGEMENT, "target_port": MANAGEMENT},
            ],
        },
        ingress=[
            from_app(INGRESS, INGRESS, PORT),
            from_app("welcome", "welcome", MANAGEMENT),
            from_app(REALM, AUTH, PORT),
            *([from_app(GATE, AUTH, PORT)] if args.gated else []),
            from_prometheus(MANAGEMENT),
            *(from_namespace(namespace, PORT) for namespace in namespaces),
        ],
        # Federations are anywhere.
        egress=[to_app(DATABASE, DATABASE, DATABASE_PORT), to_anywhere(*ports(args.config))],
    )


def config_files(config: AuthConfig) -> dict[str, str]:
    """The server's real files by name."""
    files = {name: (_HERE / name).read_text(encoding="utf-8") for name in ("keycloak.conf", "start.sh")}
    return files | ({_AUTHORITIES: "".join(config.authorities)} if config.authorities else {})


def trust(config: AuthConfig) -> list[str]:
    """Whom the server trusts when it asks a federation: the world's authorities, and the site's own."""
    return [f"--truststore-paths={_WORLD},/etc/arcos/{_AUTHORITIES}"] if config.authorities else []


def ports(config: AuthConfig) -> list[int]:
    """Where federations answer the server itself."""
    asked = [one.metadata if isinstance(one, SamlFederation) else one.issuer for one in config.federations]
    return sorted({443, *(urlsplit(url).port or 443 for url in asked if url)})


def _host(args: AuthArgs) -> str:
    host = args.config.host or args.facts.host(AUTH)
    return host if args.facts.https_port == 443 else f"{host}:{args.facts.https_port}"


def _database() -> Database:
    return Database(app=AUTH, namespace=AUTH)


def _config_map(name: str, files: dict[str, str], opts: ResourceOptions) -> k8s.core.v1.ConfigMap:
    return k8s.core.v1.ConfigMap(
        resource_name("ConfigMap", name, AUTH),
        metadata=metadata(name, app=AUTH, namespace=AUTH),
        data=files,
        opts=opts,
    )


def _seeded(args: AuthArgs, opts: ResourceOptions) -> list[k8s.batch.v1.Job]:
    image = args.images("seeder")
    return [Seeder(one.name, SeederArgs(secret=one, image=image), opts=opts).job for one in secrets(args.clients)]
