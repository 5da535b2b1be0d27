"""The site's cluster: made and connected to by its kind, whichever that is.

Finds the kind's module by its name; what a kind does stands in `components/clusters/`.
"""

from __future__ import annotations

import importlib
from typing import cast

import pulumi_kubernetes as k8s
from pulumi import Output, ResourceOptions, export

from arcos import paths
from arcos.platform.args import PlatformArgs
from arcos.platform.gather import cloud_buckets
from components.clusters.contract import ClusterArgs, Connection, Kind


def provider(args: PlatformArgs, opts: ResourceOptions) -> k8s.Provider:
    """Make the cluster, in push delivery, and connect to it. Its identity is the site, whatever its address becomes."""
    reached = _kind(args).make(_args(args), opts)
    _give_out(args, reached)
    return k8s.Provider(
        "cluster",
        kubeconfig=reached.kubeconfig,
        context=reached.context,
        cluster_identifier=args.site.name,
        # A changed ConfigMap is edited in place: replaced, it would be gone for a moment under running pods.
        enable_config_map_mutable=True,
        # A run that was killed left objects that the state does not know; the next one goes on with them. What another
        # manager wrote differently is still a conflict, and refused.
        upsert_existing_objects=True,
        opts=opts,
    )


def _give_out(args: PlatformArgs, reached: Connection) -> None:
    """The stack's outputs, the same for every kind; `./arcosctl` reads the kubeconfig from there."""
    if reached.kubeconfig is not None:
        export("kubeconfig", Output.secret(reached.kubeconfig))
    export("capabilities", args.site.cluster.capabilities.model_dump(mode="json", by_alias=True))
    export("nodes", reached.nodes)


def inside(args: PlatformArgs, opts: ResourceOptions) -> None:
    """What the kind puts into its cluster before anything else."""
    _kind(args).inside(_args(args), opts)


def _args(args: PlatformArgs) -> ClusterArgs:
    site = args.site
    return ClusterArgs(
        config=site.cluster,
        site=site.name,
        domain=site.domain,
        kubernetes=args.release.kubernetes,
        image=args.image,
        kubeconfig_file=str(paths.data_dir() / "sites" / site.name / "kubeconfig"),
        buckets=cloud_buckets(site),
    )


def _kind(args: PlatformArgs) -> Kind:
    """The module of the site's kind."""
    kind = args.site.cluster.kind
    return cast(Kind, importlib.import_module(f"components.clusters.{kind.replace('-', '_')}.cluster"))
