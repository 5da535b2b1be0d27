"""Secrets that a site names and somebody has to make: looked for before anything is changed.

Left out: secrets that the seeder makes (their Jobs stand among the manifests).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from arcos.apply.kubectl import Kubectl
from arcos.errors import USAGE, ArcosError

Manifest = dict[str, Any]
#: (namespace, name)
SecretId = tuple[str, str]


def require(site_name: str, manifests: Sequence[Manifest], kubectl: Kubectl) -> None:
    """Check that every secret is there that only the site's operator can make.

    Raises:
        ArcosError: One is missing; the error holds the exact command that makes it.
    """
    needed = secrets_needed(manifests)
    if not needed:
        return
    listed = kubectl.run(
        "get",
        "secrets",
        "--all-namespaces",
        "--output=name",
        "--no-headers",
        "--output=custom-columns=NS:.metadata.namespace,NAME:.metadata.name",
    )
    there = {tuple(line.split()) for line in listed.splitlines()}
    missing = sorted(needed - there)
    if missing:
        raise ArcosError(
            f"{len(missing)} secrets are missing, nothing was changed",
            where=", ".join("/".join(secret) for secret in missing),
            why=f"site '{site_name}' names them, and ARCOS never holds a site's own secrets",
            fix="; ".join(_command(site_name, secret, manifests) for secret in missing),
            exit_code=USAGE,
        )


def secrets_needed(manifests: Sequence[Manifest]) -> set[SecretId]:
    """Secrets that pods mount or read and no seeder makes."""
    used = {secret for manifest in manifests for secret in _used(manifest)}
    seeded = {
        (one["namespace"], one["name"])
        for manifest in manifests
        for container in _pod(manifest).get("containers", [])
        for variable in container.get("env", [])
        if variable["name"] == "ARCOS_SEED"
        for seed in [json.loads(variable["value"])]
        for one in (seed, *seed.get("copies", ()))
    }
    return used - seeded


def _used(manifest: Manifest) -> Iterator[SecretId]:
    pod = _pod(manifest)
    namespace = manifest["metadata"].get("namespace", "")
    for volume in pod.get("volumes", []):
        secret = volume.get("secret", {})
        if "secretName" in secret and not secret.get("optional"):
            yield namespace, secret["secretName"]
    for container in [*pod.get("initContainers", []), *pod.get("containers", [])]:
        for variable in container.get("env", []):
            reference = variable.get("valueFrom", {}).get("secretKeyRef", {})
            if "name" in reference and not reference.get("optional"):
                yield namespace, reference["name"]


def _pod(manifest: Manifest) -> Manifest:
    """The pod spec of a workload, else nothing."""
    spec: Manifest = manifest.get("spec") or {}
    if manifest["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    template: Manifest = spec.get("template", {}) if isinstance(spec, dict) else {}
    pod: Manifest = template.get("spec", {})
    return pod


def _command(site_name: str, secret: SecretId, manifests: Sequence[Manifest]) -> str:
    namespace, name = secret
    kubectl = f"./arcosctl kubectl {site_name} --"
    # Whoever mounts a certificate reads tls.crt by its name somewhere in its configuration.
    tls = any("tls.crt" in json.dumps(m) for m in manifests if m["metadata"].get("namespace") == namespace)
    make = (
        f"{kubectl} create secret tls {name} -n {namespace} --cert=FILE --key=FILE"
        if tls
        else f"{kubectl} create secret generic {name} -n {namespace} --from-file=KEY=FILE"
    )
    return f"{kubectl} create namespace {namespace}; {make}"
