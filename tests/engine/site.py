"""A whole site of the repository in a fake cloud, whose cluster is a real control plane with simulated nodes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.engine.cloud.account import Account, Resource
from tests.engine.cloud.controllers import HANDS, MADE_INSIDE, Cluster, controllers
from tests.engine.cloud.install import FakeCloud, install
from tests.engine.project import Project, copy_project

#: What is in each site's account before the platform comes, and must be there when it has gone.
BEFORE = {
    "nectar-qld": ("openstack", "nectar", [
        Resource("8f2b6c1e", "openstack:containerinfra/clusterTemplate:ClusterTemplate",
                 {"name": "kubernetes-v1.37", "labels": {"kube_tag": "v1.37.0"}}),
    ]),
    "aws-sydney": ("aws", "", [
        Resource("fs-0123456789abcdef0", "aws:efs/fileSystem:FileSystem", {"creationToken": "everybody"}),
    ]),
}  # fmt: skip
#: The keys of the cloud's own storage, where its pods cannot have roles, by the names of their settings.
KEYS = {"nectar-qld": {"bucketAccessKey": "canary-access-of-buckets", "bucketSecretKey": "canary-secret-of-buckets"}}


@dataclass
class CloudSite:
    """The site's stack, its account, its cluster. `planned` are the steps of the preview before the first `up`."""

    project: Project
    cloud: FakeCloud
    cluster: Cluster
    planned: list[dict[str, Any]] = field(default_factory=list)

    @property
    def account(self) -> Account:
        """The account that the site file names."""
        package, name, _ = BEFORE[self.project.stack]
        return self.cloud.account(package, name)

    def made_inside(self) -> list[Resource]:
        """What the cluster's own controllers have made in the account."""
        hands = HANDS[BEFORE[self.project.stack][0]]
        made = [one for one in self.account.resources() if one.type in (hands.balancer, hands.volume)]
        return [one for one in made if one.id.startswith(MADE_INSIDE)]

    def state(self) -> list[dict[str, Any]]:
        """The resources that the engine holds."""
        found: list[dict[str, Any]] = json.loads(self.project.pulumi("stack", "export"))["deployment"]["resources"]
        return found


@contextmanager
def cloud_site(base: Path, name: str, schemas: Path) -> Iterator[CloudSite]:
    """The site's project with nothing made yet, beside a running control plane that its cluster will be."""
    cloud = install(base, schemas)
    project = copy_project(base, cloud.env | {"PATH": f"{cloud.bin}:{os.environ['PATH']}"}, name)
    project.arcosctl("up", "local", "--simulate", "--cluster-only")
    try:
        kubeconfig = base / "home" / "data" / "sites" / "local" / "kubeconfig"
        cloud.steering.reach(kubeconfig)
        package, account, before = BEFORE[name]
        with cloud.account(package, account).change() as held:
            held += before
        project.run("pulumi", "stack", "init", name, "--non-interactive")
        for key, value in KEYS.get(name, {}).items():
            project.pulumi("config", "set", "--secret", f"arcos:{key}", value)
        with controllers(kubeconfig, cloud.account(package, account), HANDS[package]):
            yield CloudSite(project, cloud, Cluster(kubeconfig))
    finally:
        project.arcosctl("down", "local", "--delete-data")
