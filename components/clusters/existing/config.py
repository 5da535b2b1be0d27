"""What a site file may set for a cluster of kind `existing`. No Pulumi here: checking a site file stays fast."""

from __future__ import annotations

from typing import Literal

from components.clusters.capabilities import Capabilities
from components.units import Line, Settings


class ExistingCluster(Settings):
    """A cluster that somebody else runs; reached by a kubeconfig. kind, k3d and minikube belong here too."""

    kind: Literal["existing"]

    context: Line | None = None
    """Context in the kubeconfig. Default: its current context."""

    kubeconfig: Line | None = None
    """Path of the kubeconfig file. Default: the stack's secret `arcos:kubeconfig` (`pulumi config set --secret`), else
    what `kubectl` takes (KUBECONFIG, else ~/.kube/config)."""

    capabilities: Capabilities = Capabilities()
    """What the cluster offers, as its owner says. Default: nothing beyond plain Kubernetes."""
