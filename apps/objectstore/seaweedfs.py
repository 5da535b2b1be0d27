"""SeaweedFS in the cluster: master, volumes, filer and S3 as one program in one pod, with one volume.

Owns the pod, its certificate and each bucket's keys. Its parts but S3 answer inside of the pod only; S3 is TLS for the
apps and plain for the ingress, which ends TLS for people. What it does by itself stands in `files/`.
https://github.com/seaweedfs/seaweedfs/wiki
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pulumi_kubernetes as k8s
from pulumi import ComponentResource, ResourceOptions

from apps.objectstore.config import SeaweedFs
from apps.objectstore.names import OBJECTSTORE, PYTHON, USER, declared, read
from components.baseline import SERVICE
from components.bucket import ACCESS_KEY, CA, SECRET_KEY, Bucket, BucketEndpoint
from components.facts import Facts
from components.metadata import PREFIX, digest, metadata, resource_name
from components.metrics import Alert, ScrapeTarget, from_prometheus
from components.network import from_app, from_namespace
from components.pod import Mount, PodArgs, Probe, Resources
from components.quantity import mebibytes
from components.route import INGRESS, Route
from components.seeder import CaSecret, Copy, SeededSecret, Seeder, SeederArgs
from components.workload import Volume, Workload, WorkloadArgs

CONFIG = "objectstore-config"
#: S3 without and with TLS, and figures, as in `files/weed.options`.
PLAIN, TLS, METRICS = 8333, 8334, 9327
HOST = f"{OBJECTSTORE}.{OBJECTSTORE}.svc.cluster.local"
_AUTHORITY, _TLS, _DATA, _CA = "objectstore-authority", "objectstore-tls", "objectstore-data", "objectstore-ca"
_FILES = ("weed.options", "master.toml", "security.toml", "serve.py", "buckets.py")

ENDPOINT = BucketEndpoint(
    url=f"https://{HOST}:{TLS}",
    region="us-east-1",
    ca_secret=_CA,
    app=OBJECTSTORE,
    namespace=OBJECTSTORE,
    port=TLS,
)
TARGET = ScrapeTarget(app=OBJECTSTORE, namespace=OBJECTSTORE, port=METRICS)
ALERTS = (
    Alert(
        name="ObjectStoreDown",
        app=OBJECTSTORE,
        expr='up{job="objectstore"} == 0 or absent(up{job="objectstore"})',
        hold="3m",
        severity="critical",
        summary="The object store does not answer: no backups, and apps that keep objects fail.",
    ),
    Alert(
        name="ObjectStoreDiskFull",
        app=OBJECTSTORE,
        # A tenth, but no more than a day's work needs and no less than it takes to act in time.
        expr='min(SeaweedFS_volumeServer_resource{type="avail"} - ignoring(type) '
        'clamp(SeaweedFS_volumeServer_resource{type="all"} / 10, 4 * 2^30, 20 * 2^30)) < 0',
        hold="10m",
        severity="warning",
        summary="The object store's disk is nearly full: when 2 GiB are left, nothing more is written.",
    ),
    Alert(
        name="ObjectStoreReadOnly",
        app=OBJECTSTORE,
        expr='sum(SeaweedFS_volumeServer_read_only_volumes{type="isDiskSpaceLow"}) > 0',
        hold="2m",
        severity="critical",
        summary="The object store's disk is full: no bucket takes writes, so backups and apps that keep objects fail.",
    ),
    Alert(
        name="BucketFull",
        app=OBJECTSTORE,
        expr="SeaweedFS_s3_bucket_read_only == 1",
        hold="5m",
        severity="warning",
        summary="The bucket {{ $labels.bucket }} has reached its quota: nothing more is written to it.",
    ),
)


@dataclass(frozen=True, kw_only=True)
class SeaweedFsArgs:
    """How large it is, and for which buckets."""

    config: SeaweedFs
    facts: Facts
    images: Callable[[str], str]
    buckets: Sequence[Bucket]


class SeaweedFsStore(ComponentResource):
    """The store and all its buckets."""

    def __init__(self, name: str, args: SeaweedFsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:apps:SeaweedFsStore", name, None, opts)
        child = ResourceOptions(parent=self, depends_on=opts.depends_on if opts else None)
        files = config_files(args.buckets)
        image = args.images("seeder")
        first = [
            _config(files, child),
            *(Seeder(one.name, SeederArgs(secret=one, image=image), opts=child).job for one in secrets(args.buckets)),
        ]
        Workload(OBJECTSTORE, workload(args, files), child, after=first)
        self.register_outputs({})


def route(facts: Facts) -> Route:
    """For people with keys; not listed, since there is nothing to look at."""
    return Route(
        app=OBJECTSTORE,
        host=facts.host("s3"),
        service=OBJECTSTORE,
        namespace=OBJECTSTORE,
        port=PLAIN,
        title="Object storage",
        description="Buckets for groups, over S3",
        health_path="/healthz",
        listed=False,
    )


def secrets(buckets: Sequence[Bucket]) -> list[SeededSecret]:
    """Each bucket's keys, and the server's certificate with an authority of its own."""
    keys = [
        SeededSecret(
            name=one.secret,
            namespace=OBJECTSTORE,
            kind="password",
            length=40,
            keys=(ACCESS_KEY, SECRET_KEY),
            copies=() if one.namespace == OBJECTSTORE else (Copy(namespace=one.namespace, name=one.secret),),
        )
        for one in buckets
    ]
    authority = SeededSecret(
        name=_AUTHORITY,
        namespace=OBJECTSTORE,
        kind="authority",
        dns_names=(HOST,),
        copies=tuple(Copy(namespace=namespace, name=_CA, keys=(CA,)) for namespace in _namespaces(buckets)),
    )
    certificate = SeededSecret(
        name=_TLS,
        namespace=OBJECTSTORE,
        kind="tls",
        dns_names=(HOST,),
        ca=CaSecret(namespace=OBJECTSTORE, name=_AUTHORITY),
    )
    return [*keys, authority, certificate]


def workload(args: SeaweedFsArgs, files: dict[str, str]) -> WorkloadArgs:
    """The store: the apps' namespaces and the ingress reach S3, it reaches nobody."""
    if args.facts.storage_class is None:
        raise ValueError("`check` refuses SeaweedFS where the cluster offers no storage")
    return WorkloadArgs(
        namespace=OBJECTSTORE,
        replicas=1,
        singleton="one writer keeps the data; a lost pod is back within seconds",
        volumes=[Volume(name=_DATA, size=args.config.storage, storage_class=args.facts.storage_class)],
        pod=PodArgs(
            app=OBJECTSTORE,
            image=args.images("seaweedfs"),
            user=USER,
            resources=Resources(cpu="50m", cpu_limit="2", memory=args.config.memory),
            service_account=OBJECTSTORE,
            command=[PYTHON, "/etc/arcos/serve.py"],
            # What is left is for the other program in the pod and for what Go does not count.
            env={"GOMEMLIMIT": f"{mebibytes(args.config.memory) * 7 // 10}MiB"},
            ports={"s3": PLAIN, "s3-tls": TLS, "metrics": METRICS},
            mounts=[
                Mount(path="/etc/arcos", config_map=CONFIG),
                Mount(path="/data", claim=_DATA),
                Mount(path="/tmp", scratch="64Mi"),
                Mount(path="/run/tls", secret=_TLS),
                *(Mount(path=f"/run/buckets/{one.name}", secret=one.secret) for one in args.buckets),
            ],
            live=Probe(path="/healthz", port=PLAIN),
            ready=Probe(command=["/usr/bin/test", "-e", "/dev/shm/ready"]),
            # A large index takes its time to be read.
            start_seconds=300,
            grace_seconds=60,
            priority_class=SERVICE,
            annotations={f"{PREFIX}/config": digest(files)},
        ),
        service={
            "type": "ClusterIP",
            "ports": [
                {"name": name, "protocol": "TCP", "port": port, "target_port": port}
                for name, port in (("s3", PLAIN), ("s3-tls", TLS), ("metrics", METRICS))
            ],
        },
        ingress=[
            from_app(INGRESS, INGRESS, PLAIN),
            from_prometheus(METRICS),
            *(from_namespace(namespace, TLS) for namespace in _namespaces(args.buckets)),
        ],
    )


def config_files(buckets: Sequence[Bucket]) -> dict[str, str]:
    """What the pod sees below /etc/arcos."""
    return read(*_FILES) | {"buckets.json": declared(buckets, ENDPOINT)}


def _namespaces(buckets: Sequence[Bucket]) -> list[str]:
    return sorted({one.namespace for one in buckets})


def _config(files: dict[str, str], opts: ResourceOptions) -> k8s.core.v1.ConfigMap:
    return k8s.core.v1.ConfigMap(
        resource_name("ConfigMap", CONFIG, OBJECTSTORE),
        metadata=metadata(CONFIG, app=OBJECTSTORE, namespace=OBJECTSTORE),
        data=files,
        opts=opts,
    )
