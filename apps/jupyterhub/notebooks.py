"""What bounds the notebook servers: what the hub may do in their namespace, and whom the servers may talk to.

The servers themselves are made by the hub, as `jupyterhub_config.py` says.
https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pulumi_kubernetes as k8s
from pulumi import Resource, ResourceOptions

from apps.jupyterhub.config import SharedFolder
from apps.jupyterhub.settings import (
    HUB,
    HUB_PORT,
    NAMESPACE,
    NOTEBOOK_PORT,
    NOTEBOOK_USER,
    NOTEBOOKS,
    PROXY,
    shared_claim,
)
from components.metadata import NOT_AWAITED, PREFIX, metadata, resource_name, selector
from components.network import EgressRule, from_app, to_app
from components.pod import PodArgs, Resources, pod_template

#: The label of every server's pod.
NOTEBOOK = "notebook"
#: The pods that bring the images to the nodes.
PREPULL = "notebook-images"
#: The user in `images/pause`.
PAUSE_USER = 65532
_ROLE = "jupyterhub-servers"
#: Addresses that are nobody's on the internet: the cluster's own, the site's inner networks, and the one at which a
#: cloud hands out credentials. https://www.iana.org/assignments/iana-ipv4-special-registry
PRIVATE = ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16")
PRIVATE_V6 = ("fc00::/7", "fe80::/10")


def bounds(opts: ResourceOptions) -> list[Resource]:
    """The role, its binding to the hub's account, and the servers' network policy."""
    meta = metadata(_ROLE, app=HUB, namespace=NOTEBOOKS)
    return [
        k8s.rbac.v1.Role(resource_name("Role", _ROLE, NOTEBOOKS), metadata=meta, rules=rules(), opts=opts),
        k8s.rbac.v1.RoleBinding(
            resource_name("RoleBinding", _ROLE, NOTEBOOKS),
            metadata=meta,
            role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "Role", "name": _ROLE},
            subjects=[{"kind": "ServiceAccount", "name": HUB, "namespace": NAMESPACE}],
            opts=opts,
        ),
        k8s.networking.v1.NetworkPolicy(
            resource_name("NetworkPolicy", NOTEBOOK, NOTEBOOKS),
            metadata=metadata(NOTEBOOK, app=NOTEBOOK, namespace=NOTEBOOKS),
            spec={
                "pod_selector": {"match_labels": selector(NOTEBOOK)},
                "policy_types": ["Ingress", "Egress"],
                # One person's server never reaches another's.
                "ingress": [from_app(HUB, NAMESPACE, NOTEBOOK_PORT), from_app(PROXY, NAMESPACE, NOTEBOOK_PORT)],
                "egress": [to_app(HUB, NAMESPACE, HUB_PORT), internet()],
            },
            opts=opts,
        ),
    ]


def shared_folders(folders: Sequence[SharedFolder], storage_class: str, opts: ResourceOptions) -> list[Resource]:
    """A volume for each group that shares one. The hub mounts it in members' servers and can never delete it."""
    return [
        k8s.core.v1.PersistentVolumeClaim(
            resource_name("PersistentVolumeClaim", shared_claim(one.group), NOTEBOOKS),
            # The engine would wait for the claim to be bound, which its first server does.
            metadata=metadata(
                shared_claim(one.group),
                app=NOTEBOOK,
                namespace=NOTEBOOKS,
                annotations=NOT_AWAITED,
                extra_labels={f"{PREFIX}/group": one.group},
            ),
            spec={
                "access_modes": ["ReadWriteMany"],
                "storage_class_name": storage_class,
                "resources": {"requests": {"storage": one.size}},
            },
            # Data outlives its service: the engine refuses to delete it until somebody unprotects it.
            opts=ResourceOptions.merge(opts, ResourceOptions(protect=True)),
        )
        for one in folders
    ]


def prepull(images: Sequence[str], pause: str, opts: ResourceOptions) -> list[Resource]:
    """Have every notebook image on every node before anybody waits for it: each is run once, then nothing."""
    account = k8s.core.v1.ServiceAccount(
        resource_name("ServiceAccount", PREPULL, NOTEBOOKS),
        metadata=metadata(PREPULL, app=PREPULL, namespace=NOTEBOOKS),
        automount_service_account_token=False,
        opts=opts,
    )
    after = ResourceOptions.merge(opts, ResourceOptions(depends_on=[account]))
    return [
        account,
        k8s.apps.v1.DaemonSet(
            resource_name("DaemonSet", PREPULL, NOTEBOOKS),
            metadata=metadata(PREPULL, app=PREPULL, namespace=NOTEBOOKS),
            spec={"selector": {"match_labels": selector(PREPULL)}, "template": prepull_template(images, pause)},
            opts=after,
        ),
    ]


def prepull_template(images: Sequence[str], pause: str) -> k8s.core.v1.PodTemplateSpecArgsDict:
    """A pod whose first containers do nothing, one in each image."""

    def template(app: str, image: str, user: int, command: tuple[str, ...] = ()) -> dict[str, Any]:
        little = Resources(cpu="1m", cpu_limit="100m", memory="16Mi")
        args = PodArgs(app=app, image=image, user=user, resources=little, service_account=PREPULL, command=command)
        return cast(dict[str, Any], pod_template(args))

    whole = template(PREPULL, pause, PAUSE_USER)
    whole["spec"]["init_containers"] = [
        template(f"image-{number}", image, NOTEBOOK_USER, ("/usr/bin/true",))["spec"]["containers"][0]
        for number, image in enumerate(images)
    ]
    return cast("k8s.core.v1.PodTemplateSpecArgsDict", whole)


def rules() -> list[k8s.rbac.v1.PolicyRuleArgsDict]:
    """Start and stop pods, see why one does not start, and make people's volumes; never delete one."""
    return [
        {"api_groups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch", "create", "delete"]},
        {"api_groups": [""], "resources": ["events"], "verbs": ["get", "list", "watch"]},
        {"api_groups": [""], "resources": ["persistentvolumeclaims"], "verbs": ["get", "create"]},
    ]


def internet() -> EgressRule:
    """Data and packages from outside, on any port; nothing that is the site's own."""
    return {
        "to": [
            {"ip_block": {"cidr": "0.0.0.0/0", "except_": list(PRIVATE)}},
            {"ip_block": {"cidr": "::/0", "except_": list(PRIVATE_V6)}},
        ]
    }
