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

from arcos.errors import USAGE, ArcosError, NotYetError
from arcos.paths import ROOT

if TYPE_CHECKING:
    from arcos.apply.kubectl import Kubectl
    from arcos.site.model import Site

#: Seconds: the state may be far away.
_TIMEOUT = 120


def kubectl_for(site: Site) -> Kubectl:
    """The site's kubectl.

    Raises:
        NotYetError: The local site is not running, or ``pulumi up`` has not made the cluster yet.
        ArcosError: What should lead to it does not.
    """
    from arcos.apply.credentials import file_of
    from arcos.apply.kubectl import Kubectl

    if site.cluster.kind == "local":
        return Kubectl(_local(site), None, site=site.name)
    context: str | None = getattr(site.cluster, "context", None)
    if text := os.environ.get(variable(site.name)):
        source = variable(site.name)
        return Kubectl(file_of(_kubeconfig(text, source, site)), context, site=site.name, source=source)
    if given := getattr(site.cluster, "kubeconfig", None):
        return Kubectl(_file(given, site), context, site=site.name)
    if site.cluster.kind == "existing" and not _kept_by_stack(site.name):
        return Kubectl(None, context, site=site.name)
    return Kubectl(file_of(_from_stack(site)), context, site=site.name, source=f"the kubeconfig of stack {site.name}")


def variable(name: str) -> str:
    """The environment variable with the text of a site's kubeconfig. One a site: no other's can be taken by mistake."""
    return f"ARCOS_KUBECONFIG_{re.sub('[^A-Z0-9]', '_', name.upper())}"


def _local(site: Site) -> Path:
    from arcos.local.node import kubeconfig

    path = kubeconfig(site.name)
    if not path.exists():
        raise NotYetError(f"the local site '{site.name}' was never started", fix=f"./arcosctl up {site.name}")
    return path


def _file(given: str, site: Site) -> Path:
    """The file that a site names; a relative path begins at the checkout, wherever `arcosctl` is called."""
    # As `Path.expanduser`, and no error where there is no such user.
    path = ROOT / os.path.expanduser(given)  # noqa: PTH111
    if path.is_file() and os.access(path, os.R_OK):
        return path
    why = "it is a folder" if path.is_dir() else "you may not read it" if path.exists() else f"there is no file {path}"
    raise ArcosError(
        f"the kubeconfig {given} cannot be read",
        where=f"stacks/Pulumi.{site.name}.yaml: cluster.kubeconfig",
        why=why,
        fix=f"correct the path, ask the cluster's owner for the file, or put its text into {variable(site.name)}",
        exit_code=USAGE,
    )


def _kubeconfig(text: str, source: str, site: Site) -> str:
    """The text, if it can be a kubeconfig; a path in its place is a common mistake."""
    if "clusters" not in text or "server" not in text:
        raise ArcosError(
            f"{source} holds no kubeconfig",
            why="it takes the text of the file, which has `clusters:` and a `server:` in it",
            fix=f'export {variable(site.name)}="$(cat FILE)"',
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
        raise (ArcosError if existing else NotYetError)(
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
        # Only what went wrong: standard output is where the secret would be.
        said = done.stderr.strip().splitlines()
        if existing:
            raise ArcosError(
                f"the kubeconfig of site '{site.name}' cannot be read",
                where=f"stacks/Pulumi.{site.name}.yaml: arcos:kubeconfig",
                why=(said or ["the secret is empty"])[-1],
                fix=f"cat FILE | pulumi config set --secret arcos:kubeconfig -s {site.name}",
            )
        raise NotYetError(
            f"site '{site.name}' has no cluster to reach yet",
            where=where,
            why=(said or ["the stack has no output `kubeconfig`"])[-1],
            fix=f"pulumi up -s {site.name}",
        )
    kept = "the secret `arcos:kubeconfig`" if existing else "the stack's output `kubeconfig`"
    return _kubeconfig(done.stdout, kept, site)
