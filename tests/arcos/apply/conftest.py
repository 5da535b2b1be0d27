"""A simulated local site for the `api` tests: a real control plane, a simulated node, no root."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from arcos.apply.inventory import Inventory
from arcos.apply.kubectl import Kubectl, find
from arcos.apply.manifest import Id, identify, is_ours
from arcos.apply.up import apply, remove
from arcos.local import node
from arcos.paths import ROOT, cache_dir
from arcos.progress import Progress
from tests.arcos.local.conftest import Local, make_site


@dataclass
class ControlPlane:
    """The control plane that all tests of this folder share, in a home of its own."""

    local: Local
    home: Path

    @contextmanager
    def at_home(self) -> Iterator[None]:
        """Only while its node is spoken to: other tests have homes of their own in the same session."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("ARCOS_HOME", str(self.home))
            yield

    @property
    def kubeconfig(self) -> Path:
        with self.at_home():
            return node.kubeconfig(self.local.site.name)

    def kubectl(self) -> Kubectl:
        return Kubectl(self.kubeconfig)

    def kubeconfig_of(self, token: str) -> str:
        """The same cluster by another user's token."""
        config = yaml.safe_load(self.kubeconfig.read_text())
        for user in config["users"]:
            user["user"] = {"token": token}
        return yaml.safe_dump(config)

    def kill_api_server(self) -> None:
        """It is started again at once, as it is on any cluster."""
        with self.at_home():
            os.kill(self.local.process("kube-apiserver"), signal.SIGKILL)


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    home, cache = tmp_path_factory.mktemp("apply-home"), cache_dir()
    cache.mkdir(parents=True, exist_ok=True)
    (home / "cache").symlink_to(cache)
    plane = ControlPlane(Local(make_site("apply"), simulate=True), home)
    try:
        with plane.at_home():
            plane.local.up()
        yield plane
    finally:
        with plane.at_home():
            plane.local.down(delete_data=True)


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
