"""A cluster on one machine: DNS and a storage class inside. The cluster itself is made by `arcos.local`.

Owns nothing outside the Kubernetes API. The storage class's provisioner is a process of the node that makes real
directories. https://kubernetes.io/docs/concepts/storage/storage-classes/
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi_kubernetes as k8s
from pulumi import ComponentResource, ResourceOptions

from components.clusters.contract import ClusterArgs, Connection
from components.clusters.local.config import LOCAL_STORAGE
from components.coredns import CoreDns, CoreDnsArgs
from components.metadata import metadata, resource_name
from components.route import INGRESS
from components.seeder import CaSecret

#: The certificate authority that `up` puts into the cluster before anything else is applied.
LOCAL_CA = CaSecret(namespace="kube-system", name="arcos-local-ca")
#: The name that the node's own provisioner answers to.
PROVISIONER = "arcos.dev/local-directory"


def make(args: ClusterArgs, _opts: ResourceOptions) -> Connection:
    """`./arcosctl up` has started it, and wrote how it is reached."""
    return Connection(kubeconfig=args.kubeconfig_file)


def inside(args: ClusterArgs, opts: ResourceOptions) -> None:
    """DNS that answers the site's domain with the ingress, and volumes."""
    dns = CoreDnsArgs(
        image=args.image("coredns"), domain=args.domain, ingress_service=f"{INGRESS}.{INGRESS}.svc.cluster.local"
    )
    LocalCluster("local-cluster", LocalClusterArgs(storage_class=LOCAL_STORAGE, coredns=dns), opts=opts)


@dataclass(frozen=True, kw_only=True)
class LocalClusterArgs:
    """`storage_class` becomes the default one; the rest is CoreDNS's."""

    storage_class: str
    coredns: CoreDnsArgs


class LocalCluster(ComponentResource):
    """Cluster DNS and the default storage class of a cluster on one machine."""

    def __init__(self, name: str, args: LocalClusterArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:components:LocalCluster", name, None, opts)
        child = ResourceOptions(parent=self)
        _storage_class(args, child)
        CoreDns("coredns", args.coredns, opts=child)
        self.register_outputs({})


def _storage_class(args: LocalClusterArgs, opts: ResourceOptions) -> k8s.storage.v1.StorageClass:
    """Kept when its claim goes (`Retain`) is what `--delete-data` is for; so a deleted claim deletes its directory."""
    return k8s.storage.v1.StorageClass(
        resource_name("StorageClass", args.storage_class),
        metadata=metadata(
            args.storage_class,
            app="local-cluster",
            annotations={"storageclass.kubernetes.io/is-default-class": "true"},
        ),
        provisioner=PROVISIONER,
        reclaim_policy="Delete",
        volume_binding_mode="WaitForFirstConsumer",
        opts=opts,
    )
