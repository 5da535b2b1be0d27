"""What a pod says of its image and what the image says of itself are the same."""

from __future__ import annotations

import pytest
import yaml

from apps.auth import auth, gate, realm_job
from apps.database import database
from apps.dns import providers as dns
from apps.ingress import ingress
from apps.jupyterhub import jupyterhub, notebooks, settings
from apps.monitoring import alertmanager, exporters, grafana, page, prometheus
from apps.objectstore import names
from apps.registry import distribution
from apps.registry import gate as registry_gate
from apps.welcome import welcome
from arcos.paths import IMAGES
from components import coredns, seeder
from components.clusters import node_labels
from components.clusters.aws_eks import autoscaler

USERS = {
    "alertmanager": alertmanager.USER,
    "cluster-autoscaler": autoscaler.USER,
    "cluster-state": exporters.STATE_USER,
    "configurable-http-proxy": jupyterhub.PROXY_USER,
    "coredns": coredns.USER,
    "dashboards": page.USER,
    "external-dns": dns.USER,
    "external-dns-openstack": dns.DESIGNATE_USER,
    "grafana": grafana.USER,
    "jupyterhub": jupyterhub.HUB_USER,
    "keycloak": auth.USER,
    "node-exporter": exporters.NODE_USER,
    "node-pools": node_labels.USER,
    "notebook-minimal": settings.NOTEBOOK_USER,
    "notebook-scipy": settings.NOTEBOOK_USER,
    "oauth2-proxy": gate.USER,
    "pause": notebooks.PAUSE_USER,
    "postgresql": database.USER,
    "prometheus": prometheus.USER,
    "realm": realm_job.USER,
    "registry": distribution.USER,
    "registry-gate": registry_gate.USER,
    "seaweedfs": names.USER,
    "seeder": seeder.USER,
    "traefik": ingress.USER,
    "welcome": welcome.USER,
}


@pytest.mark.parametrize("name", sorted(USERS))
def test_the_pod_runs_as_the_images_own_user(name):
    """With another user, files that the image gives to its own are out of reach."""
    image = yaml.safe_load((IMAGES / name / "image.yaml").read_text(encoding="utf-8"))
    assert image["user"] == USERS[name]


def test_every_image_of_a_site_is_looked_at_here(rendered):
    used = set()
    for manifests in rendered.values():
        for manifest in manifests:
            if isinstance(manifest.get("spec"), dict) and "template" in manifest["spec"]:
                pod = manifest["spec"]["template"]["spec"]
                for container in [*pod["containers"], *pod.get("initContainers", [])]:
                    used.add(container["image"].partition("@")[0].rpartition(":")[0].rpartition("/")[2])
    assert used == set(USERS)
