"""`jupyterhub`: notebook servers for everybody who may have one. The hub, its proxy, and the namespace they start in.

Owns the hub, the proxy, and what bounds the servers: rights, network policies, quota. Leaves out who people are
(`components.oidc`) and what is in the images. https://jupyterhub.readthedocs.io/
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pulumi_kubernetes as k8s
from pulumi import ComponentResource, ResourceOptions

from apps.jupyterhub import notebooks
from apps.jupyterhub.config import JupyterHubConfig
from apps.jupyterhub.settings import (
    HUB,
    HUB_PORT,
    NAMESPACE,
    NOTEBOOK_PORT,
    NOTEBOOKS,
    PROXY,
    PROXY_API_PORT,
    PROXY_PORT,
    address,
    site,
)
from components.baseline import SERVICE
from components.database import CA, CA_SECRET, DATABASE, PASSWORD, Database
from components.database import PORT as DATABASE_PORT
from components.facts import Facts
from components.metadata import PREFIX, digest, metadata, resource_name
from components.metrics import Alert
from components.namespace import Quota
from components.needs import Needs
from components.network import from_app, to_api_server, to_app, to_namespace
from components.oidc import AUTH, CLIENT_SECRET, OidcClient
from components.oidc import PORT as AUTH_PORT
from components.pod import Mount, PodArgs, Probe, Resources
from components.quantity import mebibytes
from components.route import INGRESS, Route, public_url
from components.seeder import SeededSecret, Seeder, SeederArgs
from components.workload import Workload, WorkloadArgs

#: The users in `images/jupyterhub` and `images/configurable-http-proxy`.
HUB_USER, PROXY_USER = 10085, 10086
_CONFIG, _KEYS, _TOKEN = "jupyterhub-config", "jupyterhub-keys", "jupyterhub-proxy"
_SECRETS = "/run/secrets/arcos"
_FILES = Path(__file__).parent / "files"


@dataclass(frozen=True, kw_only=True)
class JupyterHubArgs:
    """The site and its images."""

    config: JupyterHubConfig
    facts: Facts
    images: Callable[[str], str]


class JupyterHub(ComponentResource):
    """The hub and all that its servers need."""

    def __init__(self, name: str, args: JupyterHubArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:apps:JupyterHub", name, None, opts)
        child = ResourceOptions(parent=self, depends_on=opts.depends_on if opts else None)
        files = config_files(args)
        config = _config_map(files, child)
        seeded = [
            Seeder(one.name, SeederArgs(secret=one, image=args.images("seeder")), opts=child).job for one in secrets()
        ]
        bounds = notebooks.bounds(child)
        notebooks.shared_folders(args.config.shared, args.facts.rwx_storage_class or "", child)
        first = [config, *seeded, *bounds]
        Workload(PROXY, proxy(args), child, after=first)
        Workload(HUB, hub(args, files), child, after=first)
        images = sorted({args.images(one.image) for one in args.config.profiles})
        notebooks.prepull(images, args.images("pause"), child)
        self.register_outputs({})


def needs(config: JupyterHubConfig, facts: Facts) -> Needs:
    """A route to the proxy, sign-on, a database, and an alert."""
    url = address(config, facts)
    route = Route(
        app=HUB,
        host=config.host or facts.host("hub"),
        service=PROXY,
        namespace=NAMESPACE,
        port=PROXY_PORT,
        title="JupyterHub",
        description="Notebooks in Python: choose a size, start a server, your files stay.",
        health_path="/hub/health",
    )
    client = OidcClient(
        app=HUB,
        namespace=NAMESPACE,
        title="JupyterHub",
        redirect_urls=(f"{url}/hub/oauth_callback",),
        post_logout_urls=(public_url(facts.domain, facts.https_port), f"{url}/*"),
    )
    alert = Alert(
        name="HubDown",
        app=HUB,
        expr='kube_deployment_status_replicas_available{namespace="jupyterhub",deployment="jupyterhub"} < 1',
        hold="5m",
        severity="critical",
        summary="JupyterHub is not available: running servers go on, nobody can start one.",
    )
    return Needs(
        routes=(route,),
        clients=(client,),
        databases=(Database(app=HUB, namespace=NAMESPACE),),
        alerts=(alert,),
    )


def quotas(config: JupyterHubConfig) -> dict[str, Quota]:
    """Room for hub and proxy; and for so many servers of the largest profile as may run at once.

    Beside them runs one small pod on every node, however many there are, which brings the images.
    """
    memory = max(mebibytes(one.memory) for one in config.profiles) * config.servers + 1000 * 16
    return {
        NAMESPACE: Quota(pods=16, cpu="2", memory="3Gi"),
        NOTEBOOKS: Quota(pods=config.servers + 1000, cpu=str(config.servers), memory=f"{memory}Mi", volumes=True),
    }


def secrets() -> list[SeededSecret]:
    """What signs the hub's cookies and seals what it keeps; and the proxy's token."""
    return [
        SeededSecret(name=_KEYS, namespace=NAMESPACE, kind="key", length=32, keys=("cookie", "crypt")),
        SeededSecret(name=_TOKEN, namespace=NAMESPACE, kind="password", length=48, keys=(PASSWORD,)),
    ]


def hub(args: JupyterHubArgs, files: dict[str, str]) -> WorkloadArgs:
    """The hub: proxy and servers reach it; it reaches them, its database, the sign-on and the Kubernetes API."""
    database = Database(app=HUB, namespace=NAMESPACE)
    return WorkloadArgs(
        namespace=NAMESPACE,
        replicas=1,
        singleton="a hub cannot be run twice; while it restarts all servers go on",
        recreate=True,
        pod=PodArgs(
            app=HUB,
            image=args.images("jupyterhub"),
            user=HUB_USER,
            resources=Resources(cpu="100m", cpu_limit="2", memory="512Mi"),
            service_account=HUB,
            args=["--config=/etc/jupyterhub/jupyterhub_config.py"],
            ports={"hub": HUB_PORT},
            mounts=[
                Mount(path="/etc/jupyterhub", config_map=_CONFIG),
                Mount(path="/tmp", scratch="64Mi"),
                Mount(path=f"{_SECRETS}/database", secret=database.secret, items={PASSWORD: PASSWORD}),
                Mount(path=f"{_SECRETS}/database-ca", secret=CA_SECRET, items={CA: CA}),
                Mount(path=f"{_SECRETS}/oidc", secret=f"oidc-{HUB}", items={CLIENT_SECRET: CLIENT_SECRET}),
                Mount(path=f"{_SECRETS}/keys", secret=_KEYS),
                Mount(path=f"{_SECRETS}/proxy", secret=_TOKEN),
            ],
            live=Probe(path="/hub/health", port=HUB_PORT),
            ready=Probe(path="/hub/health", port=HUB_PORT),
            start_seconds=180,
            # It starts and stops pods in `notebooks`; the kubelet renews the token.
            api_token=3600,
            priority_class=SERVICE,
            annotations={f"{PREFIX}/config": digest(files)},
        ),
        service=_service("hub", HUB_PORT),
        ingress=[from_app(PROXY, NAMESPACE, HUB_PORT), from_app(notebooks.NOTEBOOK, NOTEBOOKS, HUB_PORT)],
        egress=[
            to_app(PROXY, NAMESPACE, PROXY_API_PORT),
            to_app(DATABASE, DATABASE, DATABASE_PORT),
            to_app(AUTH, AUTH, AUTH_PORT),
            to_namespace(NOTEBOOKS, NOTEBOOK_PORT),
            to_api_server(),
        ],
    )


def proxy(args: JupyterHubArgs) -> WorkloadArgs:
    """The proxy: the site's ingress reaches its public port, the hub its API; it reaches the hub and the servers."""
    hub_url = f"http://{HUB}.{NAMESPACE}.svc.cluster.local:{HUB_PORT}"
    service = _service("http", PROXY_PORT)
    service["ports"] = [*service["ports"], *_service("api", PROXY_API_PORT)["ports"]]  # type: ignore[misc]
    return WorkloadArgs(
        namespace=NAMESPACE,
        replicas=1,
        singleton="its routes are in its memory; the hub tells a new one all of them within seconds",
        recreate=True,
        pod=PodArgs(
            app=PROXY,
            image=args.images("configurable-http-proxy"),
            user=PROXY_USER,
            resources=Resources(cpu="50m", cpu_limit="1", memory="256Mi"),
            service_account=PROXY,
            command=["/bin/sh", "/etc/jupyterhub/proxy.sh"],
            args=[
                *("--ip=0.0.0.0", f"--port={PROXY_PORT}", "--api-ip=0.0.0.0", f"--api-port={PROXY_API_PORT}"),
                *(f"--default-target={hub_url}", f"--error-target={hub_url}/hub/error", "--log-level=warn"),
            ],
            ports={"http": PROXY_PORT, "api": PROXY_API_PORT},
            mounts=[
                Mount(path="/etc/jupyterhub", config_map=_CONFIG, items={"proxy.sh": "proxy.sh"}),
                Mount(path=f"{_SECRETS}/proxy", secret=_TOKEN),
                Mount(path="/tmp", scratch="16Mi"),
            ],
            live=Probe(path="/_chp_healthz", port=PROXY_PORT),
            ready=Probe(path="/_chp_healthz", port=PROXY_PORT),
            priority_class=SERVICE,
        ),
        service=service,
        ingress=[
            from_app(INGRESS, INGRESS, PROXY_PORT),
            from_app("welcome", "welcome", PROXY_PORT),
            from_app(HUB, NAMESPACE, PROXY_API_PORT),
        ],
        egress=[to_app(HUB, NAMESPACE, HUB_PORT), to_namespace(NOTEBOOKS, NOTEBOOK_PORT)],
    )


def config_files(args: JupyterHubArgs) -> dict[str, str]:
    """The hub's and the proxy's files by name."""
    files = {name: (_FILES / name).read_text(encoding="utf-8") for name in ("jupyterhub_config.py", "proxy.sh")}
    return files | {"site.json": json.dumps(site(args.config, args.facts, args.images), indent=1, sort_keys=True)}


def _service(name: str, port: int) -> k8s.core.v1.ServiceSpecArgsDict:
    return {"type": "ClusterIP", "ports": [{"name": name, "protocol": "TCP", "port": port, "target_port": port}]}


def _config_map(files: dict[str, str], opts: ResourceOptions) -> k8s.core.v1.ConfigMap:
    return k8s.core.v1.ConfigMap(
        resource_name("ConfigMap", _CONFIG, NAMESPACE),
        metadata=metadata(_CONFIG, app=HUB, namespace=NAMESPACE),
        data=files,
        opts=opts,
    )
