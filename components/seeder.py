"""Secrets that are born inside the cluster: a small Job makes each one once and never shows or replaces it.

Owns the Job, its account and the narrow rights it has. The program inside is `images/seeder`; it takes its orders as
JSON in ARCOS_SEED, in which nothing is secret. A changed order is a new Job with a new name; the secret stays. What two
namespaces must know is made in one and copied to the other.
Rights: https://kubernetes.io/docs/concepts/security/rbac-good-practices/
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

import pulumi_kubernetes as k8s
from pulumi import ComponentResource, ResourceOptions

from components.metadata import digest, metadata, resource_name, selector
from components.network import to_api_server
from components.pod import PodArgs, Resources, pod_template

#: The user in `images/seeder`.
USER = 10082
#: The shortest lifetime Kubernetes gives a token; the Job is done in seconds.
_TOKEN_SECONDS = 600


@dataclass(frozen=True, kw_only=True)
class CaSecret:
    """The Secret (keys `ca.crt`, `ca.key`) whose authority signs a certificate."""

    namespace: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A Secret in another namespace with the same values, of some `keys` or of all; it follows the original."""

    namespace: str
    name: str
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SeededSecret:
    """What is made: a `password` of `length` characters, a `key` of `length` bytes, each in `keys`; or certificates.

    A `tls` pair is for `dns_names`, signed by `ca`. An `authority` (keys `ca.crt`, `ca.key`) may sign for `dns_names`
    and what is below them.
    """

    name: str
    namespace: str
    kind: Literal["password", "key", "tls", "authority"]
    length: int | None = None
    keys: tuple[str, ...] = ()
    dns_names: tuple[str, ...] = ()
    ca: CaSecret | None = None
    copies: tuple[Copy, ...] = ()

    def order(self) -> dict[str, Any]:
        """What the program inside is told, without what is not set."""
        order: dict[str, Any] = {"namespace": self.namespace, "name": self.name, "kind": self.kind}
        if self.length is not None:
            order["length"] = self.length
        if self.keys:
            order["keys"] = list(self.keys)
        if self.dns_names:
            order["dnsNames"] = list(self.dns_names)
        if self.ca:
            order["ca"] = {"namespace": self.ca.namespace, "name": self.ca.name}
        if self.copies:
            order["copies"] = [
                {"namespace": one.namespace, "name": one.name} | ({"keys": list(one.keys)} if one.keys else {})
                for one in self.copies
            ]
        return order


@dataclass(frozen=True, kw_only=True)
class SeederArgs:
    """One secret and the seeder's image."""

    secret: SeededSecret
    image: str


class Seeder(ComponentResource):
    """Makes one secret, once."""

    secret_name: str
    """The secret's name; it exists when the Job is complete."""
    job: k8s.batch.v1.Job
    """Depend on this: it waits for all else here, and an engine asked to wait for all of it looks at each."""

    def __init__(self, name: str, args: SeederArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:components:Seeder", name, None, opts)
        child = ResourceOptions(parent=self, depends_on=opts.depends_on if opts else None)
        secret = args.secret
        rights = [
            _account(secret, child),
            _policy(secret, child),
            *(
                grant
                for namespace, rules in grants(secret).items()
                for grant in _grant(secret, namespace, rules, child)
            ),
        ]
        self.job = _job(args, ResourceOptions.merge(child, ResourceOptions(depends_on=rights)))
        self.secret_name = secret.name
        self.register_outputs({"secret_name": self.secret_name})


def account_name(secret: SeededSecret) -> str:
    """Name of the Job's account, role and policy."""
    return f"seed-{secret.name}"


def grants(secret: SeededSecret) -> dict[str, list[k8s.rbac.v1.PolicyRuleArgsDict]]:
    """What the Job may do, by namespace: see its secret and make it, read the authority, keep the copies in step.

    A right to create cannot be narrowed to a name; every other one is.
    """
    rules: dict[str, list[k8s.rbac.v1.PolicyRuleArgsDict]] = {}

    def allow(namespace: str, verb: str, *names: str) -> None:
        rule: k8s.rbac.v1.PolicyRuleArgsDict = {"api_groups": [""], "resources": ["secrets"], "verbs": [verb]}
        if names:
            rule["resource_names"] = list(names)
        allowed = rules.setdefault(namespace, [])
        if rule not in allowed:
            allowed.append(rule)

    allow(secret.namespace, "get", secret.name)
    allow(secret.namespace, "create")
    if secret.ca:
        allow(secret.ca.namespace, "get", secret.ca.name)
    for copy in secret.copies:
        allow(copy.namespace, "get", copy.name)
        allow(copy.namespace, "update", copy.name)
        allow(copy.namespace, "create")
    return rules


def seed_pod(args: SeederArgs) -> PodArgs:
    """The Job's pod."""
    name = account_name(args.secret)
    return PodArgs(
        app=name,
        image=args.image,
        user=USER,
        resources=Resources(cpu="10m", cpu_limit="500m", memory="64Mi"),
        service_account=name,
        env={"ARCOS_SEED": json.dumps(args.secret.order(), sort_keys=True, separators=(",", ":"))},
        api_token=_TOKEN_SECONDS,
    )


def _account(secret: SeededSecret, opts: ResourceOptions) -> k8s.core.v1.ServiceAccount:
    name = account_name(secret)
    return k8s.core.v1.ServiceAccount(
        resource_name("ServiceAccount", name, secret.namespace),
        metadata=metadata(name, app=name, namespace=secret.namespace),
        automount_service_account_token=False,
        opts=opts,
    )


def _policy(secret: SeededSecret, opts: ResourceOptions) -> k8s.networking.v1.NetworkPolicy:
    name = account_name(secret)
    return k8s.networking.v1.NetworkPolicy(
        resource_name("NetworkPolicy", name, secret.namespace),
        metadata=metadata(name, app=name, namespace=secret.namespace),
        spec={
            "pod_selector": {"match_labels": selector(name)},
            "policy_types": ["Ingress", "Egress"],
            "egress": [to_api_server()],
        },
        opts=opts,
    )


def _grant(
    secret: SeededSecret, namespace: str, rules: list[k8s.rbac.v1.PolicyRuleArgsDict], opts: ResourceOptions
) -> list[k8s.rbac.v1.Role | k8s.rbac.v1.RoleBinding]:
    """A role in `namespace` and its binding to the Job's account."""
    name = account_name(secret)
    meta = metadata(name, app=name, namespace=namespace)
    return [
        k8s.rbac.v1.Role(resource_name("Role", name, namespace), metadata=meta, rules=rules, opts=opts),
        k8s.rbac.v1.RoleBinding(
            resource_name("RoleBinding", name, namespace),
            metadata=meta,
            role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
            subjects=[{"kind": "ServiceAccount", "name": name, "namespace": secret.namespace}],
            opts=opts,
        ),
    ]


def _job(args: SeederArgs, opts: ResourceOptions) -> k8s.batch.v1.Job:
    """A Job's template cannot change, so its name carries a hash of it. It stays when done: that is the record."""
    app, template = account_name(args.secret), pod_template(seed_pod(args), restart="OnFailure")
    name = f"{app}-{digest(template)}"
    return k8s.batch.v1.Job(
        resource_name("Job", name, args.secret.namespace),
        metadata=metadata(name, app=app, namespace=args.secret.namespace),
        spec={"backoff_limit": 10, "template": template},
        opts=opts,
    )
