"""The pod that every workload and job runs as: hardened once, here, and nowhere else.

Pure: typed arguments in, a pod template out. Meets Pod Security `restricted` and goes beyond it: read-only root,
a fixed user above 10000, requests and limits on every container, no service links, no API token by default.
https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import pulumi_kubernetes as k8s

from components.metadata import labels

#: Seconds between the answers "not ready" and the signal to stop, so that no new connection is lost.
DRAIN_SECONDS = 5

#: Where client libraries look for the API's token and certificate.
#: https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
API_ACCESS_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What one container asks for and may take.

    Memory is both request and limit: it cannot be squeezed, so a promise is all that helps. The CPU limit stops one
    runaway process from taking a small site down; it stands well above the request, so that bursts stay possible.
    """

    cpu: str
    cpu_limit: str
    memory: str

    def spec(self) -> k8s.core.v1.ResourceRequirementsArgsDict:
        """The container's `resources`."""
        return {
            "requests": {"cpu": self.cpu, "memory": self.memory},
            "limits": {"cpu": self.cpu_limit, "memory": self.memory},
        }


@dataclass(frozen=True, kw_only=True)
class Probe:
    """How health is asked: `path` of `port` over HTTP, `port` alone by connecting, or a `command` in the container."""

    path: str | None = None
    port: int | None = None
    command: Sequence[str] = ()

    def __post_init__(self) -> None:
        if bool(self.command) == (self.port is not None):
            raise ValueError("a probe has either a port or a command")

    def check(self) -> k8s.core.v1.ProbeArgsDict:
        """The probe without its timing."""
        if self.command:
            return {"exec_": {"command": list(self.command)}}
        if self.path is None:
            return {"tcp_socket": {"port": cast(int, self.port)}}
        return {"http_get": {"path": self.path, "port": cast(int, self.port)}}


@dataclass(frozen=True, kw_only=True)
class Mount:
    """A volume at a path; exactly one of `config_map`, `secret`, `scratch` and `claim`.

    `scratch` is the size of an empty directory, `claim` the name of a PersistentVolumeClaim of which `sub_path` may
    name a folder. `items` maps keys to relative file paths; without it every key is a file.
    """

    path: str
    config_map: str | None = None
    secret: str | None = None
    scratch: str | None = None
    claim: str | None = None
    sub_path: str | None = None
    items: Mapping[str, str] | None = None

    @property
    def name(self) -> str:
        """The volume's name."""
        return self.config_map or self.secret or self.claim or self.path.strip("/").replace("/", "-").lower()

    def volume_mount(self) -> k8s.core.v1.VolumeMountArgsDict:
        """The container's side: only what is kept or thrown away may be written."""
        mount: k8s.core.v1.VolumeMountArgsDict = {"name": self.name, "mount_path": self.path}
        # No server keeps a `false` there, so what is asked for would never be what is.
        if self.scratch is None and self.claim is None:
            mount["read_only"] = True
        return mount | {"sub_path": self.sub_path} if self.sub_path else mount

    def volume(self) -> k8s.core.v1.VolumeArgsDict:
        """The pod's volume. Files are readable by the pod's group, secrets by nobody else."""
        items: list[k8s.core.v1.KeyToPathArgsDict] = [
            {"key": key, "path": path} for key, path in (self.items or {}).items()
        ]
        if self.secret:
            secret: k8s.core.v1.SecretVolumeSourceArgsDict = {"secret_name": self.secret, "default_mode": 0o440}
            return {"name": self.name, "secret": secret | {"items": items} if items else secret}
        if self.config_map:
            files: k8s.core.v1.ConfigMapVolumeSourceArgsDict = {"name": self.config_map, "default_mode": 0o444}
            return {"name": self.name, "config_map": files | {"items": items} if items else files}
        if self.claim:
            return {"name": self.name, "persistent_volume_claim": {"claim_name": self.claim}}
        return {"name": self.name, "empty_dir": {"size_limit": self.scratch}}


@dataclass(frozen=True, kw_only=True)
class PodArgs:
    """One hardened pod, mostly of one container.

    `ports` maps names to numbers. `api_token` is the lifetime in seconds of a token for the Kubernetes API, at least
    600; without it the pod holds none. `command` stands in for the image's entry point. `ready` and `live` are left out
    for jobs; a service may take `start_seconds` until it first answers `live`. `secret_env` are variables out of a
    Secret's key, as (secret, key), for programs that read no file. `companions` are programs that this one reaches on
    the pod's own loopback address only; their containers and volumes, and nothing else of them, are put into the pod.

    Raises:
        ValueError: A companion asks for a token of its own: there is one account a pod.
    """

    app: str
    image: str
    user: int
    resources: Resources
    service_account: str
    command: Sequence[str] = ()
    args: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    secret_env: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    ports: Mapping[str, int] = field(default_factory=dict)
    udp_ports: Mapping[str, int] = field(default_factory=dict)
    mounts: Sequence[Mount] = ()
    ready: Probe | None = None
    live: Probe | None = None
    start_seconds: int = 60
    priority_class: str | None = None
    api_token: int | None = None
    dns_policy: str = "ClusterFirst"
    grace_seconds: int = 30
    annotations: Mapping[str, str] = field(default_factory=dict)
    extra_labels: Mapping[str, str] = field(default_factory=dict)
    companions: Sequence[PodArgs] = ()

    def __post_init__(self) -> None:
        if any(one.api_token is not None for one in self.companions):
            raise ValueError(f"{self.app}: a companion holds no token")


def pod_template(args: PodArgs, *, restart: str = "Always") -> k8s.core.v1.PodTemplateSpecArgsDict:
    """The pod template; `restart` is `Always` for services and `OnFailure` or `Never` for jobs."""
    spec: k8s.core.v1.PodSpecArgsDict = {
        "service_account_name": args.service_account,
        "automount_service_account_token": False,
        "enable_service_links": False,
        "restart_policy": restart,
        "dns_policy": args.dns_policy,
        "termination_grace_period_seconds": args.grace_seconds,
        "security_context": {
            "run_as_non_root": True,
            "run_as_user": args.user,
            "run_as_group": args.user,
            "fs_group": args.user,
            "fs_group_change_policy": "OnRootMismatch",
            "seccomp_profile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(one) | _probes(one) for one in (args, *args.companions)],
    }
    # One volume may be mounted at several places.
    mounts = [mount for one in (args, *args.companions) for mount in one.mounts]
    volumes = list({mount.name: mount.volume() for mount in mounts}.values()) + _api_access(args.api_token)
    if volumes:
        spec["volumes"] = volumes
    if args.priority_class:
        spec["priority_class_name"] = args.priority_class
    meta: k8s.meta.v1.ObjectMetaArgsDict = {"labels": labels(args.app) | dict(args.extra_labels)}
    if args.annotations:
        meta["annotations"] = dict(args.annotations)
    return {"metadata": meta, "spec": spec}


def _container(args: PodArgs) -> k8s.core.v1.ContainerArgsDict:
    container: k8s.core.v1.ContainerArgsDict = {
        "name": args.app,
        "image": args.image,
        # Named by digest: another pull can only bring the same bytes, and would need the registry to be up.
        "image_pull_policy": "IfNotPresent",
        "resources": args.resources.spec(),
        "security_context": {
            "allow_privilege_escalation": False,
            "capabilities": {"drop": ["ALL"]},
            "privileged": False,
            "read_only_root_filesystem": True,
            "run_as_non_root": True,
            "run_as_user": args.user,
            "run_as_group": args.user,
            "seccomp_profile": {"type": "RuntimeDefault"},
        },
        "termination_message_policy": "FallbackToLogsOnError",
    }
    if args.command:
        container["command"] = list(args.command)
    if args.args:
        container["args"] = list(args.args)
    if args.env or args.secret_env:
        container["env"] = _environment(args)
    if ports := _ports(args):
        container["ports"] = ports
    if mounts := _volume_mounts(args):
        container["volume_mounts"] = mounts
    return container


def _environment(args: PodArgs) -> list[k8s.core.v1.EnvVarArgsDict]:
    plain: list[k8s.core.v1.EnvVarArgsDict] = [{"name": name, "value": value} for name, value in args.env.items()]
    return plain + [
        {"name": name, "value_from": {"secret_key_ref": {"name": secret, "key": key}}}
        for name, (secret, key) in args.secret_env.items()
    ]


def _ports(args: PodArgs) -> list[k8s.core.v1.ContainerPortArgsDict]:
    named = [(name, port, "TCP") for name, port in args.ports.items()]
    named += [(name, port, "UDP") for name, port in args.udp_ports.items()]
    return [{"name": name, "container_port": port, "protocol": protocol} for name, port, protocol in named]


def _volume_mounts(args: PodArgs) -> list[k8s.core.v1.VolumeMountArgsDict]:
    mounts = [mount.volume_mount() for mount in args.mounts]
    if args.api_token is not None:
        mounts.append({"name": "api-access", "mount_path": API_ACCESS_PATH, "read_only": True})
    return mounts


def _probes(args: PodArgs) -> k8s.core.v1.ContainerArgsDict:
    """Time to start, unready after 15 s, restarted after 30 s; and a pause before the stop signal."""
    if args.ready is None or args.live is None:
        return {"name": args.app}
    start: k8s.core.v1.ProbeArgsDict = {
        "period_seconds": 1,
        "failure_threshold": args.start_seconds,
        "timeout_seconds": 2,
    }
    return {
        "name": args.app,
        "startup_probe": args.live.check() | start,
        "readiness_probe": args.ready.check() | {"period_seconds": 5, "failure_threshold": 3, "timeout_seconds": 2},
        "liveness_probe": args.live.check() | {"period_seconds": 10, "failure_threshold": 3, "timeout_seconds": 5},
        "lifecycle": {"pre_stop": {"sleep": {"seconds": DRAIN_SECONDS}}},
    }


def _api_access(seconds: int | None) -> list[k8s.core.v1.VolumeArgsDict]:
    """The files that automounting would bring, but for this pod only and with a lifetime of our choice."""
    if seconds is None:
        return []
    sources: list[k8s.core.v1.VolumeProjectionArgsDict] = [
        {"service_account_token": {"path": "token", "expiration_seconds": seconds}},
        {"config_map": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downward_api": {"items": [_namespace_file()]}},
    ]
    return [{"name": "api-access", "projected": {"default_mode": 0o444, "sources": sources}}]


def _namespace_file() -> k8s.core.v1.DownwardAPIVolumeFileArgsDict:
    return {"path": "namespace", "field_ref": {"api_version": "v1", "field_path": "metadata.namespace"}}
