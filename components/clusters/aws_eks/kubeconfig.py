"""How a person or a program gets into the cluster: by what they are in AWS, never by a key that is written down. Pure.

`aws eks get-token` signs a request with the credentials of whoever runs it; the token lives for 15 minutes.
https://docs.aws.amazon.com/eks/latest/userguide/create-kubeconfig.html
"""

from __future__ import annotations

import json
from typing import Any


def kubeconfig(*, name: str, endpoint: str, authority: str, region: str, profile: str | None) -> str:
    """A kubeconfig's text (JSON is YAML). `authority` is base64 PEM as EKS gives it; `profile` is of AWS's files."""
    token: dict[str, Any] = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "aws",
        "args": ["eks", "get-token", "--cluster-name", name, "--region", region, "--output", "json"],
        "env": [{"name": "AWS_PROFILE", "value": profile}] if profile else [],
        "interactiveMode": "Never",
        "installHint": "the AWS command line signs in: https://docs.aws.amazon.com/cli/",
    }
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": {"server": endpoint, "certificate-authority-data": authority}}],
            "users": [{"name": name, "user": {"exec": token}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "current-context": name,
        },
        indent=1,
    )
