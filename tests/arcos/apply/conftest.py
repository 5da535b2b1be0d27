"""A real control plane for the `api` tests: etcd, kube-apiserver, controller manager, on the loopback address."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from arcos.apply.kubectl import Kubectl, find

TOKEN = "test-admin"  # the API server of the tests listens on the loopback address only
NEEDED = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass
class ControlPlane:
    """The processes, and how to stop and start the API server under a running test."""

    programs: Path
    folder: Path
    port: int = field(default_factory=free_port)
    etcd_port: int = field(default_factory=free_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "kubeconfig"

    def kubectl(self) -> Kubectl:
        return Kubectl(self.kubeconfig)

    def prepare(self) -> None:
        key = rsa.generate_private_key(65537, 2048)
        pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        (self.folder / "sa.key").write_bytes(key.private_bytes(*pem))
        tokens = [f'{TOKEN},admin,admin,"system:masters"', "test-nobody,nobody,nobody"]
        (self.folder / "tokens.csv").write_text("\n".join(tokens) + "\n")
        self.kubeconfig.write_text(self.config(TOKEN))

    def config(self, token: str, port: int | None = None) -> str:
        cluster = {"server": f"https://127.0.0.1:{port or self.port}", "insecure-skip-tls-verify": True}
        return yaml.safe_dump({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": "test", "user": {"token": token}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        })  # fmt: skip

    def run(self, program: str, *flags: str) -> None:
        leash = [shutil.which("setpriv") or "", "--pdeathsig", "KILL", "--"]
        log = (self.folder / f"{program}.log").open("ab")
        command = [*(leash if leash[0] else []), str(self.programs / program), *flags]
        self.processes[program] = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)

    def start(self) -> None:
        etcd, peer = f"http://127.0.0.1:{self.etcd_port}", f"http://127.0.0.1:{free_port()}"
        self.run("etcd", "--data-dir=etcd", "--unsafe-no-fsync", f"--listen-client-urls={etcd}",
                 f"--advertise-client-urls={etcd}", f"--listen-peer-urls={peer}",
                 f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=default={peer}")  # fmt: skip
        self.start_api()
        config = f"--kubeconfig={self.kubeconfig}"
        self.run("kube-controller-manager", config, "--secure-port=0", "--leader-elect=false",
                 "--service-account-private-key-file=sa.key", "--use-service-account-credentials=false")  # fmt: skip
        self.run("kube-scheduler", config, "--secure-port=0", "--leader-elect=false")

    def start_api(self, wait: bool = True) -> None:
        self.run("kube-apiserver", f"--etcd-servers=http://127.0.0.1:{self.etcd_port}", "--cert-dir=certs",
                 f"--secure-port={self.port}", "--bind-address=127.0.0.1", "--token-auth-file=tokens.csv",
                 "--authorization-mode=RBAC", "--service-cluster-ip-range=10.96.0.0/16",
                 "--service-account-key-file=sa.key", "--service-account-signing-key-file=sa.key",
                 "--service-account-issuer=https://kubernetes.default.svc", "--allow-privileged=true")  # fmt: skip
        if wait:
            self.wait()

    def wait(self, timeout: float = 90) -> None:
        end = time.monotonic() + timeout
        command = [str(find()), f"--kubeconfig={self.kubeconfig}", "get", "--raw", "/readyz"]
        while subprocess.run(command, capture_output=True, check=False).returncode != 0:
            if time.monotonic() > end or self.processes["kube-apiserver"].poll() is not None:
                raise RuntimeError((self.folder / "kube-apiserver.log").read_text()[-2000:])
            time.sleep(0.3)

    def kill_api(self) -> None:
        self.processes["kube-apiserver"].send_signal(signal.SIGKILL)
        self.processes["kube-apiserver"].wait()

    def stop(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()


def programs() -> Path:
    """Where the control plane's programs are: a folder that is named, or the PATH's."""
    if named := os.environ.get("ARCOS_PROGRAMS"):
        return Path(named)
    found = shutil.which("kube-apiserver")
    return Path(found).parent if found else Path("/nonexistent")


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    missing = [name for name in NEEDED if not (programs() / name).exists()]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")
    plane = ControlPlane(programs(), tmp_path_factory.mktemp("control-plane"))
    plane.prepare()
    try:
        plane.start()
        yield plane
    finally:
        plane.stop()


@pytest.fixture
def kubectl(control_plane: ControlPlane) -> Kubectl:
    return control_plane.kubectl()
