"""What can be asked about somebody else's cluster before its API is: whether a kubeconfig leads to it at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from arcos.checks import Check, fail
from arcos.site.model import Site
from arcos.site.release import Release
from components.clusters.existing.config import ExistingCluster


def checks(site: Site, _release: Release) -> Iterator[Check]:
    """A file that the site names must be there; what stands in it, kubectl says best."""
    config = site.cluster
    if isinstance(config, ExistingCluster) and config.kubeconfig and not Path(config.kubeconfig).expanduser().is_file():
        what = f"there is no file {config.kubeconfig}"
        yield fail("cluster.kubeconfig", what, "correct the path, or ask the cluster's owner for the file")
