"""A cluster that somebody else made: nothing is made, nothing is put in, it is reached as the site file says.

Whether it offers what the site declares is asked by `./arcosctl preflight`.
https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
"""

from __future__ import annotations

from pulumi import Config, ResourceOptions

from components.clusters.contract import ClusterArgs, Connection
from components.clusters.existing.config import ExistingCluster


def make(args: ClusterArgs, _opts: ResourceOptions) -> Connection:
    """Its owner has made it. Without a file, the stack may keep the kubeconfig's text as a secret."""
    config: ExistingCluster = args.config
    return Connection(kubeconfig=config.kubeconfig or Config("arcos").get_secret("kubeconfig"), context=config.context)


def inside(_args: ClusterArgs, _opts: ResourceOptions) -> None:
    """Its owner has put in what there is; the platform adds its services only."""
