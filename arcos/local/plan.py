"""What a local site's node consists of: each process with its arguments, each configuration file, each certificate.

Pure: it decides and touches nothing; `arcos.local.prepare` writes the files. A real and a simulated node have the same
control plane, at other addresses and places.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from arcos.local import mounts, network

if TYPE_CHECKING:
    from arcos.site.model import Site

FILES = Path(__file__).parent / "files"
SERVICES = "10.96.0.0/16"
ISSUER = "https://kubernetes.default.svc.cluster.local"

CONTROL_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "local-storage")
#: What the two kinds of node take from `arcos.toolchain`; the network plugins among them are run by containerd.
SIMULATED = (*CONTROL_PLANE, "kwok")
REAL = (
    *(*CONTROL_PLANE, "kubelet", "kube-proxy", "containerd", "containerd-shim-runc-v2", "ctr"),
    *("bridge", "host-local", "loopback", "portmap"),
)
#: What a real node takes from the machine, and the Debian package that has it.
MACHINE = {
    "runc": "runc",
    "slirp4netns": "slirp4netns",
    "nft": "nftables",
    "unshare": "util-linux",
    "mount": "mount",
}
#: File systems whose use the kubelet can tell; on others (overlay, btrfs) it would not start.
COUNTED_DISKS = ("ext4", "xfs")
PATH = f"{mounts.PROGRAMS}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Ports of the control plane on the address it listens on."""

    api: int = network.API_NODE_PORT
    etcd: int = 2379
    peer: int = 2380


@dataclass(frozen=True, kw_only=True)
class Node:
    """What the processes of one node need to know of each other: paths as *they* see them."""

    site: str
    simulate: bool
    folder: str
    programs: str
    data: str
    address: str
    ports: Ports

    def etc(self, name: str) -> str:
        """A configuration file."""
        return f"{self.folder}/etc/{name}"

    def pki(self, name: str) -> str:
        """A key, a certificate or a kubeconfig."""
        return f"{self.folder}/pki/{name}"

    def run(self, program: str, **options: str | int) -> list[str]:
        """A command line; options as keyword arguments."""
        flags = [f"--{key.replace('_', '-')}={value}" for key, value in options.items()]
        return [f"{self.programs}/{program}", *flags]


def real_node(site: str) -> Node:
    """A node in namespaces of its own: everything is at its usual place and port."""
    return Node(
        site=site,
        simulate=False,
        folder=mounts.SITE,
        programs=mounts.PROGRAMS,
        data="/var/lib",
        address=network.ADDRESS,
        ports=Ports(),
    )


def simulated_node(site: str, folder: Path, programs: Path, ports: Ports) -> Node:
    """A control plane on the loopback address, with simulated nodes."""
    return Node(
        site=site,
        simulate=True,
        folder=str(folder),
        programs=str(programs),
        data=f"{folder}/simulated",
        address=network.LOOPBACK,
        ports=ports,
    )


def node_names(site: Site, *, simulate: bool) -> list[str]:
    """The nodes' names: the site's own name, with a number where there are more."""
    if not simulate or site.cluster.nodes == 1:  # type: ignore[union-attr]
        return [site.name]
    return [f"{site.name}-{number:04d}" for number in range(1, site.cluster.nodes + 1)]  # type: ignore[union-attr]


def processes(node: Node, first_node: str) -> list[dict[str, Any]]:
    """Every process: its command line, what must be ready before it starts, and how it shows that it is ready."""
    started = [
        _process("etcd", _etcd(node), ready=f"tcp:{node.ports.etcd}"),
        _process("kube-apiserver", _api_server(node), ["etcd"], f"https:{node.ports.api}/readyz"),
        _process("kube-controller-manager", _controller_manager(node), ["kube-apiserver"]),
        _process("kube-scheduler", _scheduler(node), ["kube-apiserver"]),
        _process("local-storage", _local_storage(node, first_node), ["kube-apiserver"]),
    ]
    if node.simulate:
        return [*started, _process("kwok", _kwok(node), ["kube-apiserver"])]
    containerd = [f"{node.programs}/containerd", "--config", node.etc("containerd.toml")]
    proxy = node.run("kube-proxy", config=node.etc("kube-proxy.yaml"), hostname_override=node.site)
    kubelet = node.run(
        "kubelet",
        config=node.etc("kubelet.yaml"),
        kubeconfig=node.pki("kubelet.kubeconfig"),
        root_dir="/var/lib/kubelet",
        hostname_override=node.site,
        node_ip=node.address,
    )
    return [
        *started,
        _process("containerd", containerd, ready="unix:/run/containerd/containerd.sock"),
        _process("kube-proxy", proxy, ["kube-apiserver"], "tcp:10256"),
        _process("kubelet", kubelet, ["kube-apiserver", "containerd"], "tcp:10248"),
    ]


def _process(name: str, argv: list[str], after: list[str] | None = None, ready: str = "") -> dict[str, Any]:
    return {"name": name, "argv": argv, "after": after or [], "ready": ready}


def _etcd(node: Node) -> list[str]:
    client, peer = f"https://127.0.0.1:{node.ports.etcd}", f"https://127.0.0.1:{node.ports.peer}"
    # The one member is known to itself by a name that stays when the ports change.
    known = "https://127.0.0.1:2380"
    keys = {
        "cert_file": node.pki("etcd.crt"),
        "key_file": node.pki("etcd.key"),
        "trusted_ca_file": node.pki("etcd-ca.crt"),
    }
    return [
        *node.run("etcd", name="arcos", data_dir=f"{node.data}/etcd", logger="zap", log_level="warn"),
        *node.run("etcd", listen_client_urls=client, advertise_client_urls=client, **keys)[1:],
        *node.run("etcd", **{f"peer_{key}": value for key, value in keys.items()})[1:],
        *node.run("etcd", listen_peer_urls=peer, initial_advertise_peer_urls=known)[1:],
        f"--initial-cluster=arcos={known}",
        "--client-cert-auth",
        "--peer-client-cert-auth",
    ]


def _api_server(node: Node) -> list[str]:
    pki, etc = node.pki, node.etc
    listen: dict[str, str | int] = {"bind_address": "0.0.0.0", "advertise_address": node.address}  # noqa: S104 (in a network of its own)
    if node.simulate:
        listen = {**listen, "bind_address": node.address, "endpoint_reconciler_type": "none"}
    return node.run(
        "kube-apiserver",
        **listen,
        secure_port=node.ports.api,
        etcd_servers=f"https://127.0.0.1:{node.ports.etcd}",
        etcd_cafile=pki("etcd-ca.crt"),
        etcd_certfile=pki("apiserver-etcd.crt"),
        etcd_keyfile=pki("apiserver-etcd.key"),
        tls_cert_file=pki("apiserver.crt"),
        tls_private_key_file=pki("apiserver.key"),
        client_ca_file=pki("ca.crt"),
        authentication_config=etc("authentication.yaml"),
        authorization_mode="Node,RBAC",
        enable_admission_plugins="NodeRestriction",
        admission_control_config_file=etc("admission.yaml"),
        encryption_provider_config=pki("encryption.yaml"),
        kubelet_certificate_authority=pki("ca.crt"),
        kubelet_client_certificate=pki("apiserver-kubelet.crt"),
        kubelet_client_key=pki("apiserver-kubelet.key"),
        kubelet_preferred_address_types="InternalIP",
        requestheader_client_ca_file=pki("front-proxy-ca.crt"),
        requestheader_allowed_names="front-proxy-client",
        requestheader_username_headers="X-Remote-User",
        requestheader_group_headers="X-Remote-Group",
        requestheader_extra_headers_prefix="X-Remote-Extra-",
        proxy_client_cert_file=pki("front-proxy-client.crt"),
        proxy_client_key_file=pki("front-proxy-client.key"),
        service_account_issuer=ISSUER,
        service_account_key_file=pki("service-accounts.pub"),
        service_account_signing_key_file=pki("service-accounts.key"),
        service_cluster_ip_range=SERVICES,
        allow_privileged="true",
        profiling="false",
        v=1,
    )


def _controller_manager(node: Node) -> list[str]:
    config = node.pki("controller-manager.kubeconfig")
    return node.run(
        "kube-controller-manager",
        kubeconfig=config,
        authentication_kubeconfig=config,
        authorization_kubeconfig=config,
        bind_address="127.0.0.1",
        **({"secure_port": 0} if node.simulate else {}),
        # One token for each controller at its start: the default of 20 a second would keep a new node waiting.
        kube_api_qps=200,
        kube_api_burst=400,
        use_service_account_credentials="true",
        service_account_private_key_file=node.pki("service-accounts.key"),
        root_ca_file=node.pki("ca.crt"),
        cluster_signing_cert_file=node.pki("ca.crt"),
        cluster_signing_key_file=node.pki("ca.key"),
        leader_elect="false",
        profiling="false",
    )


def _scheduler(node: Node) -> list[str]:
    config = node.pki("scheduler.kubeconfig")
    return node.run(
        "kube-scheduler",
        kubeconfig=config,
        authentication_kubeconfig=config,
        authorization_kubeconfig=config,
        bind_address="127.0.0.1",
        **({"secure_port": 0} if node.simulate else {}),
        leader_elect="false",
        profiling="false",
    )


def _local_storage(node: Node, first_node: str) -> list[str]:
    volumes = f"{node.data}/volumes" if node.simulate else f"{node.data}/arcos/volumes"
    config = node.pki("local-storage.kubeconfig")
    return node.run("local-storage", kubeconfig=config, directory=volumes, node_name=first_node)


def _kwok(node: Node) -> list[str]:
    return node.run(
        "kwok",
        kubeconfig=node.pki("kwok.kubeconfig"),
        config=node.etc("kwok.yaml"),
        manage_all_nodes="true",
        cidr="10.244.0.0/16",
        node_ip="10.0.2.100",
        # Renewed four times as often. A node that is silent for 50 seconds is taken for dead, and its pods with it.
        node_lease_duration_seconds=40,
    )


def configuration(node: Node, *, cgroup: str = "", pause: str = "", runc: str = "", disk: str = "") -> dict[str, str]:
    """The configuration files by their place in the site's `etc` folder.

    A real node needs its control group, the sandbox image, the path of runc and the type of the file system it keeps
    its data on.
    """
    names = ["authentication.yaml", "admission.yaml", *(["kwok.yaml"] if node.simulate else [])]
    if not node.simulate:
        names += ["containerd.toml", "kubelet.yaml", "kube-proxy.yaml"]
    counted = "true" if disk in COUNTED_DISKS else "false"
    values = {"pause": pause, "runc": runc, "cgroup": cgroup, "counted": counted}
    texts = {name: (FILES / name).read_text(encoding="utf-8") for name in names}
    # kwok's templates have dollar signs of their own, and nothing to fill in.
    filled = {name: text if name == "kwok.yaml" else Template(text).substitute(values) for name, text in texts.items()}
    if not node.simulate:
        filled["cni/pods.conflist"] = (FILES / "pods.conflist").read_text(encoding="utf-8")
    return filled


def encryption(key: str) -> str:
    """The file that tells the API server how to encrypt Secrets; a secret itself."""
    return Template((FILES / "encryption.yaml").read_text(encoding="utf-8")).substitute(key=key)


def digest(parts: Mapping[str, Any]) -> str:
    """A short name for the content of settings, to tell whether a running node has the same."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
