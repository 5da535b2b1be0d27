"""The Pod Security Standard `restricted`, field by field, as published for Kubernetes 1.37.

https://kubernetes.io/docs/concepts/security/pod-security-standards/ (policies "Baseline" and "Restricted"). The API
server enforces the same in the `api` tier; this finds it without one. Of Windows only hostProcess is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Spec = dict[str, Any]

_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
_SYSCTLS = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
}
_SELINUX_TYPES = {None, "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
_PROFILES = ("RuntimeDefault", "Localhost")


def violations(template: Spec) -> list[str]:
    """What keeps a pod (its metadata and spec) out of a `restricted` namespace, as field and value."""
    spec = template["spec"]
    found = [*_pod(spec), *_annotations(template.get("metadata", {}))]
    for group in ("initContainers", "containers", "ephemeralContainers"):
        for index, container in enumerate(spec.get(group, [])):
            found += [f"{group}[{index}].{what}" for what in _container(container, spec.get("securityContext", {}))]
    return found


def _pod(spec: Spec) -> Iterator[str]:
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(field):
            yield field
    for volume in spec.get("volumes", []):
        if kinds := set(volume) - {"name"} - _VOLUMES:
            yield f"volumes[{volume['name']}]: {', '.join(kinds)}"
    context = spec.get("securityContext", {})
    for sysctl in context.get("sysctls", []):
        if sysctl["name"] not in _SYSCTLS:
            yield f"sysctl {sysctl['name']}"
    if context.get("windowsOptions", {}).get("hostProcess"):
        yield "hostProcess"
    if context.get("runAsUser") == 0:
        yield "securityContext.runAsUser: 0"
    yield from _selinux(context)


def _annotations(metadata: Spec) -> Iterator[str]:
    for key, value in metadata.get("annotations", {}).items():
        if key.startswith("container.apparmor.security.beta.kubernetes.io/") and value not in ("runtime/default", ""):
            yield f"apparmor {value}"


def _container(container: Spec, pod: Spec) -> Iterator[str]:
    own = container.get("securityContext", {})
    yield from _privileges(own)
    yield from _capabilities(own.get("capabilities", {}))
    yield from _selinux(own)
    yield from _hosts(container)
    if not own.get("runAsNonRoot", pod.get("runAsNonRoot", False)):
        yield "runAsNonRoot is not true"
    if own.get("runAsUser") == 0:
        yield "runAsUser: 0"
    profile = own.get("seccompProfile", pod.get("seccompProfile", {})).get("type")
    if profile not in _PROFILES:
        yield f"seccompProfile: {profile}"
    apparmor = own.get("appArmorProfile", pod.get("appArmorProfile", {"type": "RuntimeDefault"})).get("type")
    if apparmor not in _PROFILES:
        yield f"appArmorProfile: {apparmor}"


def _privileges(own: Spec) -> Iterator[str]:
    if own.get("privileged"):
        yield "privileged"
    if own.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation is not false"
    if own.get("procMount", "Default") != "Default":
        yield "procMount"
    if own.get("windowsOptions", {}).get("hostProcess"):
        yield "hostProcess"


def _capabilities(capabilities: Spec) -> Iterator[str]:
    if "ALL" not in capabilities.get("drop", []):
        yield "capabilities are not all dropped"
    if added := set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"}:
        yield f"capabilities added: {', '.join(sorted(added))}"


def _selinux(context: Spec) -> Iterator[str]:
    options = context.get("seLinuxOptions", {})
    if options.get("type") not in _SELINUX_TYPES or options.get("user") or options.get("role"):
        yield "seLinuxOptions"


def _hosts(container: Spec) -> Iterator[str]:
    for port in container.get("ports", []):
        if port.get("hostPort"):
            yield f"hostPort {port['hostPort']}"
    actions = [container.get(probe, {}) for probe in ("livenessProbe", "readinessProbe", "startupProbe")]
    actions += list(container.get("lifecycle", {}).values())
    for action in actions:
        for kind in ("httpGet", "tcpSocket"):
            if action.get(kind, {}).get("host"):
                yield f"{kind}.host"
