"""Everything a node finds in its site's folder when it starts: keys, configuration, kubeconfigs, the specification.

Written anew at each start, from the site, so that a half-written start mends itself; keys are kept as they are.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arcos.local import cgroups, identities, network, pki, plan
from arcos.local import processes as proc
from arcos.local.state import FOLDERS
from arcos.paths import ROOT

if TYPE_CHECKING:
    from arcos.site.model import Site


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was found out before a node starts.

    ``programs`` is the toolchain's folder, ``machine`` the paths of the machine's own programs, ``published`` the
    loopback ports by name (http, https, api; simulated: api only). ``settings`` go into the node's record, to be
    compared with later.
    """

    programs: Path
    machine: Mapping[str, str]
    published: Mapping[str, int]
    settings: Mapping[str, Any]


def write(site: Site, folder: Path, node: plan.Node, found: Found, files: Mapping[str, str]) -> Path:
    """Write it all below `folder`, `files` into its `etc`, and return the specification for the supervisor."""
    for name in FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in ("etcd", "volumes"):
        (folder / ("simulated" if node.simulate else "data") / name).mkdir(exist_ok=True, mode=0o700)
    keys = folder / "pki"
    pki.make_cluster_keys(keys, identities.leaves(site.name))
    secret(keys / "encryption.yaml", plan.encryption(pki.encryption_key(keys)))
    for name, text in files.items():
        secret(folder / "etc" / name, text)
    for name in identities.CLIENTS:
        secret(keys / f"{name}.kubeconfig", kubeconfig_for(keys, name, site.name, node.ports.api))
    secret(folder / "kubeconfig", kubeconfig_for(keys, "admin", site.name, found.published["api"]))
    proc.write_json(str(folder / "run" / "spec.json"), specification(site, folder, node, found))
    return folder / "run" / "spec.json"


def specification(site: Site, folder: Path, node: plan.Node, found: Found) -> dict[str, Any]:
    """What the holder and the supervisor are told."""
    home = str(folder / "run") if node.simulate else "/root"
    published = dict(found.published)
    common = {
        "simulate": node.simulate,
        "folder": str(folder),
        "cgroup": "" if node.simulate else cgroups.name(str(folder)),
        # The site's folder tells a process apart from another site's in `ps e`.
        "environment": {"PATH": plan.PATH, "HOME": home, "LANG": "C.UTF-8", "ARCOS_SITE": str(folder)},
        "processes": plan.processes(node, plan.node_names(site, simulate=node.simulate)[0]),
        "record": {
            "site": site.name,
            "simulate": node.simulate,
            "ports": published,
            "settings": dict(found.settings),
        },
    }
    if node.simulate:
        return common
    return {
        **common,
        # Without what a virtual environment adds: the supervisor needs the standard library and this checkout.
        "python": [sys.executable, "-S"],
        "root": str(ROOT),
        "unshare": found.machine["unshare"],
        "slirp4netns": found.machine["slirp4netns"],
        "programs": {name: str((found.programs / name).resolve()) for name in plan.REAL},
        "hostname": site.name,
        "address": network.ADDRESS,
        "dns": network.DNS,
        "forwards": network.forwards(published["http"], published["https"], published["api"]),
    }


def kubeconfig_for(keys: Path, name: str, site: str, port: int) -> str:
    """A kubeconfig with everything in it; JSON, which is YAML too. The caller keeps it for its owner only."""

    def encoded(file: str) -> str:
        return base64.b64encode((keys / file).read_bytes()).decode()

    context = f"arcos-{site}"
    cluster = {"server": f"https://{network.LOOPBACK}:{port}", "certificate-authority-data": encoded("ca.crt")}
    user = {"client-certificate-data": encoded(f"{name}.crt"), "client-key-data": encoded(f"{name}.key")}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "clusters": [{"name": context, "cluster": cluster}],
        "users": [{"name": context, "user": user}],
        "contexts": [{"name": context, "context": {"cluster": context, "user": context}}],
    }
    return json.dumps(content, indent=1) + "\n"


def secret(path: Path, text: str) -> None:
    """Write a file whole or not at all, for its owner only."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    temporary.replace(path)
