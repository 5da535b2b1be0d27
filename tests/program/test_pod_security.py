"""Every pod meets the Pod Security Standard `restricted`, and the check would notice one that does not."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.program.pod_security import violations

#: Pods that need more than `restricted` allows, each with its reason. Empty, and meant to stay so.
EXCEPTIONS: dict[str, str] = {}


def test_every_pod_is_restricted(pods):
    found = {where: wrong for where, template in pods if (wrong := violations(template)) and where not in EXCEPTIONS}
    assert not found, "a pod that is not restricted is refused by its own namespace"


def test_every_namespace_enforces_it(objects):
    for where, manifest in objects:
        if manifest["kind"] == "Namespace":
            labels = manifest["metadata"]["labels"]
            modes = {labels.get(f"pod-security.kubernetes.io/{mode}") for mode in ("enforce", "audit", "warn")}
            assert modes == {"restricted"}, where


GOOD: dict[str, Any] = {
    "metadata": {},
    "spec": {
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [
            {
                "name": "good",
                "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                "livenessProbe": {"httpGet": {"path": "/", "port": 80}},
            }
        ],
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    },
}

BAD: list[tuple[list[str | int], Any]] = [
    (["spec", "hostNetwork"], True),
    (["spec", "hostPID"], True),
    (["spec", "hostIPC"], True),
    (["spec", "volumes", 0], {"name": "host", "hostPath": {"path": "/"}}),
    (["spec", "volumes", 0], {"name": "nfs", "nfs": {"server": "x", "path": "/"}}),
    (["spec", "securityContext", "sysctls"], [{"name": "kernel.msgmax", "value": "1"}]),
    (["spec", "securityContext", "runAsUser"], 0),
    (["spec", "securityContext", "runAsNonRoot"], False),
    (["spec", "securityContext", "seccompProfile"], {"type": "Unconfined"}),
    (["spec", "securityContext", "seccompProfile"], {}),
    (["spec", "securityContext", "seLinuxOptions"], {"type": "spc_t"}),
    (["spec", "securityContext", "windowsOptions"], {"hostProcess": True}),
    (["spec", "containers", 0, "securityContext", "privileged"], True),
    (["spec", "containers", 0, "securityContext", "allowPrivilegeEscalation"], True),
    (["spec", "containers", 0, "securityContext", "capabilities"], {"drop": ["NET_RAW"]}),
    (["spec", "containers", 0, "securityContext", "capabilities"], {"drop": ["ALL"], "add": ["SYS_ADMIN"]}),
    (["spec", "containers", 0, "securityContext", "procMount"], "Unmasked"),
    (["spec", "containers", 0, "securityContext", "runAsUser"], 0),
    (["spec", "containers", 0, "securityContext", "appArmorProfile"], {"type": "Unconfined"}),
    (["spec", "containers", 0, "securityContext", "seccompProfile"], {"type": "Unconfined"}),
    (["spec", "containers", 0, "ports"], [{"containerPort": 80, "hostPort": 80}]),
    (["spec", "containers", 0, "livenessProbe", "httpGet", "host"], "127.0.0.1"),
    (["spec", "containers", 0, "lifecycle"], {"preStop": {"tcpSocket": {"host": "10.0.0.1", "port": 1}}}),
    (["spec", "initContainers"], [{"name": "plain"}]),
    (["metadata", "annotations"], {"container.apparmor.security.beta.kubernetes.io/good": "unconfined"}),
]


def test_the_check_accepts_a_restricted_pod():
    assert violations(GOOD) == []


@pytest.mark.parametrize(
    ("path", "value"), BAD, ids=lambda part: ".".join(map(str, part)) if isinstance(part, list) else ""
)
def test_the_check_notices(path, value):
    pod = copy.deepcopy(GOOD)
    at: Any = pod
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    assert violations(pod), f"{path} = {value} is not restricted"
