"""A cluster that OpenStack's Magnum service makes: its resources in the cloud, and what is put into it.

Leaves out what Magnum's driver brings: network, DNS, the drivers of Cinder and Octavia.
https://docs.openstack.org/magnum/latest/user/
"""

from __future__ import annotations

from pulumi import ResourceOptions

from components.clusters import gpu_plugin
from components.clusters.contract import NODE_SHELL, ClusterArgs, Connection
from components.clusters.gpu_plugin import GpuPlugin, GpuPluginArgs
from components.clusters.node_labels import NodeLabels, NodeLabelsArgs
from components.clusters.openstack.storage import OpenStackStorage, OpenStackStorageArgs
from components.clusters.openstack_magnum import choices
from components.clusters.openstack_magnum.config import OpenStackMagnum


def make(args: ClusterArgs, opts: ResourceOptions) -> Connection:
    """The cluster and its pools."""
    # Not above: whoever only renders a site need not wait for this SDK.
    from components.clusters.openstack_magnum.building import MagnumCluster, MagnumClusterArgs

    config: OpenStackMagnum = args.config
    made = MagnumCluster(
        "magnum", MagnumClusterArgs(config=config, site=args.site, kubernetes=args.kubernetes), opts=opts
    )
    return Connection(kubeconfig=made.kubeconfig, nodes=choices.reached(config, NODE_SHELL))


def inside(args: ClusterArgs, opts: ResourceOptions) -> None:
    """Storage classes, labels and taints of nodes, which Magnum does not pass on, and GPUs where the site says so."""
    config: OpenStackMagnum = args.config
    storage = OpenStackStorageArgs(
        volume_type=config.volume_type,
        share_type=config.share_type,
        share_protocol=config.share_protocol,
        share_network=config.share_network,
        share_clients=config.share_clients,
    )
    OpenStackStorage("storage", storage, opts=opts)
    NodeLabels(
        "node-labels",
        NodeLabelsArgs(image=args.image("node-pools"), pools=config.node_pools, pool_labels=choices.POOL_LABELS),
        opts=opts,
    )
    if config.gpu_plugin and gpu_plugin.wanted(config.node_pools):
        GpuPlugin("gpu-plugin", GpuPluginArgs(image=args.image(gpu_plugin.APP)), opts=opts)
