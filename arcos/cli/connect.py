"""Which kubeconfig and context a site's cluster is reached by."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from arcos.errors import ArcosError

if TYPE_CHECKING:
    from arcos.apply.kubectl import Kubectl
    from arcos.site.model import Site


def kubectl_for(site: Site) -> Kubectl:
    """The site's kubectl.

    Raises:
        ArcosError: The local site is not running, or this cluster kind is made by ``pulumi up``, which comes with
            the cloud clusters.
    """
    from arcos.apply.kubectl import Kubectl

    if site.cluster.kind == "local":
        from arcos.local.node import kubeconfig

        path = kubeconfig(site.name)
        if not path.exists():
            raise ArcosError(f"the local site '{site.name}' was never started", fix=f"./arcosctl up {site.name}")
        return Kubectl(path, None)
    if site.cluster.kind == "existing":
        given = site.cluster.kubeconfig
        return Kubectl(Path(given).expanduser() if given else None, site.cluster.context)
    raise ArcosError(
        f"site '{site.name}' has no cluster to reach yet",
        where=f"stacks/Pulumi.{site.name}.yaml: cluster.kind {site.cluster.kind}",
        why="clusters of this kind are made by push delivery, which this release does not have yet",
        fix=f"./arcosctl render {site.name} --out rendered shows what it would be",
    )
