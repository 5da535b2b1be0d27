"""Every site, evaluated once, and some that are at the edge of what a site file may say."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from arcos.render.evaluate import evaluate
from arcos.render.order import Manifest
from arcos.site.loader import load_site, site_names
from arcos.site.model import Site
from arcos.site.release import ImagePin, Release, load_release
from tests.certificates import certificate

_NO_DUMPS = {"kind": "none", "reason": "the centre saves its volumes"}
_AAF = {
    "kind": "oidc",
    "name": "aaf",
    "issuer": "https://aaf.example.org",
    "clientId": "x",
    "admit": [{"values": ["*@example.org"]}],
}
_UNI = {
    "kind": "saml",
    "name": "uni",
    "entityId": "https://idp.example.org/idp",
    "metadata": "https://mdq.example.org:8443/uni",
    "everyone": {"reason": "all of the university are meant"},
}
_EKS = {
    "kind": "aws-eks",
    "admins": ["arn:aws:iam::111122223333:role/arcos-operator"],
    "hostedZone": "Z0123456789ABCDEFGHIJ",
    "autoscaling": True,
    "nodePools": [{"name": "core", "instanceType": "m7i.large", "min": 1, "max": 6}],
}
#: Changes to a real site that make an unusual one: what a site file may say, this program must be able to be.
UNUSUAL: dict[str, tuple[str, dict[str, Any]]] = {
    "nothing-on": ("hpc-perth", {"apps": {}}),
    "ingress-only": ("hpc-perth", {"apps": {"ingress": {}}}),
    "welcome-only": ("hpc-perth", {"apps": {"welcome": {}}}),
    "other-ports": ("local", {"cluster": {"kind": "local", "httpPort": 8080, "httpsPort": 8443, "apiPort": 7443}}),
    "many-proxies": ("nectar-qld", {"apps": {"ingress": {"replicas": 20}, "welcome": {"host": "www.example.edu.au"}}}),
    "sign-on-only": (
        "hpc-perth",
        {
            "apps": {
                "ingress": {},
                "database": {"backup": _NO_DUMPS},
                "auth": {"federations": [_AAF, _UNI], "authorities": [certificate()]},
            }
        },
    ),
    "members-only": (
        "hpc-perth",
        {
            "apps": {
                "ingress": {},
                "welcome": {"groups": ["operators", "researchers"]},
                "database": {"backup": _NO_DUMPS},
                "auth": {},
            }
        },
    ),
    "grafana": (
        "hpc-perth",
        {
            "apps": {
                "ingress": {},
                "database": {"backup": _NO_DUMPS},
                "auth": {"groups": [{"name": "lab"}, {"name": "leads"}]},
                "monitoring": {"page": False, "grafana": {"editors": ["lab"], "viewers": ["leads"]}},
            }
        },
    ),
    "hub-on-hpc": (
        "hpc-perth",
        {
            "apps": {
                "ingress": {},
                "database": {"backup": _NO_DUMPS},
                "auth": {"groups": [{"name": "lab"}]},
                "jupyterhub": {
                    "profiles": [{"name": "g", "image": "notebook-scipy", "gpu": 1, "groups": ["lab"]}],
                    "shared": [{"group": "lab"}],
                },
            }
        },
    ),
    "names-and-machines-on-aws": (
        "aws-sydney",
        {"cluster": _EKS, "apps": {"ingress": {}, "welcome": {"host": "www.sydney.example.org"}, "dns": {}}},
    ),
    "names-on-openstack": (
        "nectar-qld",
        {"apps": {"ingress": {}, "dns": {"zone": "example.edu.au", "provider": {"kind": "designate"}}}},
    ),
    "names-on-ones-own": (
        "nectar-qld",
        {
            "apps": {
                "ingress": {},
                "dns": {"provider": {"kind": "rfc2136", "server": "ns1.example.edu.au", "key": "arcos-qld"}},
            }
        },
    ),
    "local-named-secret": ("local", {"apps": {"ingress": {"tls": {"kind": "secret", "name": "mine"}}}}),
}


def pinned(release: Release) -> Release:
    """The release with a digest for every image that depends on nothing but the image's name."""
    images = {
        name: ImagePin(version=pin.version, digest="sha256:" + hashlib.sha256(name.encode()).hexdigest())
        for name, pin in release.images.items()
    }
    return release.model_copy(update={"images": images})


def unusual_site(name: str) -> Site:
    base, changes = UNUSUAL[name]
    data = load_site(base).model_dump(mode="json", by_alias=True, exclude_unset=True)
    return Site.model_validate({**data, **changes, "name": name}, strict=False)


@pytest.fixture(scope="session")
def every_site() -> dict[str, Site]:
    return {name: load_site(name) for name in site_names()} | {name: unusual_site(name) for name in UNUSUAL}


@pytest.fixture(scope="session")
def rendered(every_site: dict[str, Site]) -> dict[str, list[Manifest]]:
    """The objects of every site, with a digest for every image."""
    return {name: evaluate(site, pinned(load_release(site.release))) for name, site in every_site.items()}


@pytest.fixture(scope="session")
def objects(rendered: dict[str, list[Manifest]]) -> list[tuple[str, Manifest]]:
    """Every object of every site, with a name for messages."""
    return [
        (f"{site}: {m['kind']} {m['metadata'].get('namespace', '')}/{m['metadata']['name']}", m)
        for site, manifests in rendered.items()
        for m in manifests
    ]


@pytest.fixture(scope="session")
def pods(objects: list[tuple[str, Manifest]]) -> list[tuple[str, Manifest]]:
    """Every pod template of every site with its metadata, and the namespace it runs in."""
    found = []
    for where, manifest in objects:
        if template := manifest.get("spec", {}).get("template") if isinstance(manifest.get("spec"), dict) else None:
            meta = template["metadata"] | {"namespace": manifest["metadata"]["namespace"]}
            found.append((where, template | {"metadata": meta}))
    return found
