"""What an OpenStack cluster gets inside, in both deliveries: storage classes, and on Magnum what labels nodes."""

from __future__ import annotations

from typing import Any

from arcos.render.evaluate import run
from components.clusters.contract import ClusterArgs
from components.clusters.openstack_magnum import cluster as magnum
from components.clusters.openstack_magnum.config import OpenStackMagnum
from components.clusters.openstack_vm import cluster as machines
from components.clusters.openstack_vm.config import OpenStackVm
from tests.components.clusters.openstack.test_machines import PLAIN
from tests.components.clusters.openstack.test_magnum import NAMED


def inside(kind: Any, config: Any) -> list[dict[str, Any]]:
    from pulumi import ResourceOptions

    args = ClusterArgs(
        config=config,
        site="s",
        domain="s.example.org",
        kubernetes="1.37",
        image=lambda name: f"r/{name}:1@sha256:0",
        kubeconfig_file="/nowhere",
    )
    return run(lambda: kind.inside(args, ResourceOptions()), stack="toy")


def classes(made: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {m["metadata"]["name"]: m for m in made if m["kind"] == "StorageClass"}


def default(one: dict[str, Any]) -> bool:
    return one["metadata"].get("annotations", {}).get("storageclass.kubernetes.io/is-default-class") == "true"


def test_cinder_is_the_default_and_made_where_the_pod_is() -> None:
    [block] = classes(inside(magnum, OpenStackMagnum.model_validate(NAMED))).values()
    assert block["provisioner"] == "cinder.csi.openstack.org"
    assert default(block)
    assert block["volumeBindingMode"] == "WaitForFirstConsumer", "a volume elsewhere than its node cannot be attached"
    assert block["allowVolumeExpansion"] is True
    assert "parameters" not in block, "the cloud's own type"


def test_manila_is_there_where_the_site_names_a_type() -> None:
    config = OpenStackMagnum.model_validate(
        NAMED | {"volumeType": "ssd", "shareType": "cephfs-nfs", "shareNetwork": "n"}
    )
    made = classes(inside(magnum, config))
    assert made["block"]["parameters"] == {"type": "ssd"}
    shared = made["shared"]
    assert not default(shared)
    assert shared["provisioner"] == "nfs.manila.csi.openstack.org"
    assert shared["parameters"]["type"] == "cephfs-nfs"
    assert shared["parameters"]["shareNetworkID"] == "n"
    assert shared["parameters"]["csi.storage.k8s.io/node-stage-secret-name"] == "csi-manila-secrets"
    assert "nfs-shareClient" not in shared["parameters"]
    assert config.capabilities.rwx_storage_class == "shared", "apps are offered what is made"


def test_other_tenants_of_the_storage_network_mount_no_share_where_the_site_says_who_may() -> None:
    """Manila's driver lets everybody who reaches the file server in, if it is not told."""
    told = NAMED | {"shareType": "nfs", "shareClients": "10.20.0.0/24"}
    shared = classes(inside(magnum, OpenStackMagnum.model_validate(told)))["shared"]
    assert shared["parameters"]["nfs-shareClient"] == "10.20.0.0/24"
    assert OpenStackMagnum.model_validate(NAMED).capabilities.rwx_storage_class is None


def test_plain_machines_keep_volumes_on_their_own_disk() -> None:
    config = OpenStackVm.model_validate(PLAIN)
    [block] = classes(inside(machines, config)).values()
    assert block["provisioner"] == "rancher.io/local-path"
    assert default(block)
    assert config.capabilities.load_balancer is False, "the platform's own leads to node ports"
    assert config.capabilities.default_storage_class == "block"
    assert config.capabilities.gpu == ("nvidia",)
