"""The Job that makes the live realm what the site file and the apps say. `images/realm` is its program.

Owns the Job, its account and its policy; it is the only one that sees all clients' secrets. What it is told stands in
`realm.py`. https://kubernetes.io/docs/concepts/workloads/controllers/job/
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pulumi_kubernetes as k8s
from pulumi import Resource, ResourceOptions

from apps.auth.config import AuthConfig
from apps.auth.federations import OpenIdFederation
from apps.auth.realm import CLIENTS, FEDERATIONS
from components.metadata import digest, metadata, resource_name, selector
from components.network import to_app
from components.oidc import AUTH, CLIENT_SECRET, PORT, OidcClient
from components.pod import Mount, PodArgs, Resources, pod_template

#: The user in `images/realm`.
USER = 10096
#: The Job's pods, and the ConfigMap with the realm.
REALM = "auth-realm"
#: The Secret with which the realm's administrator signs in, and the one with the first operator's one-time password.
BOOTSTRAP, ADMIN = "auth-bootstrap", "auth-admin"


@dataclass(frozen=True, kw_only=True)
class RealmJobArgs:
    """Whose secrets it mounts; `wanted` is the realm as text."""

    config: AuthConfig
    images: Callable[[str], str]
    clients: Sequence[OidcClient]
    wanted: str


def job(args: RealmJobArgs, opts: ResourceOptions) -> Resource:
    """The Job. Its template cannot change, so its name carries a hash of it, of the realm, and of whom it trusts."""
    after = ResourceOptions.merge(opts, ResourceOptions(depends_on=[_policy(opts), _account(opts)]))
    template = pod_template(pod(args), restart="OnFailure")
    name = f"{REALM}-{digest([template, args.wanted, *args.config.authorities])}"
    return k8s.batch.v1.Job(
        resource_name("Job", name, AUTH),
        metadata=metadata(name, app=REALM, namespace=AUTH),
        spec={"backoff_limit": 10, "template": template},
        opts=after,
    )


def pod(args: RealmJobArgs) -> PodArgs:
    """The Job's pod."""
    clients = [
        Mount(path=f"{CLIENTS}/{one.app}", secret=one.secret, items={CLIENT_SECRET: CLIENT_SECRET})
        for one in args.clients
    ]
    federations = [
        Mount(path=f"{FEDERATIONS}/{one.name}", secret=one.secret_name, items={CLIENT_SECRET: CLIENT_SECRET})
        for one in args.config.federations
        if isinstance(one, OpenIdFederation)
    ]
    return PodArgs(
        app=REALM,
        image=args.images("realm"),
        user=USER,
        resources=Resources(cpu="10m", cpu_limit="500m", memory="64Mi"),
        service_account=REALM,
        args=["/etc/arcos/realm.json"],
        env={
            "KEYCLOAK_URL": f"http://{AUTH}.{AUTH}.svc.cluster.local:{PORT}",
            "KEYCLOAK_CLIENT": "arcos-bootstrap",
            "KEYCLOAK_SECRET_FILE": "/run/bootstrap/password",
        },
        mounts=[
            Mount(path="/etc/arcos", config_map=REALM),
            Mount(path="/run/bootstrap", secret=BOOTSTRAP),
            Mount(path="/run/admin", secret=ADMIN),
            *clients,
            *federations,
        ],
    )


def _account(opts: ResourceOptions) -> k8s.core.v1.ServiceAccount:
    return k8s.core.v1.ServiceAccount(
        resource_name("ServiceAccount", REALM, AUTH),
        metadata=metadata(REALM, app=REALM, namespace=AUTH),
        automount_service_account_token=False,
        opts=opts,
    )


def _policy(opts: ResourceOptions) -> k8s.networking.v1.NetworkPolicy:
    return k8s.networking.v1.NetworkPolicy(
        resource_name("NetworkPolicy", REALM, AUTH),
        metadata=metadata(REALM, app=REALM, namespace=AUTH),
        spec={
            "pod_selector": {"match_labels": selector(REALM)},
            "policy_types": ["Ingress", "Egress"],
            "egress": [to_app(AUTH, AUTH, PORT)],
        },
        opts=opts,
    )
