"""A Magnum cluster's resources: a template of its own where the site names none, the cluster, a node group a pool.

Owns what is asked of Magnum; what it asks stands in `choices.py`, why in docs/adr/0026-magnum.md. Imported only when a
cluster is made: the SDK takes seconds to load.
https://docs.openstack.org/magnum/latest/user/
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_openstack as openstack
from pulumi import ComponentResource, CustomTimeouts, InvokeOptions, Output, ResourceOptions

from components.clusters.openstack_magnum import choices, versions
from components.clusters.openstack_magnum.config import OpenStackMagnum


@dataclass(frozen=True, kw_only=True)
class MagnumClusterArgs:
    """`kubernetes` is the minor version as in `1.37`, `site` names the cluster."""

    config: OpenStackMagnum
    site: str
    kubernetes: str


class MagnumCluster(ComponentResource):
    """A Kubernetes cluster that Magnum makes and keeps."""

    kubeconfig: Output[str]
    """For an administrator, with a client certificate that Magnum has signed; always secret."""

    def __init__(self, name: str, args: MagnumClusterArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:components:MagnumCluster", name, None, opts)
        template = _named(args, self) if args.config.template else _own(args, self)
        cluster = _cluster(args, template, ResourceOptions(parent=self))
        _node_groups(args, cluster, ResourceOptions(parent=self))
        self.kubeconfig = _kubeconfig(cluster)
        self.register_outputs({"kubeconfig": self.kubeconfig})


def _named(args: MagnumClusterArgs, parent: MagnumCluster) -> Output[str]:
    """The id of a template that the cloud offers."""
    name = args.config.template or ""
    found = openstack.containerinfra.get_cluster_template_output(name=name, opts=InvokeOptions(parent=parent))

    def checked(labels: dict[str, str], template: str) -> str:
        versions.of_template(name, labels, args.kubernetes)
        return template

    return Output.all(found.labels, found.id).apply(lambda both: checked(*both))


def _own(args: MagnumClusterArgs, parent: MagnumCluster) -> Output[str]:
    """A template that is never edited, since Magnum refuses that while a cluster uses it: another one takes its place.

    The cluster then moves to the new one, machine by machine, before the old one goes.
    """
    config, name = args.config, args.config.image or ""
    asked = InvokeOptions(parent=parent)
    image = openstack.images.get_image_output(name=name, most_recent=True, opts=asked)
    network = openstack.networking.get_network_output(name=config.external_network, external=True, opts=asked)
    version = image.properties.apply(lambda told: versions.of_image(name, told, args.kubernetes))
    labels = version.apply(lambda found: choices.template_labels(config, found))
    template = openstack.containerinfra.ClusterTemplate(
        "template",
        name=Output.all(image.id, network.id, labels).apply(lambda asked: choices.template_name(args.site, *asked)),
        coe="kubernetes",
        server_type="vm",
        image=image.id,
        external_network_id=network.id,
        network_driver="calico",
        volume_driver="cinder",
        master_lb_enabled=True,
        floating_ip_enabled=False,
        labels=labels,
        opts=ResourceOptions(parent=parent, replace_on_changes=["*"]),
    )
    return template.id


def _cluster(
    args: MagnumClusterArgs, template: pulumi.Input[str], opts: ResourceOptions
) -> openstack.containerinfra.Cluster:
    """Protected: with it go its etcd and everything in it. Its flavors and labels are for good, as Magnum has it."""
    config = args.config
    return openstack.containerinfra.Cluster(
        "cluster",
        name=choices.cluster_name(args.site),
        cluster_template_id=template,
        master_count=config.control_plane_nodes,
        node_count=config.system_nodes,
        master_flavor=config.control_plane_flavor,
        flavor=config.control_plane_flavor,
        keypair=config.key_pair,
        create_timeout=choices.CREATE_MINUTES,
        # A template of the cloud's own says other things, which stay where these do not speak.
        labels=choices.labels(config) if config.template else None,
        merge_labels=True if config.template else None,
        opts=ResourceOptions.merge(
            opts,
            ResourceOptions(
                protect=True,
                custom_timeouts=CustomTimeouts(create=choices.CREATE, update=choices.UPDATE, delete=choices.DELETE),
            ),
        ),
    )


def _node_groups(
    args: MagnumClusterArgs, cluster: openstack.containerinfra.Cluster, opts: ResourceOptions
) -> Sequence[openstack.containerinfra.NodeGroup]:
    """One after the other: Magnum loses one of two that are made at once. https://bugs.launchpad.net/magnum/+bug/2097946

    How many machines a pool has is the autoscaler's, after the first moment.
    """
    made: list[openstack.containerinfra.NodeGroup] = []
    for pool in args.config.node_pools:
        group = choices.group(pool, pool.flavor, autoscaling=args.config.autoscaling)
        made.append(
            openstack.containerinfra.NodeGroup(
                f"pool-{group.name}",
                name=group.name,
                cluster_id=cluster.id,
                flavor_id=group.flavor,
                role="worker",
                node_count=group.nodes,
                min_node_count=group.least,
                max_node_count=group.most,
                opts=ResourceOptions.merge(
                    opts,
                    ResourceOptions(
                        depends_on=made[-1:],
                        # A group's name is taken once, so the new one cannot stand beside the old one.
                        delete_before_replace=True,
                        ignore_changes=["node_count"] if group.grows else None,
                        custom_timeouts=CustomTimeouts(
                            create=choices.CREATE, update=choices.UPDATE, delete=choices.DELETE
                        ),
                    ),
                ),
            )
        )
    return made


def _kubeconfig(cluster: openstack.containerinfra.Cluster) -> Output[str]:
    """Made by the provider: a key of its own, signed by Magnum's authority for the cluster. No ssh, no file."""
    # A map's keys are the provider's own, not spelled as properties are.
    return Output.secret(cluster.kubeconfig.apply(lambda told: told["raw_config"]))
