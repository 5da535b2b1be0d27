"""What the provider asks of Magnum, read off `resource_openstack_containerinfra_*` and gophercloud's options."""

from __future__ import annotations

from tests.components.clusters.openstack.calls import Api, Rule, snake

_TEMPLATES, _CLUSTERS = "/v1/clustertemplates", "/v1/clusters"
_GROUPS = f"{_CLUSTERS}/*/nodegroups"

APIS: dict[str, Api] = {
    "openstack:containerinfra/clusterTemplate:ClusterTemplate": Api(
        service="container-infra",
        path=_TEMPLATES,
        names=snake(
            *(
                "coe",
                "dnsNameserver",
                "externalNetworkId",
                "fixedNetwork",
                "fixedSubnet",
                "floatingIpEnabled",
                "hidden",
            ),
            *("keypairId", "labels", "masterLbEnabled", "name", "networkDriver", "public", "registryEnabled"),
            *("serverType", "tlsDisabled", "volumeDriver"),
            flavor="flavor_id",
            masterFlavor="master_flavor_id",
            image="image_id",
        ),
        always={"public": False, "registry_enabled": False, "tls_disabled": False, "hidden": False},
        later=(f"GET {_TEMPLATES}/*", f"DELETE {_TEMPLATES}/*"),
    ),
    "openstack:containerinfra/cluster:Cluster": Api(
        service="container-infra",
        path=_CLUSTERS,
        names=snake(
            *("clusterTemplateId", "createTimeout", "fixedNetwork", "fixedSubnet", "floatingIpEnabled", "keypair"),
            *("labels", "masterCount", "masterLbEnabled", "mergeLabels", "name", "nodeCount"),
            flavor="flavor_id",
            masterFlavor="master_flavor_id",
        ),
        later=(
            f"GET {_CLUSTERS}/*",
            f"GET {_GROUPS}",
            "GET /v1/certificates/*",
            "POST /v1/certificates",
            f"PATCH {_CLUSTERS}/*",
            f"POST {_CLUSTERS}/*/actions/upgrade",
            f"DELETE {_CLUSTERS}/*",
        ),
    ),
    "openstack:containerinfra/nodeGroup:NodeGroup": Api(
        service="container-infra",
        path=_GROUPS,
        aside=("clusterId",),
        names=snake(
            *(
                "flavorId",
                "imageId",
                "labels",
                "maxNodeCount",
                "mergeLabels",
                "minNodeCount",
                "name",
                "nodeCount",
                "role",
            )
        ),
        later=(
            f"GET {_GROUPS}/*",
            f"PATCH {_GROUPS}/*",
            f"POST {_CLUSTERS}/*/actions/resize",
            f"DELETE {_GROUPS}/*",
        ),
    ),
}

#: Look-ups of the provider, by the token of its function.
LOOK_UPS: dict[str, Rule] = {
    "openstack:containerinfra/getClusterTemplate:getClusterTemplate": ("container-infra", "GET", f"{_TEMPLATES}/*"),
    "openstack:images/getImage:getImage": ("image", "GET", "/v2/images"),
    "openstack:networking/getNetwork:getNetwork": ("network", "GET", "/v2.0/networks"),
}
