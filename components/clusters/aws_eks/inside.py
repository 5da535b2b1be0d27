"""What is put into an EKS cluster before anything else: the storage classes. Nothing of AWS is imported here.

https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/docs/parameters.md
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi_kubernetes as k8s
from pulumi import ComponentResource, ResourceOptions

from components.clusters.capabilities import BLOCK_STORAGE, SHARED_STORAGE
from components.metadata import metadata, resource_name

_APP = "eks-storage"
_DEFAULT = {"storageclass.kubernetes.io/is-default-class": "true"}


@dataclass(frozen=True, kw_only=True)
class EksStorageClassesArgs:
    """`file_system` is an EFS id, or "" where the site has none."""

    file_system: str


class EksStorageClasses(ComponentResource):
    """Volumes for one pod, and for many where there is a file system."""

    def __init__(self, name: str, args: EksStorageClassesArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:components:EksStorageClasses", name, None, opts)
        child = ResourceOptions(parent=self)
        _block(child)
        if args.file_system:
            _shared(args.file_system, child)
        self.register_outputs({})


def _block(opts: ResourceOptions) -> k8s.storage.v1.StorageClass:
    """In the zone of the pod that asks first. A deleted claim deletes its volume, lest it be paid for unseen."""
    return k8s.storage.v1.StorageClass(
        resource_name("StorageClass", BLOCK_STORAGE),
        metadata=metadata(BLOCK_STORAGE, app=_APP, annotations=_DEFAULT),
        provisioner="ebs.csi.aws.com",
        parameters={"type": "gp3", "encrypted": "true", "csi.storage.k8s.io/fstype": "ext4"},
        reclaim_policy="Delete",
        volume_binding_mode="WaitForFirstConsumer",
        allow_volume_expansion=True,
        opts=opts,
    )


def _shared(file_system: str, opts: ResourceOptions) -> k8s.storage.v1.StorageClass:
    """A folder of its own in the file system for each claim, with an owner of its own; encrypted on the wire.

    https://github.com/kubernetes-sigs/aws-efs-csi-driver/blob/master/docs/README.md
    """
    return k8s.storage.v1.StorageClass(
        resource_name("StorageClass", SHARED_STORAGE),
        metadata=metadata(SHARED_STORAGE, app=_APP),
        provisioner="efs.csi.aws.com",
        parameters={
            "provisioningMode": "efs-ap",
            "fileSystemId": file_system,
            "directoryPerms": "700",
            "basePath": "/volumes",
            "ensureUniqueDirectory": "true",
        },
        mount_options=["tls"],
        reclaim_policy="Delete",
        volume_binding_mode="Immediate",
        # The size of such a volume is not held to by anybody; without this a claim that grows would be refused.
        allow_volume_expansion=True,
        opts=opts,
    )
