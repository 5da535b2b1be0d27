"""A cluster's worth of plain OpenStack resources. Settings: `cidr` of its network, `nodes` of its pool."""

import pulumi
import pulumi_openstack as openstack

settings = pulumi.Config()

keypair = openstack.compute.Keypair("keypair", name="trial")
network = openstack.networking.Network("network", name="trial", description=settings.get("description") or "")
subnet = openstack.networking.Subnet(
    "subnet", name="trial", network_id=network.id, cidr=settings.get("cidr") or "10.8.0.0/16", ip_version=4
)
router = openstack.networking.Router("router", name="trial")
interface = openstack.networking.RouterInterface("interface", router_id=router.id, subnet_id=subnet.id)
template = openstack.containerinfra.ClusterTemplate(
    "template",
    name="trial",
    coe="kubernetes",
    image="fedora-coreos-40",
    keypair_id=keypair.name,
    fixed_network=network.id,
    fixed_subnet=subnet.id,
)
cluster = openstack.containerinfra.Cluster(
    "cluster",
    name="trial",
    cluster_template_id=template.id,
    master_count=3,
    keypair=keypair.name,
    opts=pulumi.ResourceOptions(depends_on=[interface]),
)
openstack.containerinfra.NodeGroup(
    "pool", name="pool", cluster_id=cluster.id, node_count=settings.get_int("nodes") or 2, min_node_count=1
)
openstack.objectstorage.Container("backups", name="trial-backups")

pulumi.export("address", cluster.api_address)
pulumi.export("kubeconfig", cluster.kubeconfig)
