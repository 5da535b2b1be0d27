"""Dumps of the databases: a CronJob that makes them, and one that never runs by itself and holds how to restore.

Owns the two jobs and what the bucket must be. `./arcosctl backup` and `./arcosctl restore` start them by hand.
https://www.postgresql.org/docs/15/backup-dump.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi_kubernetes as k8s
from pulumi import ComponentResource, ResourceOptions

from apps.database.config import BACKUP, RESTORE, BucketBackup
from components.bucket import Bucket, BucketEndpoint
from components.bucket_access import bucket_ca, bucket_mounts, to_bucket
from components.database import CA, CA_SECRET, DATABASE, HOST, PASSWORD, PORT, Database
from components.metadata import metadata, resource_name, selector
from components.network import to_app
from components.pod import Mount, PodArgs, Resources, pod_template
from components.quantity import days

#: The user in `images/postgresql`.
_USER = 10083


@dataclass(frozen=True, kw_only=True)
class BackupArgs:
    """`storage` is the database's size, which a dump cannot exceed; `files` names the ConfigMap of the scripts."""

    config: BucketBackup
    image: str
    databases: Sequence[Database]
    bucket: Bucket
    endpoint: BucketEndpoint
    storage: str
    files: str


class Backup(ComponentResource):
    """Both jobs."""

    def __init__(self, name: str, args: BackupArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:apps:Backup", name, None, opts)
        child = ResourceOptions(parent=self, depends_on=opts.depends_on if opts else None)
        for app, script, schedule in (
            (BACKUP, "backup.sh", f"30 {args.config.hour} * * *"),
            # Only a template: suspended, and at a date that does not exist.
            (RESTORE, "restore.sh", "0 0 30 2 *"),
        ):
            needs = [_account(app, child), _policy(app, args, child)]
            ordered = ResourceOptions.merge(child, ResourceOptions(depends_on=needs))
            _cron_job(app, schedule, pod(app, script, args), ordered)
        self.register_outputs({})


def pod(app: str, script: str, args: BackupArgs) -> PodArgs:
    """Both jobs run as the apps' own roles: no superuser leaves the server's pod."""
    return PodArgs(
        app=app,
        image=args.image,
        user=_USER,
        resources=Resources(cpu="50m", cpu_limit="1", memory="256Mi"),
        service_account=app,
        command=["/bin/sh", f"/etc/arcos/{script}"],
        env={
            "ARCOS_HOST": HOST,
            "ARCOS_ENDPOINT": args.endpoint.url,
            "ARCOS_REGION": args.endpoint.region,
            "ARCOS_BUCKET": args.endpoint.name(args.bucket),
            "ARCOS_KEEP": f"{days(args.config.keep)}d",
            # What rclone trusts; the system's own where the store has no authority of its own.
            "ARCOS_BUCKET_CA": bucket_ca(args.endpoint) or "/etc/ssl/certs/ca-certificates.crt",
        },
        mounts=[
            Mount(path="/etc/arcos", config_map=args.files),
            Mount(path="/tmp", scratch=args.storage),
            Mount(path="/run/ca", secret=CA_SECRET, items={CA: CA}),
            *bucket_mounts(args.bucket, args.endpoint),
            *(
                Mount(path=f"/run/roles/{one.name}", secret=one.secret, items={PASSWORD: PASSWORD})
                for one in args.databases
            ),
        ],
    )


def _account(app: str, opts: ResourceOptions) -> k8s.core.v1.ServiceAccount:
    return k8s.core.v1.ServiceAccount(
        resource_name("ServiceAccount", app, DATABASE),
        metadata=metadata(app, app=app, namespace=DATABASE),
        automount_service_account_token=False,
        opts=opts,
    )


def _policy(app: str, args: BackupArgs, opts: ResourceOptions) -> k8s.networking.v1.NetworkPolicy:
    return k8s.networking.v1.NetworkPolicy(
        resource_name("NetworkPolicy", app, DATABASE),
        metadata=metadata(app, app=app, namespace=DATABASE),
        spec={
            "pod_selector": {"match_labels": selector(app)},
            "policy_types": ["Ingress", "Egress"],
            "egress": [to_app(DATABASE, DATABASE, PORT), *to_bucket(args.endpoint)],
        },
        opts=opts,
    )


def _cron_job(app: str, schedule: str, pod: PodArgs, opts: ResourceOptions) -> k8s.batch.v1.CronJob:
    return k8s.batch.v1.CronJob(
        resource_name("CronJob", app, DATABASE),
        metadata=metadata(app, app=app, namespace=DATABASE),
        spec={
            "schedule": schedule,
            "time_zone": "Etc/UTC",
            "suspend": app == RESTORE,
            "concurrency_policy": "Forbid",
            "starting_deadline_seconds": 3600,
            "successful_jobs_history_limit": 1,
            "failed_jobs_history_limit": 1,
            "job_template": {
                "spec": {
                    "backoff_limit": 2,
                    "active_deadline_seconds": 6 * 3600,
                    "ttl_seconds_after_finished": 7 * 24 * 3600,
                    "template": pod_template(pod, restart="Never"),
                }
            },
        },
        opts=opts,
    )
