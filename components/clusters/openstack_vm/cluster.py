"""A cluster on plain OpenStack machines: its resources in the cloud, and what is put into it.

K3s brings network, network policies, DNS and a provisioner of directories; the rest of it is switched off.
https://docs.k3s.io/
"""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as k8s
from pulumi import ResourceOptions

from components.clusters import gpu_plugin
from components.clusters.capabilities import BLOCK_STORAGE
from components.clusters.contract import NODE_SHELL, ClusterArgs, Connection
from components.clusters.gpu_plugin import GpuPlugin, GpuPluginArgs
from components.clusters.openstack_vm.config import OpenStackVm
from components.metadata import metadata, resource_name

#: K3s's own provisioner: a directory on the volume of the machine that a pod was given.
#: https://docs.k3s.io/storage#setting-up-the-local-storage-provider
_PROVISIONER = "rancher.io/local-path"


def make(args: ClusterArgs, opts: ResourceOptions) -> Connection:
    """Network, load balancer and machines."""
    # Not above: whoever only renders a site need not wait for this SDK.
    from components.clusters.openstack_vm.building import SEED, VmCluster, VmClusterArgs

    config: OpenStackVm = args.config
    seed = pulumi.Config("arcos").get_secret(SEED)
    made = VmCluster("machines", VmClusterArgs(config=config, site=args.site, seed=seed), opts=opts)
    shell = f"{NODE_SHELL} ; or ssh with {config.key_pair} from inside the network" if config.key_pair else NODE_SHELL
    return Connection(kubeconfig=made.kubeconfig, nodes=shell)


def inside(args: ClusterArgs, opts: ResourceOptions) -> None:
    """The default storage class, and what GPUs need."""
    config: OpenStackVm = args.config
    _storage_class(opts)
    if config.gpu_plugin and gpu_plugin.wanted(config.node_pools):
        GpuPlugin("gpu-plugin", GpuPluginArgs(image=args.image(gpu_plugin.APP)), opts=opts)


def _storage_class(opts: ResourceOptions) -> k8s.storage.v1.StorageClass:
    """A volume is made where its first pod runs, on that machine's Cinder volume."""
    return k8s.storage.v1.StorageClass(
        resource_name("StorageClass", BLOCK_STORAGE),
        metadata=metadata(
            BLOCK_STORAGE, app="storage", annotations={"storageclass.kubernetes.io/is-default-class": "true"}
        ),
        provisioner=_PROVISIONER,
        reclaim_policy="Delete",
        volume_binding_mode="WaitForFirstConsumer",
        opts=opts,
    )
