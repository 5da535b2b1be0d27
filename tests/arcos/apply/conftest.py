"""A real control plane for the `api` tests: etcd, kube-apiserver, controller manager, scheduler and a simulated node.

All on the loopback address, without root; every process ends with the test run, however that ends.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from arcos.apply.inventory import Inventory
from arcos.apply.kubectl import Kubectl, find
from arcos.apply.manifest import Id, identify, is_ours
from arcos.apply.up import apply, remove
from arcos.paths import ROOT
from arcos.progress import Progress

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
        command = [*(leash if leash[0] else []), str(self.programs / program), *flags]
        with (self.folder / f"{program}.log").open("ab") as log:
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
        stages = ROOT / "arcos" / "local" / "files" / "kwok.yaml"
        self.run("kwok", config, f"--config={stages}", "--manage-all-nodes=true", "--server-address=127.0.0.1:0")
        capacity = {"cpu": "64", "memory": "256Gi", "pods": "500"}
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1", "labels": {"simulated": "yes"}}}
        node["status"] = {"capacity": capacity, "allocatable": capacity}
        self.kubectl().run("create", "-f", "-", stdin=json.dumps(node))

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
        self.processes["kube-apiserver"].kill()
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


@dataclass
class Cluster:
    """One test's view of the shared control plane: a site of its own, and namespaces that start with its name."""

    plane: ControlPlane
    site: str
    folder: Path
    kubectl: Kubectl

    def apply(self, manifests: list[dict[str, Any]], **options: Any) -> Any:
        options.setdefault("wait", False)
        return apply(self.site, manifests, self.kubectl, Progress(quiet=True), **options)

    def remove(self, **options: Any) -> Any:
        return remove(self.site, self.kubectl, Progress(quiet=True), **options)

    def recorded(self) -> frozenset[Id]:
        return Inventory.read(self.site, self.kubectl).ids

    def get(self, kind: str, name: str, namespace: str | None = None) -> dict[str, Any] | None:
        space = ["-n", namespace or self.site]
        found = self.kubectl.objects("get", kind, name, *space, "--ignore-not-found", "--show-managed-fields")
        return found[0] if found else None

    def ours(self) -> dict[Id, dict[str, Any]]:
        """Every object in the cluster that this site has applied."""
        kinds = "namespaces,configmaps,deployments,services,jobs,serviceaccounts,persistentvolumeclaims,priorityclasses"
        label = f"arcos.test/site={self.site}"
        found = self.kubectl.objects("get", kinds, "-A", "-l", label, "--show-managed-fields")
        return {identify(one): one for one in found if is_ours(one)}

    def make(self, kind: str, name: str, api: str = "v1", **fields: Any) -> dict[str, Any]:
        """A manifest in this test's namespace, with the label by which `ours` finds it."""
        metadata: dict[str, Any] = {"name": name, "labels": {"arcos.test/site": self.site}}
        if kind not in ("Namespace", "PriorityClass", "CustomResourceDefinition"):
            metadata["namespace"] = fields.pop("namespace", self.site)
        return {"apiVersion": api, "kind": kind, "metadata": metadata, **fields}

    def deployment(self, name: str, **spec: Any) -> dict[str, Any]:
        container = {"name": "main", "image": "registry.example/none:1"}
        pod = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container], **spec.pop("pod", {})}}
        whole = {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": pod, **spec}
        return self.make("Deployment", name, "apps/v1", spec=whole)

    def worker(self, manifests: list[dict[str, Any]], *options: str, shim: Path | None = None) -> subprocess.Popen[str]:
        """`apply` in a process of its own, to be killed; its output is the outcome, or the error."""
        path = self.folder / f"manifests-{next(_numbers)}.json"
        path.write_text(json.dumps(manifests))
        script = Path(__file__).with_name("worker.py")
        command = [sys.executable, str(script), self.site, str(self.plane.kubeconfig), str(path), str(shim or find())]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(
            [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
        )


_numbers = itertools.count()


@pytest.fixture
def cluster(control_plane: ControlPlane, tmp_path: Path) -> Iterator[Cluster]:
    one = Cluster(control_plane, f"test-{os.getpid()}-{next(_numbers)}", tmp_path, control_plane.kubectl())
    yield one
    admin, spaces = control_plane.kubectl(), [f"namespace/{one.site}", f"namespace/{one.site}-b"]
    admin.run("delete", *spaces, "--ignore-not-found", "--wait=false")
    admin.run("delete", f"configmap/arcos-inventory-{one.site}", "-n", "kube-system", "--ignore-not-found")
