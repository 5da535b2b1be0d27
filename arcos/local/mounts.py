"""The private view of the file system that a local node runs in.

Called once, by the first process of new mount, process, network and host name namespaces. Everything here is gone when
that process is; the machine's own mounts are never touched. What Kubernetes' programs write at well-known places
(`/var/lib/kubelet`, `/run/containerd`, `/var/log/pods`) lands in the site's folder or in memory.

Facts: mount(2), mount_namespaces(7); kubelet's `setupKernelTunables`; contributions of libc are its plain system calls.
"""

# pathlib would stay in memory for as long as the site runs.
# ruff: noqa: PTH103, PTH110, PTH120, PTH123

from __future__ import annotations

import os
import socket

from arcos.local.processes import libc

_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_BIND, _MS_REC = 2, 4, 8, 4096, 16384
_MS_PRIVATE, _MS_SHARED = 1 << 18, 1 << 20

#: Where the node sees the site's folder and the programs it was given.
SITE = "/run/arcos/site"
PROGRAMS = "/run/arcos/bin"

#: Folders of the site that the node sees at the places where the world expects them.
PLACES = {
    "data/etcd": "/var/lib/etcd",
    "data/containerd": "/var/lib/containerd",
    "data/kubelet": "/var/lib/kubelet",
    "data/volumes": "/var/lib/arcos/volumes",
    "data/pod-logs": "/var/log/pods",
}

#: The kubelet insists on these values. They belong to the whole machine: the node is shown them and sets nothing.
SHOWN_SYSCTLS = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}

#: These belong to the node's own network.
OWN_SYSCTLS = {
    "net/ipv4/ip_forward": "1",
    # Machines differ in whether bridged packets pass the packet filter; kube-proxy is told not to rely on it.
    "net/bridge/bridge-nf-call-iptables": "0",
    "net/bridge/bridge-nf-call-ip6tables": "0",
}


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """mount(2)."""
    arguments = (source.encode(), target.encode(), kind.encode() or None, flags, options.encode() or None)
    if libc.mount(*arguments) != 0:
        import ctypes

        number = ctypes.get_errno()
        raise OSError(number, f"mount {kind or source} on {target}: {os.strerror(number)}")


def make_private_view(folder: str, programs: dict[str, str], hostname: str, dns: str) -> None:
    """Arrange the mounts of a node. The site's folder and the programs may lie anywhere, also below what gets hidden.

    Raises:
        OSError: A mount failed; the namespaces are to be thrown away.
    """
    mount("none", "/", flags=_MS_REC | _MS_PRIVATE)
    site = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    opened = {name: os.open(path, os.O_PATH) for name, path in programs.items()}
    resolver = os.path.realpath("/etc/resolv.conf")
    for place in ("/run", "/var/lib", "/var/log"):
        mount("tmpfs", place, "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=755")
    _bind_folder(f"/proc/self/fd/{site}", SITE)
    for name, number in opened.items():
        _bind_file(f"/proc/self/fd/{number}", f"{PROGRAMS}/{name}")
    for inside, place in PLACES.items():
        os.makedirs(f"{SITE}/{inside}", exist_ok=True)
        _bind_folder(f"{SITE}/{inside}", place)
    for number in (site, *opened.values()):
        os.close(number)
    _write("/run/arcos/resolv.conf", f"nameserver {dns}\n")
    if os.path.exists(resolver) or resolver.startswith("/run/"):
        _bind_file("/run/arcos/resolv.conf", resolver)
    mount("proc", "/proc", "proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
    for name, value in SHOWN_SYSCTLS.items():
        shown = f"/run/arcos/sysctl/{name}"
        _write(shown, f"{value}\n")
        if os.path.exists(f"/proc/sys/{name}"):
            mount(shown, f"/proc/sys/{name}", flags=_MS_BIND)
    for name, value in OWN_SYSCTLS.items():
        if os.path.exists(f"/proc/sys/{name}"):
            _write(f"/proc/sys/{name}", value)
    # Volumes that one pod mounts and another is to see need shared propagation; it ends at this namespace.
    mount("none", "/", flags=_MS_REC | _MS_SHARED)
    socket.sethostname(hostname)


def _bind_folder(source: str, target: str) -> None:
    os.makedirs(target, exist_ok=True)
    mount(source, target, flags=_MS_BIND | _MS_REC)


def _bind_file(source: str, target: str) -> None:
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if not os.path.exists(target):
        _write(target, "")
    mount(source, target, flags=_MS_BIND)


def _write(path: str, text: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
