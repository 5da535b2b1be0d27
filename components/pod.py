"""The pod that every workload and job runs as: hardened once, here, and nowhere else.

Pure: typed arguments in, a pod template out. Meets Pod Security `restricted` and goes beyond it: read-only root,
a fixed user above 10000, requests and limits on every container, no service links, no API token by default.
https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

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
    """An HTTP path and the number of the port that answers it."""

    path: str
    port: int


@dataclass(frozen=True, kw_only=True)
class Mount:
    """A volume at a path; exactly one of `config_map`, `secret` and `scratch` (the size of an empty directory).

    `items` maps keys to relative file paths; without it every key is a file.
    """

    path: str
    config_map: str | None = None
    secret: str | None = None
    scratch: str | None = None
    items: Mapping[str, str] | None = None

    @property
    def name(self) -> str:
        """The volume's name."""
        return self.config_map or self.secret or self.path.strip("/").replace("/", "-")

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
        return {"name": self.name, "empty_dir": {"size_limit": self.scratch}}


@dataclass(frozen=True, kw_only=True)
class PodArgs:
    """One hardened pod of one container.

    `ports` maps names to numbers. `api_token` is the lifetime in seconds of a token for the Kubernetes API, at least
    600; without it the pod holds none. `ready` and `live` are left out for jobs.
    """

    app: str
    image: str
    user: int
    resources: Resources
    service_account: str
    args: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    ports: Mapping[str, int] = field(default_factory=dict)
    udp_ports: Mapping[str, int] = field(default_factory=dict)
    mounts: Sequence[Mount] = ()
    ready: Probe | None = None
    live: Probe | None = None
    priority_class: str | None = None
    api_token: int | None = None
    dns_policy: str = "ClusterFirst"
    grace_seconds: int = 30
    annotations: Mapping[str, str] = field(default_factory=dict)
    extra_labels: Mapping[str, str] = field(default_factory=dict)


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
        "containers": [_container(args) | _probes(args)],
    }
    if volumes := [mount.volume() for mount in args.mounts] + _api_access(args.api_token):
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
    if args.args:
        container["args"] = list(args.args)
    if args.env:
        container["env"] = [{"name": name, "value": value} for name, value in args.env.items()]
    if ports := _ports(args):
        container["ports"] = ports
    if mounts := _volume_mounts(args):
        container["volume_mounts"] = mounts
    return container


def _ports(args: PodArgs) -> list[k8s.core.v1.ContainerPortArgsDict]:
    named = [(name, port, "TCP") for name, port in args.ports.items()]
    named += [(name, port, "UDP") for name, port in args.udp_ports.items()]
    return [{"name": name, "container_port": port, "protocol": protocol} for name, port, protocol in named]


def _volume_mounts(args: PodArgs) -> list[k8s.core.v1.VolumeMountArgsDict]:
    mounts: list[k8s.core.v1.VolumeMountArgsDict] = [
        {"name": mount.name, "mount_path": mount.path, "read_only": mount.scratch is None} for mount in args.mounts
    ]
    if args.api_token is not None:
        mounts.append({"name": "api-access", "mount_path": API_ACCESS_PATH, "read_only": True})
    return mounts


def _probes(args: PodArgs) -> k8s.core.v1.ContainerArgsDict:
    """A minute to start, unready after 15 s, restarted after 30 s; and a pause before the stop signal."""
    if args.ready is None or args.live is None:
        return {"name": args.app}
    ready: k8s.core.v1.HTTPGetActionArgsDict = {"path": args.ready.path, "port": args.ready.port}
    live: k8s.core.v1.HTTPGetActionArgsDict = {"path": args.live.path, "port": args.live.port}
    return {
        "name": args.app,
        "startup_probe": {"http_get": live, "period_seconds": 1, "failure_threshold": 60, "timeout_seconds": 2},
        "readiness_probe": {"http_get": ready, "period_seconds": 5, "failure_threshold": 3, "timeout_seconds": 2},
        "liveness_probe": {"http_get": live, "period_seconds": 10, "failure_threshold": 3, "timeout_seconds": 5},
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
