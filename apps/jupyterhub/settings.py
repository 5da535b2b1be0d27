"""What the hub is told of its site: `site.json`, which `jupyterhub_config.py` reads. Pure: no Pulumi, no cluster.

https://jupyterhub-kubespawner.readthedocs.io/en/latest/spawner.html#kubespawner.KubeSpawner.profile_list
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apps.jupyterhub.config import JupyterHubConfig, Profile
from components.baseline import USER as USER_PRIORITY
from components.database import HOST, Database
from components.database import PORT as DATABASE_PORT
from components.facts import Facts
from components.gpu import NAMES
from components.groups import OPERATORS, RESEARCHERS
from components.oidc import BACKCHANNEL, issuer
from components.quantity import millicores, seconds, to_bytes
from components.route import public_url

HUB, PROXY, NAMESPACE, NOTEBOOKS = "jupyterhub", "proxy", "jupyterhub", "notebooks"
HUB_PORT, PROXY_PORT, PROXY_API_PORT, NOTEBOOK_PORT = 8081, 8000, 8001, 8888
#: The user in all notebook images.
NOTEBOOK_USER = 10087


def address(config: JupyterHubConfig, facts: Facts) -> str:
    """The hub's address as people type it, without a slash at its end."""
    return public_url(config.host, facts.https_port).rstrip("/") if config.host else facts.url("hub")


def site(config: JupyterHubConfig, facts: Facts, image: Callable[[str], str]) -> dict[str, Any]:
    """All that differs between sites."""
    url = address(config, facts)
    return {
        "title": facts.title,
        "url": url,
        "hub": f"http://{HUB}.{NAMESPACE}.svc.cluster.local:{HUB_PORT}",
        "proxy": f"http://{PROXY}.{NAMESPACE}.svc.cluster.local:{PROXY_API_PORT}",
        "database": {"user": Database(app=HUB, namespace=NAMESPACE).name, "host": f"{HOST}:{DATABASE_PORT}"},
        "signOn": {"public": issuer(facts), "inside": BACKCHANNEL},
        "afterSignOut": public_url(facts.domain, facts.https_port),
        "allowedGroups": sorted(config.groups_named()),
        "adminGroups": [OPERATORS],
        "everybodysGroups": [OPERATORS, RESEARCHERS],
        "namedServers": config.named_servers,
        "servers": config.servers,
        "idleSeconds": seconds(config.idle),
        "notebooks": {
            "namespace": NOTEBOOKS,
            "user": NOTEBOOK_USER,
            "home": config.home,
            "storageClass": facts.storage_class,
            "priorityClass": USER_PRIORITY,
        },
        "shared": [{"group": one.group, "claim": shared_claim(one.group)} for one in config.shared],
        "profiles": [
            {
                "groups": list(one.groups) or [OPERATORS, RESEARCHERS],
                "profile": profile(one, facts, image, first=number == 0),
            }
            for number, one in enumerate(config.profiles)
        ],
    }


def shared_claim(group: str) -> str:
    """Name of the volume claim of a group's folder."""
    return f"group-{group}"


def profile(one: Profile, facts: Facts, image: Callable[[str], str], *, first: bool) -> dict[str, Any]:
    """One entry of KubeSpawner's list; sizes in cores and bytes."""
    override: dict[str, Any] = {
        "image": image(one.image),
        "cpu_limit": millicores(one.cpu) / 1000,
        "cpu_guarantee": min(millicores(one.cpu_request), millicores(one.cpu)) / 1000,
        "mem_limit": to_bytes(one.memory),
        "mem_guarantee": to_bytes(one.memory_request or one.memory),
    }
    if one.gpu:
        resource = {NAMES[one.gpu_vendor or facts.gpu[0]].resource: str(one.gpu)}
        override |= {"extra_resource_limits": resource, "extra_resource_guarantees": resource}
        if facts.gpu_taints:
            # What keeps everybody else away from the nodes with GPUs.
            override["tolerations"] = [
                {"key": key, "operator": "Exists", "effect": "NoSchedule"} for key in facts.gpu_taints
            ]
    if one.longest:
        # Set beside what the hub sets for every pod.
        override["extra_pod_config"] = {
            "enableServiceLinks": False,
            "automountServiceAccountToken": False,
            "activeDeadlineSeconds": seconds(one.longest),
        }
    size = f"{one.cpu} CPU, {one.memory} of memory" + (f", {one.gpu} GPU" if one.gpu else "")
    return {
        "slug": one.name,
        "display_name": one.title or f"{one.name}: {size}",
        "description": one.description or f"Image {one.image}, {size}.",
        "default": first,
        "kubespawner_override": override,
    }
