"""What a machine is told at its birth: cloud-init's own format, in real files beside this one, filled in.

Pure. The files of `files/` are what they say; here they are put together and `${...}` is replaced. What is told holds
keys, so it is always handed on as a secret. https://cloudinit.readthedocs.io/en/latest/reference/modules.html
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

import yaml

from components.clusters.openstack_vm import choices
from components.clusters.openstack_vm.authority import AUTHORITIES, Keys
from components.clusters.openstack_vm.choices import Machine
from components.clusters.openstack_vm.config import OpenStackVm

_FILES = Path(__file__).with_name("files")
#: What Nova takes, as base64. https://docs.openstack.org/api-ref/compute/#create-server
MOST_BYTES = 65535 * 3 // 4
#: Containers of such a machine are started by NVIDIA's runtime, which K3s finds where the toolkit is: each gets the
#: GPUs that its environment names, which the device plugin writes there for who asked Kubernetes for some.
#: https://docs.k3s.io/advanced#alternative-container-runtime-support
_NVIDIA = "default-runtime: nvidia\n"
_HEAD = "#cloud-config\n"


@dataclass(frozen=True, kw_only=True)
class Birth:
    """What is known of a machine only when the cloud has made what it needs: its volume's id, the site's address."""

    volume: str
    public: str


def control(config: OpenStackVm, machine: Machine, keys: Keys, born: Birth, *, first: bool) -> str:
    """For a machine of the control plane. The `first` one begins the cluster: it alone gets the authorities' keys."""
    extra = [
        _file("/etc/rancher/k3s/config.yaml.d/role.yaml", f"server: https://{choices.balancer_address(config)}:6443\n")
    ]
    if first:
        extra = [_file("/etc/arcos/first", choices.balancer_address(config))]
        for name in AUTHORITIES:
            pair = keys.authority(name)
            extra += [
                _file(f"/etc/arcos/tls/{name}.crt", pair.certificate),
                _file(f"/etc/arcos/tls/{name}.key", pair.key),
            ]
    values = _values(config, machine, born) | {
        "server_token": keys.token("server"),
        "agent_token": keys.token("node"),
        "pod_range": config.pod_range,
        "service_range": config.service_range,
    }
    return _whole("control.yaml", values, [*extra, *_common("server")])


def worker(config: OpenStackVm, machine: Machine, keys: Keys, born: Birth) -> str:
    """For a machine that runs pods. It may join as such, and can read no secret with what it is told."""
    values = _values(config, machine, born) | {"agent_token": keys.token("node")}
    extra = [_file("/etc/rancher/k3s/config.yaml.d/gpu.yaml", _NVIDIA)] if machine.nvidia else []
    return _whole("worker.yaml", values, [*extra, *_common("agent")])


def _values(config: OpenStackVm, machine: Machine, born: Birth) -> dict[str, str]:
    return {
        "name": machine.name,
        "labels": ", ".join(f'"{one}"' for one in machine.labels),
        "taints": ", ".join(f'"{one}"' for one in machine.taints),
        "balancer": choices.balancer_address(config),
        "public": born.public,
        "volume": born.volume,
        "url": choices.program_url(config.k3s),
        "sha256": config.k3s.sha256,
    }


def _common(role: str) -> list[dict[str, Any]]:
    """Files of every machine."""
    service = Template((_FILES / "k3s.service").read_text(encoding="utf-8")).substitute(role=role)
    return [
        _file("/usr/local/sbin/arcos-prepare", (_FILES / "prepare.sh").read_text(encoding="utf-8"), "0755"),
        _file("/etc/systemd/system/k3s.service", service, "0644"),
        _file("/etc/rancher/k3s/kubelet.yaml", (_FILES / "kubelet.yaml").read_text(encoding="utf-8"), "0644"),
        _file("/etc/arcos/metadata.nft", (_FILES / "metadata.nft").read_text(encoding="utf-8"), "0644"),
    ]


def _file(path: str, content: str, permissions: str = "0600") -> dict[str, Any]:
    return {"path": path, "permissions": permissions, "content": content}


def _whole(name: str, values: dict[str, str], files: list[dict[str, Any]]) -> str:
    """The file filled in, with `files` before its own: what `runcmd` needs is there when it runs.

    Raises:
        KeyError: The file has a `${...}` that nobody fills.
        ValueError: It is more than Nova takes.
    """
    told: dict[str, Any] = yaml.safe_load((_FILES / name).read_text(encoding="utf-8"))
    filled: dict[str, Any] = _filled(told, values)
    filled["write_files"] = [*files, *filled["write_files"]]
    text = _HEAD + yaml.safe_dump(filled, sort_keys=False, width=10_000)
    if len(text.encode()) > MOST_BYTES:
        raise ValueError(f"{name}: {len(text.encode())} bytes, and Nova takes {MOST_BYTES}")
    return text


def _filled(value: Any, values: dict[str, str]) -> Any:  # noqa: ANN401 - any YAML
    if isinstance(value, dict):
        return {key: _filled(inner, values) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, values) for inner in value]
    return Template(value).substitute(values) if isinstance(value, str) else value
