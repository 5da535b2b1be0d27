"""Volumes on OpenStack: a class of Cinder's for one pod, the default, and one of Manila's for many where there is one.

Owns the two StorageClasses only. The drivers behind them come with the cluster. A deleted claim deletes its volume, as
everywhere; that no claim goes by accident is `components.workload`'s.
https://github.com/kubernetes/cloud-provider-openstack/tree/master/docs
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pulumi_kubernetes as k8s
from pulumi import ComponentResource, ResourceOptions

from components.clusters.capabilities import BLOCK_STORAGE, SHARED_STORAGE
from components.metadata import metadata, resource_name

_APP = "storage"
_CINDER = "cinder.csi.openstack.org"
#: Where Magnum's drivers put what Manila's driver signs in with.
#: https://github.com/vexxhost/magnum-cluster-api/blob/main/magnum_cluster_api/resources.py
MANILA_SECRET, MANILA_NAMESPACE = "csi-manila-secrets", "kube-system"
#: The moments at which the driver is handed that secret.
_STAGES = ("provisioner", "controller-expand", "node-stage", "node-publish")


@dataclass(frozen=True, kw_only=True)
class OpenStackStorageArgs:
    """Cinder's and Manila's types by name; without `share_type` there is no shared class."""

    volume_type: str | None
    share_type: str | None
    share_protocol: Literal["nfs", "cephfs"]
    share_network: str | None
    share_clients: str | None


class OpenStackStorage(ComponentResource):
    """The storage classes of an OpenStack cluster."""

    def __init__(self, name: str, args: OpenStackStorageArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:components:OpenStackStorage", name, None, opts)
        child = ResourceOptions(parent=self)
        _block(args, child)
        if args.share_type:
            _shared(args, child)
        self.register_outputs({})


def block_parameters(args: OpenStackStorageArgs) -> dict[str, str]:
    """What Cinder's driver is told; nothing where the cloud's own type is meant."""
    return {"type": args.volume_type} if args.volume_type else {}


def shared_parameters(args: OpenStackStorageArgs) -> dict[str, str]:
    """What Manila's driver is told: the type, the network that shares are reached in, and where it finds its secret."""
    told = {"type": args.share_type or ""} | ({"shareNetworkID": args.share_network} if args.share_network else {})
    if args.share_clients and args.share_protocol == "nfs":
        told["nfs-shareClient"] = args.share_clients
    for stage in _STAGES:
        told[f"csi.storage.k8s.io/{stage}-secret-name"] = MANILA_SECRET
        told[f"csi.storage.k8s.io/{stage}-secret-namespace"] = MANILA_NAMESPACE
    return told


def _block(args: OpenStackStorageArgs, opts: ResourceOptions) -> k8s.storage.v1.StorageClass:
    """A volume is made in the zone of the node that its first pod was given."""
    return k8s.storage.v1.StorageClass(
        resource_name("StorageClass", BLOCK_STORAGE),
        metadata=metadata(BLOCK_STORAGE, app=_APP, annotations={"storageclass.kubernetes.io/is-default-class": "true"}),
        provisioner=_CINDER,
        parameters=block_parameters(args) or None,
        reclaim_policy="Delete",
        allow_volume_expansion=True,
        volume_binding_mode="WaitForFirstConsumer",
        opts=opts,
    )


def _shared(args: OpenStackStorageArgs, opts: ResourceOptions) -> k8s.storage.v1.StorageClass:
    return k8s.storage.v1.StorageClass(
        resource_name("StorageClass", SHARED_STORAGE),
        metadata=metadata(SHARED_STORAGE, app=_APP),
        provisioner=f"{args.share_protocol}.manila.csi.openstack.org",
        parameters=shared_parameters(args),
        reclaim_policy="Delete",
        allow_volume_expansion=True,
        volume_binding_mode="Immediate",
        opts=opts,
    )
