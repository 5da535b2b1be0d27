"""Which workloads use a Secret, and stopping them for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from arcos.apply.kubectl import Kubectl

#: Seconds until what was stopped is up again; Keycloak puts itself together when its pod starts.
_PATIENCE = 600


def users(listed: dict[str, Any], secret: str) -> dict[str, int]:
    """Of a list of Deployments and StatefulSets, those whose pods mount the Secret or read it into their environment.

    Returns:
        Replicas by kind/name.
    """
    found = {}
    for item in listed["items"]:
        pod = item["spec"]["template"]["spec"]
        mounted = {volume.get("secret", {}).get("secretName") for volume in pod.get("volumes", [])}
        read = {
            variable.get("valueFrom", {}).get("secretKeyRef", {}).get("name")
            for container in pod["containers"]
            for variable in container.get("env", [])
        }
        if secret in mounted | read:
            found[f"{item['kind'].lower()}/{item['metadata']['name']}"] = item["spec"].get("replicas", 1)
    return found


@contextmanager
def stopped(kubectl: Kubectl, namespace: str, secret: str) -> Iterator[list[str]]:
    """Stop what uses a Secret, and start it again at the end, come what may.

    Killed in between, the next `up` starts it: the number of replicas is part of what it applies.
    """
    running = users(kubectl.json("get", "deployments,statefulsets", "-n", namespace), secret)
    try:
        for name in running:
            kubectl.run("scale", name, "--replicas=0", "-n", namespace)
        for name in running:
            kubectl.run("rollout", "status", name, "-n", namespace, f"--timeout={_PATIENCE}s")
        yield list(running)
    finally:
        for name, replicas in running.items():
            # Nobody restores what is stopped on purpose, so none means that an earlier try was killed.
            kubectl.run("scale", name, f"--replicas={replicas or 1}", "-n", namespace)
        for name in running:
            kubectl.run("rollout", "status", name, "-n", namespace, f"--timeout={_PATIENCE}s")
