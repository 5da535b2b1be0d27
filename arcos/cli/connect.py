"""Which kubeconfig and context a site's cluster is reached by.

In this order: a local site's own; the environment variable of the site (for CI, which keeps secrets there); what the
site file names; the output of the stack that made the cluster. The text of a kubeconfig is never printed, and lies in
a file that goes with this process (`arcos.apply.credentials`).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from arcos.errors import ArcosError
from arcos.paths import ROOT

if TYPE_CHECKING:
    from arcos.apply.kubectl import Kubectl
    from arcos.site.model import Site

#: Seconds: the state may be far away.
_TIMEOUT = 120


def kubectl_for(site: Site) -> Kubectl:
    """The site's kubectl.

    Raises:
        ArcosError: The local site is not running, or ``pulumi up`` has not made the cluster yet.
    """
    from arcos.apply.credentials import file_of
    from arcos.apply.kubectl import Kubectl

    if site.cluster.kind == "local":
        return Kubectl(_local(site), None)
    context: str | None = getattr(site.cluster, "context", None)
    if text := os.environ.get(variable(site.name)):
        return Kubectl(file_of(_kubeconfig(text, variable(site.name))), context)
    if given := getattr(site.cluster, "kubeconfig", None):
        return Kubectl(Path(given).expanduser(), context)
    if site.cluster.kind == "existing" and not _kept_by_stack(site.name):
        return Kubectl(None, context)
    return Kubectl(file_of(_from_stack(site)), context)


def variable(name: str) -> str:
    """The environment variable with the text of a site's kubeconfig. One a site: no other's can be taken by mistake."""
    return f"ARCOS_KUBECONFIG_{re.sub('[^A-Z0-9]', '_', name.upper())}"


def _local(site: Site) -> Path:
    from arcos.local.node import kubeconfig

    path = kubeconfig(site.name)
    if not path.exists():
        raise ArcosError(f"the local site '{site.name}' was never started", fix=f"./arcosctl up {site.name}")
    return path


def _kubeconfig(text: str, source: str) -> str:
    """The text, if it can be a kubeconfig; a path in its place is a common mistake."""
    if "clusters" not in text or "server" not in text:
        raise ArcosError(
            f"{source} holds no kubeconfig",
            why="it takes the text of the file, which has `clusters:` and a `server:` in it",
            fix=f'export {source}="$(cat FILE)"',
        )
    return text


def _kept_by_stack(name: str) -> bool:
    """Whether the stack file holds the kubeconfig of somebody else's cluster as a secret."""
    from arcos.site.loader import stack_secrets

    return "arcos:kubeconfig" in stack_secrets(name)


def _from_stack(site: Site) -> str:
    """What `pulumi up` gave out, or was given for an existing cluster."""
    existing = site.cluster.kind == "existing"
    asked = ("config", "get", "arcos:kubeconfig") if existing else ("stack", "output", "kubeconfig", "--show-secrets")
    pulumi = shutil.which("pulumi")
    where = f"stacks/Pulumi.{site.name}.yaml: cluster.kind {site.cluster.kind}"
    if pulumi is None:
        raise ArcosError(
            f"nothing here says how the cluster of site '{site.name}' is reached",
            where=where,
            why="its kubeconfig is kept in the Pulumi stack, and `pulumi` is not on the PATH",
            fix=f"install pulumi, or put the kubeconfig's text into {variable(site.name)}",
        )
    command = [pulumi, *asked, "--stack", site.name, "--non-interactive"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=_TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        why = f"`pulumi {' '.join(asked[:2])}` gave no answer in {_TIMEOUT} s"
        raise ArcosError(f"the state of site '{site.name}' cannot be read", where=where, why=why) from None
    if done.returncode != 0 or not done.stdout.strip():
        raise ArcosError(
            f"site '{site.name}' has no cluster to reach yet",
            where=where,
            # Only what went wrong: standard output is where the secret would be.
            why=(done.stderr.strip().splitlines() or ["the stack has no output `kubeconfig`"])[-1],
            fix=f"pulumi up -s {site.name}",
        )
    return _kubeconfig(done.stdout, "the stack's output `kubeconfig`")
