"""Names and labels that every object carries, so that people, selectors and pruning agree on them.

Owns the recommended labels and how an object's Pulumi name is spelled; knows nothing of what the objects do.
Labels: https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import pulumi_kubernetes as k8s

#: Prefix of the labels and annotations that are ours.
PREFIX = "arcos.dev"
#: Tells Pulumi's engine that an object is done when it is there; anybody else passes over it.
#: https://www.pulumi.com/blog/improving-kubernetes-management-with-pulumis-await-logic/
NOT_AWAITED = {"pulumi.com/skipAwait": "true"}


def labels(app: str) -> dict[str, str]:
    """Labels of every object that belongs to `app` (the recommended `name` and `part-of`)."""
    return {"app.kubernetes.io/name": app, "app.kubernetes.io/part-of": "arcos"}


def selector(app: str) -> dict[str, str]:
    """What selects the pods of `app` within its namespace; fixed for good, a Deployment's selector cannot change."""
    return {"app.kubernetes.io/name": app}


def metadata(
    name: str,
    *,
    app: str,
    namespace: str | None = None,
    annotations: Mapping[str, str] | None = None,
    extra_labels: Mapping[str, str] | None = None,
) -> k8s.meta.v1.ObjectMetaArgsDict:
    """An object's metadata: its own name, its namespace unless it is cluster-wide, and its labels."""
    meta: k8s.meta.v1.ObjectMetaArgsDict = {"name": name, "labels": labels(app) | dict(extra_labels or {})}
    if namespace is not None:
        meta["namespace"] = namespace
    if annotations:
        meta["annotations"] = dict(annotations)
    return meta


def resource_name(kind: str, name: str, namespace: str | None = None) -> str:
    """Pulumi's name for an object, as in `ingress/deployment/ingress` or `cluster/namespace/ingress`.

    It is part of the URN, so it must not change as long as the object lives.
    """
    return f"{namespace or 'cluster'}/{kind.lower()}/{name}"


def digest(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """The first 8 hex digits of a JSON value's SHA-256: enough to tell two configurations of one app apart."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:8]
