"""What a program of the platform may do in the whole cluster.

Owns a ClusterRole and who has it; the rules are the component's own, as `rights()` beside it. Rights in one namespace
are Roles and stand where they are given. https://kubernetes.io/docs/reference/access-authn-authz/rbac/
"""

from __future__ import annotations

import pulumi_kubernetes as k8s
from pulumi import ResourceOptions

from components.metadata import metadata, resource_name

Grant = list[k8s.rbac.v1.ClusterRole | k8s.rbac.v1.ClusterRoleBinding]


def cluster_grant(
    app: str, namespace: str, rules: list[k8s.rbac.v1.PolicyRuleArgsDict], opts: ResourceOptions
) -> Grant:
    """These rights everywhere, for the account of `app` in `namespace`."""
    name = f"arcos-{app}"
    meta = metadata(name, app=app)
    return [
        k8s.rbac.v1.ClusterRole(resource_name("ClusterRole", name), metadata=meta, rules=rules, opts=opts),
        k8s.rbac.v1.ClusterRoleBinding(
            resource_name("ClusterRoleBinding", name),
            metadata=meta,
            role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
            subjects=[{"kind": "ServiceAccount", "name": app, "namespace": namespace}],
            opts=opts,
        ),
    ]
