"""The storage classes that a site on EKS has, in both deliveries."""

from __future__ import annotations

import subprocess
import sys

from pulumi import ResourceOptions

from arcos.paths import ROOT
from arcos.render.evaluate import run
from components.clusters.aws_eks.inside import EksStorageClasses, EksStorageClassesArgs


def classes(file_system: str) -> dict[str, dict]:
    args = EksStorageClassesArgs(file_system=file_system)
    found = run(lambda: EksStorageClasses("eks-storage", args, ResourceOptions()), stack="a")
    return {one["metadata"]["name"]: one for one in found}


def test_volumes_are_encrypted_grow_and_wait_for_their_pods_zone():
    block = classes("")["block"]
    assert block["provisioner"] == "ebs.csi.aws.com"
    assert block["parameters"]["encrypted"] == "true"
    assert block["volumeBindingMode"] == "WaitForFirstConsumer", (
        "a volume in another zone than its pod is never mounted"
    )
    assert block["allowVolumeExpansion"] is True
    assert block["metadata"]["annotations"]["storageclass.kubernetes.io/is-default-class"] == "true"


def test_shared_volumes_are_there_where_the_site_has_a_file_system():
    assert set(classes("")) == {"block"}
    shared = classes("fs-0123456789abcdef0")["shared"]
    assert shared["parameters"]["fileSystemId"] == "fs-0123456789abcdef0"
    assert shared["mountOptions"] == ["tls"]


def test_rendering_never_imports_the_sdk_of_aws():
    code = "import sys, components.clusters.aws_eks.cluster; print('pulumi_aws' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False", "it takes seconds, and only making a cluster needs it"
