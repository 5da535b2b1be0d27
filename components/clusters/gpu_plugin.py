"""What makes the GPUs of a pool something that pods can ask for: NVIDIA's own device plugin, on that pool's machines.

For kinds whose machines bring none. Owns its pods; driver and container toolkit belong to the machine's image. A pool
is declared, never guessed: where no pool says `gpu: nvidia`, nothing is made. It runs as root since the kubelet's
folder is root's, with no capability and no other folder of the machine. Why so: docs/adr/0033-gpu-plugin.md
https://github.com/NVIDIA/k8s-device-plugin
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import pulumi_kubernetes as k8s
from pulumi import ComponentResource, Resource, ResourceOptions

from components.clusters.pools import GPU_LABEL, NodePool
from components.metadata import metadata, resource_name, selector
from components.pod import PodArgs, Resources, pod_template

#: The namespace is there before the platform's own ones, as DNS is; those are `restricted` and would refuse it.
APP, NAMESPACE = "nvidia-device-plugin", "kube-system"
_KUBELET = "/var/lib/kubelet/device-plugins"
_ROOT = 0


@dataclass(frozen=True, kw_only=True)
class GpuPluginArgs:
    """`image` is the plugin's, by digest."""

    image: str


class GpuPlugin(ComponentResource):
    """The plugin on every machine with a GPU of NVIDIA."""

    def __init__(self, name: str, args: GpuPluginArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:components:GpuPlugin", name, None, opts)
        child = ResourceOptions(parent=self)
        _on_nodes(args.image, child)
        self.register_outputs({})


def wanted(pools: Iterable[NodePool]) -> bool:
    """Whether a pool declares a GPU that this plugin is for."""
    return any(pool.gpu == "nvidia" for pool in pools)


def template(image: str) -> k8s.core.v1.PodTemplateSpecArgsDict:
    """The hardened pod, but for what the kubelet's folder asks for. Without a driver it ends, and so is seen."""
    args = PodArgs(
        app=APP,
        image=image,
        user=_ROOT,
        resources=Resources(cpu="10m", cpu_limit="250m", memory="128Mi"),
        service_account=APP,
        env={
            "FAIL_ON_INIT_ERROR": "true",
            "DEVICE_LIST_STRATEGY": "envvar",
            # The toolkit gives these two to the plugin itself: it looks at all GPUs, and computes on none.
            "NVIDIA_VISIBLE_DEVICES": "all",
            "NVIDIA_DRIVER_CAPABILITIES": "utility",
        },
        priority_class="system-node-critical",
    )
    pod = pod_template(args)
    spec = cast(k8s.core.v1.PodSpecArgsDict, pod["spec"])
    [box] = cast("list[k8s.core.v1.ContainerArgsDict]", spec["containers"])
    seccomp: k8s.core.v1.SeccompProfileArgsDict = {"type": "RuntimeDefault"}
    spec["security_context"] = {"run_as_user": _ROOT, "run_as_group": _ROOT, "seccomp_profile": seccomp}
    box["security_context"] = {
        "allow_privilege_escalation": False,
        "capabilities": {"drop": ["ALL"]},
        "privileged": False,
        "read_only_root_filesystem": True,
        "run_as_user": _ROOT,
        "seccomp_profile": seccomp,
    }
    box["volume_mounts"] = [{"name": "kubelet", "mount_path": _KUBELET}]
    spec["volumes"] = [{"name": "kubelet", "host_path": {"path": _KUBELET, "type": "Directory"}}]
    spec["node_selector"] = {GPU_LABEL: "nvidia"}
    spec["tolerations"] = [{"operator": "Exists"}]
    return pod


def _on_nodes(image: str, opts: ResourceOptions) -> list[Resource]:
    meta = metadata(APP, app=APP, namespace=NAMESPACE)
    account = k8s.core.v1.ServiceAccount(
        resource_name("ServiceAccount", APP, NAMESPACE), metadata=meta, automount_service_account_token=False, opts=opts
    )
    policy = k8s.networking.v1.NetworkPolicy(
        resource_name("NetworkPolicy", APP, NAMESPACE),
        metadata=meta,
        # It talks to the kubelet over a socket, and to nobody else.
        spec={"pod_selector": {"match_labels": selector(APP)}, "policy_types": ["Ingress", "Egress"]},
        opts=opts,
    )
    pods = k8s.apps.v1.DaemonSet(
        resource_name("DaemonSet", APP, NAMESPACE),
        metadata=meta,
        spec={"selector": {"match_labels": selector(APP)}, "template": template(image)},
        opts=ResourceOptions.merge(opts, ResourceOptions(depends_on=[account, policy])),
    )
    return [account, policy, pods]
