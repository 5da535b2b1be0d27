"""Distribution itself: the one that keeps the site's images, one for each cache, and the job that removes garbage.

Owns what they are told beside their files: addresses, buckets and where secrets are. Nobody but the gate reaches them.
https://distribution.github.io/distribution/
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import pulumi_kubernetes as k8s
from pulumi import ResourceOptions

from apps.registry.config import COLLECT, REGISTRY, RegistryConfig, Upstream, cache
from apps.registry.names import (
    AUTHORITIES,
    CONFIG,
    FIGURES,
    GATE,
    PORT,
    SIGNING,
    UPLOADS,
    WINDOW,
    WINDOW_PORT,
    address,
    inside,
    service,
)
from components.baseline import SERVICE
from components.bucket import ACCESS_KEY, SECRET_KEY, Bucket, BucketEndpoint
from components.bucket_access import KEYS, bucket_ca, bucket_mounts, to_bucket
from components.facts import Facts
from components.metadata import PREFIX, digest, metadata, resource_name, selector
from components.metrics import from_prometheus
from components.network import from_app, to_anywhere, to_app
from components.pod import Mount, PodArgs, Probe, Resources, pod_template
from components.workload import WorkloadArgs

#: The user in `images/registry`.
USER = 10095
#: What one takes at most; uploads are buffered in parts of 5 MiB each.
MEMORY_MIB = 256
_SINGLETON = "all it knows is in the bucket; a lost pod is back within seconds, and clients try again"


@dataclass(frozen=True, kw_only=True)
class DistributionArgs:
    """The site's settings, its files and where the buckets are."""

    config: RegistryConfig
    facts: Facts
    images: Callable[[str], str]
    endpoint: BucketEndpoint
    files: dict[str, str]


def store(args: DistributionArgs, bucket: Bucket, folder: str = "/") -> dict[str, str]:
    """Variables that say where images are; keys stand in files, and the store's authority is trusted there only."""
    ca = bucket_ca(args.endpoint)
    keys = {
        "REGISTRY_STORAGE_S3_ACCESSKEY_FILE": f"{KEYS}/{ACCESS_KEY}",
        "REGISTRY_STORAGE_S3_SECRETKEY_FILE": f"{KEYS}/{SECRET_KEY}",
    }
    return {
        "REGISTRY_STORAGE_S3_REGIONENDPOINT": args.endpoint.url,
        "REGISTRY_STORAGE_S3_REGION": args.endpoint.region,
        "REGISTRY_STORAGE_S3_BUCKET": args.endpoint.name(bucket),
        "REGISTRY_STORAGE_S3_ROOTDIRECTORY": folder,
        **(keys if args.endpoint.keys else {}),
        # Nothing here collects traces; unsaid, it tries to send them to its own pod.
        "OTEL_TRACES_EXPORTER": "none",
        "GOMEMLIMIT": f"{MEMORY_MIB * 3 // 4}MiB",
        **({"AWS_CA_BUNDLE": ca} if ca else {}),
    }


def main(args: DistributionArgs) -> WorkloadArgs:
    """The site's own images: the gate reaches it, it reaches its bucket."""
    where = address(args.config.host, args.facts)
    bucket = args.config.buckets_asked()["storage",]
    environment = store(args, bucket) | {
        "REGISTRY_AUTH_TOKEN_REALM": f"{where.url}/token",
        "REGISTRY_AUTH_TOKEN_SERVICE": where.service,
        "REGISTRY_HTTP_SECRET_FILE": "/run/uploads/password",
    }
    mounts = [
        Mount(path="/run/signing", secret=SIGNING, items={"tls.crt": "tls.crt"}),
        Mount(path="/run/uploads", secret=UPLOADS),
    ]
    return _workload(args, REGISTRY, "config.yml", environment, bucket, mounts)


def copy_of(args: DistributionArgs, upstream: Upstream) -> WorkloadArgs:
    """A cache of another registry: the gate reaches it, it reaches that registry and the caches' bucket."""
    bucket = args.config.buckets_asked()["cache",]
    environment = store(args, bucket, f"/{upstream.name}") | {"REGISTRY_PROXY_REMOTEURL": upstream.url}
    if args.config.authorities:
        environment["AUTHORITIES_FILE"] = f"/etc/registry/{AUTHORITIES}"
    port = urlsplit(upstream.url).port or 443
    return _workload(args, cache(upstream.name), "cache.yml", environment, bucket, [], upstream=port)


def _workload(
    args: DistributionArgs,
    app: str,
    file: str,
    environment: dict[str, str],
    bucket: Bucket,
    mounts: list[Mount],
    *,
    upstream: int | None = None,
) -> WorkloadArgs:
    egress = [*to_bucket(args.endpoint), *([to_anywhere(upstream)] if upstream else [])]
    names = [file, *([AUTHORITIES] if upstream and args.config.authorities else [])]
    return WorkloadArgs(
        namespace=REGISTRY,
        replicas=1,
        singleton=_SINGLETON,
        pod=PodArgs(
            app=app,
            image=args.images("registry"),
            user=USER,
            resources=Resources(cpu="20m", cpu_limit="2", memory=f"{MEMORY_MIB}Mi"),
            service_account=app,
            args=["serve", f"/etc/registry/{file}"],
            env=environment,
            ports={"http": PORT, "metrics": FIGURES},
            mounts=[
                Mount(path="/etc/registry", config_map=CONFIG, items={name: name for name in names}),
                Mount(path="/tmp", scratch="16Mi"),
                *bucket_mounts(bucket, args.endpoint),
                *mounts,
            ],
            live=Probe(port=PORT),
            # Says no while the bucket does not answer.
            ready=Probe(path="/", port=PORT),
            priority_class=SERVICE,
            annotations={f"{PREFIX}/config": digest("".join(args.files[name] for name in names))},
        ),
        service=service({"http": PORT, "metrics": FIGURES}),
        ingress=[from_app(GATE, REGISTRY, PORT), from_prometheus(FIGURES)],
        egress=egress,
    )


def collect_pod(args: DistributionArgs) -> PodArgs:
    """Removes what no tag leads to, once the gate lets nobody write."""
    bucket = args.config.buckets_asked()["storage",]
    keep = ["--keep-untagged"] if args.config.keep_untagged else []
    return PodArgs(
        app=COLLECT,
        image=args.images("registry"),
        user=USER,
        resources=Resources(cpu="20m", cpu_limit="1", memory=f"{MEMORY_MIB}Mi"),
        service_account=COLLECT,
        args=[
            *("collect", f"--window={inside(GATE, WINDOW_PORT)}/read-only", "--secret=/run/window/password"),
            *(*keep, "/etc/registry/config.yml"),
        ],
        env=store(args, bucket),
        mounts=[
            Mount(path="/etc/registry", config_map=CONFIG, items={"config.yml": "config.yml"}),
            Mount(path="/run/window", secret=WINDOW),
            *bucket_mounts(bucket, args.endpoint),
        ],
    )


def collect(args: DistributionArgs, opts: ResourceOptions) -> k8s.batch.v1.CronJob:
    """The job of each night, its account and its policy."""
    account = k8s.core.v1.ServiceAccount(
        resource_name("ServiceAccount", COLLECT, REGISTRY),
        metadata=metadata(COLLECT, app=COLLECT, namespace=REGISTRY),
        automount_service_account_token=False,
        opts=opts,
    )
    policy = k8s.networking.v1.NetworkPolicy(
        resource_name("NetworkPolicy", COLLECT, REGISTRY),
        metadata=metadata(COLLECT, app=COLLECT, namespace=REGISTRY),
        spec={
            "pod_selector": {"match_labels": selector(COLLECT)},
            "policy_types": ["Ingress", "Egress"],
            "egress": [to_app(GATE, REGISTRY, WINDOW_PORT), *to_bucket(args.endpoint)],
        },
        opts=opts,
    )
    return k8s.batch.v1.CronJob(
        resource_name("CronJob", COLLECT, REGISTRY),
        metadata=metadata(COLLECT, app=COLLECT, namespace=REGISTRY),
        spec={
            "schedule": f"15 {args.config.hour} * * *",
            "time_zone": "Etc/UTC",
            "concurrency_policy": "Forbid",
            "starting_deadline_seconds": 3600,
            "successful_jobs_history_limit": 1,
            "failed_jobs_history_limit": 1,
            "job_template": {
                "spec": {
                    "backoff_limit": 2,
                    "active_deadline_seconds": 4 * 3600,
                    "ttl_seconds_after_finished": 7 * 24 * 3600,
                    "template": pod_template(collect_pod(args), restart="Never"),
                }
            },
        },
        opts=ResourceOptions.merge(opts, ResourceOptions(depends_on=[account, policy])),
    )
