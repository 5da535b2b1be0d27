"""GPUs of declared pools become something to ask for, with the least rights that the kubelet's folder leaves."""

from __future__ import annotations

from typing import Any

import kubernetes_validate
import pytest
import yaml

from arcos.render.evaluate import run
from components.clusters.gpu_plugin import APP, GpuPlugin, GpuPluginArgs, wanted
from components.clusters.openstack_magnum.config import OpenStackMagnum
from components.clusters.openstack_vm import choices, userdata
from components.clusters.openstack_vm.authority import Keys
from components.clusters.openstack_vm.config import OpenStackVm
from components.clusters.pools import GPU_LABEL, NodePool, cloud_capabilities
from components.gpu import NAMES
from tests.components.clusters.openstack.test_inside import inside, machines, magnum
from tests.components.clusters.openstack.test_machines import PLAIN, SEED
from tests.components.clusters.openstack.test_magnum import NAMED
from tests.program.pod_security import violations

CORE = NodePool(name="core", min=3, max=6)
GPU = NodePool(name="gpu", min=0, max=4, gpu="nvidia", taints=("gpu",))
IMAGE = "registry.example.org/arcos/nvidia-device-plugin:0.19.3@sha256:" + "0" * 64


def made() -> dict[str, Any]:
    return {one["kind"]: one for one in run(lambda: GpuPlugin("gpu-plugin", GpuPluginArgs(image=IMAGE)), stack="toy")}


def test_a_pool_is_declared_never_guessed() -> None:
    assert not wanted([CORE])
    assert not wanted([GPU.model_copy(update={"gpu": "amd"})]), "another vendor's plugin is another one"
    assert wanted([CORE, GPU])


def test_it_runs_on_the_nodes_that_are_labelled_so_whatever_keeps_others_away() -> None:
    spec = made()["DaemonSet"]["spec"]["template"]["spec"]
    assert spec["nodeSelector"] == {GPU_LABEL: "nvidia"}
    assert spec["nodeSelector"].items() <= GPU.labels().items()
    assert spec["tolerations"] == [{"operator": "Exists"}]


def test_it_departs_from_restricted_in_its_user_and_one_folder_only() -> None:
    template = made()["DaemonSet"]["spec"]["template"]
    found = violations(template)
    assert [one for one in found if "volumes" not in one and "runAs" not in one] == []
    assert sum("volumes" in one for one in found) == 1
    [box] = template["spec"]["containers"]
    assert [mount["mountPath"] for mount in box["volumeMounts"]] == ["/var/lib/kubelet/device-plugins"]
    assert box["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert template["spec"]["automountServiceAccountToken"] is False


@pytest.mark.parametrize("kind", ["DaemonSet", "NetworkPolicy", "ServiceAccount"])
def test_the_api_takes_its_objects(kind: str) -> None:
    """No site of ours has it, so no other test holds it against the API's own schema."""
    kubernetes_validate.validate(made()[kind], "1.37", strict=True)


def test_nobody_talks_to_it_and_it_talks_to_nobody() -> None:
    assert made()["NetworkPolicy"]["spec"].keys() == {"podSelector", "policyTypes"}


@pytest.mark.parametrize("vendor", ["amd", "intel", "nvidia"])
def test_every_vendor_that_a_pool_may_name_has_names(vendor: str) -> None:
    assert NAMES[vendor].resource


def test_what_keeps_others_away_is_told_to_who_asks_for_a_gpu() -> None:
    assert cloud_capabilities([CORE, GPU]).gpu_taints == GPU.taint_keys() == ("arcos.dev/gpu",)
    assert cloud_capabilities([CORE.model_copy(update={"taints": ("batch",)})]).gpu_taints == ()


def plugins(made: list[dict[str, Any]]) -> int:
    return sum(one["kind"] == "DaemonSet" and one["metadata"]["name"] == APP for one in made)


def test_on_magnum_it_comes_where_the_site_says_that_the_cloud_brings_none() -> None:
    assert plugins(inside(magnum, OpenStackMagnum.model_validate(NAMED))) == 0, "two would fight over each GPU"
    assert plugins(inside(magnum, OpenStackMagnum.model_validate(NAMED | {"gpuPlugin": True}))) == 1


def test_on_plain_machines_it_comes_where_the_site_says_so_and_a_pool_has_gpus() -> None:
    assert plugins(inside(machines, OpenStackVm.model_validate(PLAIN))) == 0, "an image of others is never a default"
    assert plugins(inside(machines, OpenStackVm.model_validate(PLAIN | {"gpuPlugin": True}))) == 1
    none = [{**pool, "gpu": None} for pool in PLAIN["nodePools"]]
    assert plugins(inside(machines, OpenStackVm.model_validate(PLAIN | {"gpuPlugin": True, "nodePools": none}))) == 0


@pytest.mark.parametrize("on", [True, False])
def test_machines_with_a_gpu_start_containers_by_nvidias_runtime_and_others_do_not(on: bool) -> None:
    config = OpenStackVm.model_validate(PLAIN | {"gpuPlugin": on})
    born = userdata.Birth(volume="5f3a4a64-8d0b-4c43-9d3c-3a4f3f6a1b11", public="203.0.113.7")
    for machine in choices.workers(config, "uni"):
        told = yaml.safe_load(userdata.worker(config, machine, Keys(SEED, "uni"), born))
        files = {one["path"]: one["content"] for one in told["write_files"]}
        said = yaml.safe_load(files.get("/etc/rancher/k3s/config.yaml.d/gpu.yaml", "{}"))
        assert said == ({"default-runtime": "nvidia"} if on and machine.pool == "gpu" else {}), machine.name
