"""`database`: one PostgreSQL for all apps of a site, a role and a database for each, and a dump every day.

Owns the server, its certificate, the roles' passwords and the dumps. Leaves out what stands in the databases, and
where the bucket is (`components.bucket`). Why one server: docs/adr/0012-databases.md.
https://www.postgresql.org/docs/15/
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi_kubernetes as k8s
from pulumi import ComponentResource, ResourceOptions

from apps.database import backup
from apps.database.config import BACKUP, RESTORE, BucketBackup, DatabaseConfig
from components.baseline import SERVICE
from components.bucket import BucketEndpoint
from components.database import CA, CA_SECRET, DATABASE, HOST, PASSWORD, PORT, Database
from components.facts import Facts
from components.metadata import PREFIX, digest, metadata, resource_name
from components.metrics import Alert
from components.namespace import Quota
from components.needs import Needs
from components.network import from_app, from_namespace
from components.pod import Mount, PodArgs, Probe, Resources
from components.quantity import mebibytes
from components.seeder import CaSecret, Copy, SeededSecret, Seeder, SeederArgs
from components.workload import Volume, Workload, WorkloadArgs

#: The user in `images/postgresql`.
USER = 10083
CONFIG = "database-config"
_AUTHORITY, _TLS, _DATA = "database-authority", "database-tls", "database-data"
_HERE = Path(__file__).parent
#: The real files of the app, as the pods see them below /etc/arcos.
FILES = ("postgresql.conf", "pg_hba.conf", "start.sh", "roles.sh", "role.sql", "common.sh", "backup.sh", "restore.sh")


@dataclass(frozen=True, kw_only=True)
class DatabaseArgs:
    """Whom the server serves, and where dumps go (None where the site asks for none)."""

    config: DatabaseConfig
    facts: Facts
    images: Callable[[str], str]
    databases: Sequence[Database]
    endpoint: BucketEndpoint | None


class Databases(ComponentResource):
    """The server and all its databases."""

    def __init__(self, name: str, args: DatabaseArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:apps:Databases", name, None, opts)
        child = ResourceOptions(parent=self, depends_on=opts.depends_on if opts else None)
        files = config_files()
        config = _config(files, child)
        seeded = _seeded(args, child)
        server = Workload(DATABASE, workload(args, files), child, after=[config, *seeded])
        if isinstance(args.config.backup, BucketBackup) and args.endpoint:
            [bucket] = args.config.buckets_asked().values()
            backup.Backup(
                "database-backup",
                backup.BackupArgs(
                    config=args.config.backup,
                    image=args.images("postgresql"),
                    databases=args.databases,
                    bucket=bucket,
                    endpoint=args.endpoint,
                    storage=args.config.storage,
                    files=CONFIG,
                ),
                opts=ResourceOptions.merge(child, ResourceOptions(depends_on=[config, server])),
            )
        self.register_outputs({})


def needs(config: DatabaseConfig, facts: Facts) -> Needs:  # noqa: ARG001 - every app's `needs` takes the same
    """A bucket for the dumps, and two alerts."""
    alerts = [
        Alert(
            name="DatabaseDown",
            app=DATABASE,
            expr='kube_statefulset_status_replicas_ready{namespace="database",statefulset="database"} < 1',
            hold="3m",
            severity="critical",
            summary="PostgreSQL is not ready: sign-on and notebooks fail.",
        )
    ]
    if isinstance(config.backup, BucketBackup):
        alerts.append(
            Alert(
                name="DatabaseBackupMissing",
                app=DATABASE,
                # Of a job that never succeeded there is no such time, only when it was made.
                expr="time() - "
                '(kube_cronjob_status_last_successful_time{namespace="database",cronjob="database-backup"}'
                ' or kube_cronjob_created{namespace="database",cronjob="database-backup"}) > 36 * 3600',
                hold="30m",
                severity="warning",
                summary="No dump of the databases was made for a day and a half.",
            )
        )
        alerts.append(
            Alert(
                name="DatabaseBackupFailed",
                app=DATABASE,
                expr='kube_job_status_failed{namespace="database",job_name=~"database-backup-.*"} > 0',
                hold="5m",
                severity="warning",
                summary="The dump of the databases by {{ $labels.job_name }} failed.",
            )
        )
    return Needs(alerts=tuple(alerts), buckets=tuple(config.buckets_asked().values()))


def quotas(config: DatabaseConfig) -> dict[str, Quota]:
    """Room for the server, a dump, a restore and the seeders."""
    return {DATABASE: Quota(pods=24, cpu="4", memory=f"{mebibytes(config.memory) + 3072}Mi", volumes=True)}


def secrets(databases: Sequence[Database]) -> list[SeededSecret]:
    """Each app's password, and the server's certificate with an authority of its own."""
    namespaces = sorted({one.namespace for one in databases} | {DATABASE})
    passwords = [
        SeededSecret(
            name=one.secret,
            namespace=DATABASE,
            kind="password",
            keys=(PASSWORD,),
            copies=(Copy(namespace=one.namespace, name=one.secret),),
        )
        for one in databases
    ]
    authority = SeededSecret(
        name=_AUTHORITY,
        namespace=DATABASE,
        kind="authority",
        dns_names=(HOST,),
        copies=tuple(Copy(namespace=namespace, name=CA_SECRET, keys=(CA,)) for namespace in namespaces),
    )
    certificate = SeededSecret(
        name=_TLS,
        namespace=DATABASE,
        kind="tls",
        dns_names=(HOST,),
        ca=CaSecret(namespace=DATABASE, name=_AUTHORITY),
    )
    return [*passwords, authority, certificate]


def sizes(config: DatabaseConfig) -> list[str]:
    """PostgreSQL's arguments that follow the site file: a quarter of the memory is its cache."""
    cache = max(mebibytes(config.memory) // 4, 64)
    return ["-c", f"shared_buffers={cache}MB", "-c", f"max_connections={config.connections}"]


def workload(args: DatabaseArgs, files: dict[str, str]) -> WorkloadArgs:
    """The server: the apps' namespaces and the dumps reach its port, it reaches nobody."""
    namespaces = sorted({one.namespace for one in args.databases} - {DATABASE})
    alive = Probe(command=["/bin/sh", "-c", "exec /usr/lib/postgresql/*/bin/pg_isready -q -h /run/postgresql"])
    ready = Probe(command=["/usr/bin/test", "-e", "/run/postgresql/roles-ready"])
    return WorkloadArgs(
        namespace=DATABASE,
        replicas=1,
        singleton="one writer keeps the data; a lost pod is back within seconds",
        volumes=[Volume(name=_DATA, size=args.config.storage, storage_class=_storage_class(args.facts))],
        pod=PodArgs(
            app=DATABASE,
            image=args.images("postgresql"),
            user=USER,
            resources=Resources(cpu="100m", cpu_limit="2", memory=args.config.memory),
            service_account=DATABASE,
            command=["/bin/sh", "/etc/arcos/start.sh"],
            args=sizes(args.config),
            ports={"postgresql": PORT},
            mounts=[
                Mount(path="/etc/arcos", config_map=CONFIG),
                Mount(path="/var/lib/postgresql", claim=_DATA),
                Mount(path="/run/postgresql", scratch="16Mi"),
                Mount(path="/tmp", scratch="256Mi"),
                Mount(path="/run/tls", secret=_TLS),
                *role_mounts(args.databases),
            ],
            live=alive,
            ready=ready,
            # Replaying the log after a crash may take this long; it must not be interrupted.
            start_seconds=600,
            grace_seconds=120,
            priority_class=SERVICE,
            annotations={f"{PREFIX}/config": digest(files)},
        ),
        service={
            "type": "ClusterIP",
            "ports": [{"name": "postgresql", "protocol": "TCP", "port": PORT, "target_port": PORT}],
        },
        ingress=[
            *(from_namespace(namespace, PORT) for namespace in namespaces),
            *(from_app(app, DATABASE, PORT) for app in (BACKUP, RESTORE)),
        ],
    )


def role_mounts(databases: Sequence[Database]) -> list[Mount]:
    """Each role's password as /run/roles/<role>/password."""
    return [Mount(path=f"/run/roles/{one.name}", secret=one.secret, items={PASSWORD: PASSWORD}) for one in databases]


def config_files() -> dict[str, str]:
    """The app's real files by name."""
    return {name: (_HERE / name).read_text(encoding="utf-8") for name in FILES}


def _storage_class(facts: Facts) -> str:
    if facts.storage_class is None:
        raise ValueError("`check` refuses a database where the cluster offers no storage")
    return facts.storage_class


def _config(files: dict[str, str], opts: ResourceOptions) -> k8s.core.v1.ConfigMap:
    return k8s.core.v1.ConfigMap(
        resource_name("ConfigMap", CONFIG, DATABASE),
        metadata=metadata(CONFIG, app=DATABASE, namespace=DATABASE),
        data=files,
        opts=opts,
    )


def _seeded(args: DatabaseArgs, opts: ResourceOptions) -> list[k8s.batch.v1.Job]:
    image = args.images("seeder")
    return [Seeder(one.name, SeederArgs(secret=one, image=image), opts=opts).job for one in secrets(args.databases)]
