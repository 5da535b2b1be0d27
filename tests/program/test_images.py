"""What a pod says of its image and what the image says of itself are the same."""

from __future__ import annotations

import pytest
import yaml

from apps.ingress import ingress
from apps.welcome import welcome
from arcos.paths import IMAGES
from components import coredns, seeder

USERS = {
    "coredns": coredns.USER,
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
                for container in manifest["spec"]["template"]["spec"]["containers"]:
                    used.add(container["image"].partition("@")[0].rpartition(":")[0].rpartition("/")[2])
    assert used == set(USERS)
