"""Whether what the cloud offers runs the Kubernetes minor that the release is for. Pure.

An image says its version in the property `kube_version`, a template in the label `kube_tag`; both as in `v1.37.2`.
https://image-builder.sigs.k8s.io/capi/providers/openstack
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pulumi import RunError


def of_image(name: str, properties: Mapping[str, str], wanted: str) -> str:
    """The version that an image brings, as in `v1.37.2`.

    Raises:
        RunError: The image does not say, or it is another minor than `wanted`.
    """
    found = properties.get("kube_version", "")
    if not re.fullmatch(r"v?1\.\d+\.\d+", found):
        raise RunError(
            f"image `{name}` does not say which Kubernetes it holds\n"
            "  where: its property kube_version\n"
            "  why:   Magnum's drivers read it, and the platform must not guess\n"
            f"  fix:   openstack image list --property kube_version, and name one of {wanted} as cluster.image"
        )
    version = f"v{found.removeprefix('v')}"
    _same_minor(f"image `{name}`", version, wanted, "cluster.image")
    return version


def of_template(name: str, labels: Mapping[str, str], wanted: str) -> None:
    """Refuse a template for another minor; one that does not say is asked by `preflight`, once its
    cluster runs.

    Raises:
        RunError: It is for another minor than `wanted`.
    """
    if tag := labels.get("kube_tag", ""):
        _same_minor(f"cluster template `{name}`", tag, wanted, "cluster.template")


def _same_minor(what: str, version: str, wanted: str, field: str) -> None:
    if re.match(rf"v?{re.escape(wanted)}(\.|$)", version):
        return
    raise RunError(
        f"{what} is Kubernetes {version}, and the release is for {wanted}\n"
        f"  where: {field}\n"
        "  why:   services are tested with the release's own minor\n"
        f"  fix:   name one for {wanted}, or a release for {version}"
    )
