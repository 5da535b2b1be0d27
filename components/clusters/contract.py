"""What every kind of cluster takes and gives, so that the platform program treats them all alike.

A kind is a folder beside this file: `config.py` (what a site file may set) and `cluster.py`, a :class:`Kind`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pulumi import Input, ResourceOptions

from components.bucket import Bucket

#: Works on every cluster without a key or an open port.
#: https://kubernetes.io/docs/tasks/debug/debug-cluster/kubectl-node-debug/
NODE_SHELL = "kubectl debug node/NAME -it --image=IMAGE --profile=sysadmin"


@dataclass(frozen=True, kw_only=True)
class CloudBucket:
    """A bucket that a kind makes in its cloud, with a role for the pods that use it; `name` is the cloud's for it."""

    bucket: Bucket
    name: str


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    """What a cluster is made from. `config` is the kind's own settings.

    `site` names it, `kubernetes` is the minor version as in `1.37`, `image` gives a reference by digest. A cluster that
    `arcosctl` itself starts keeps its kubeconfig in `kubeconfig_file`. `buckets` are asked of kinds whose capabilities
    offer `object_storage` without keys.
    """

    config: Any
    site: str
    domain: str
    kubernetes: str
    image: Callable[[str], str]
    kubeconfig_file: str
    buckets: Sequence[CloudBucket] = ()


@dataclass(frozen=True, kw_only=True)
class Connection:
    """How a cluster is reached: a kubeconfig (its text, always a secret, or a file's path), and which context of it.

    Nothing means what `kubectl` takes by itself. `nodes` tells a person how to get a shell on a machine of it.
    """

    kubeconfig: Input[str] | None = None
    context: str | None = None
    nodes: Input[str] = NODE_SHELL


class Kind(Protocol):
    """The module `cluster.py` of a kind."""

    def make(self, args: ClusterArgs, opts: ResourceOptions, /) -> Connection:
        """Make the cluster, in push delivery: its machines, its network, whatever the cloud bills. Nothing inside."""

    def inside(self, args: ClusterArgs, opts: ResourceOptions, /) -> None:
        """Put in what services take for granted there (storage classes, DNS, GPU plugins), in both deliveries."""
