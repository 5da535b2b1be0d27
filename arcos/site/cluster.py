"""The kinds of clusters that a site file may name. What each may set stands beside it in `components/clusters/`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from components.clusters.aws_eks.config import AwsEks
from components.clusters.existing.config import ExistingCluster
from components.clusters.local.config import LocalCluster
from components.clusters.openstack_magnum.config import OpenStackMagnum
from components.clusters.openstack_vm.config import OpenStackVm

# One a line: what a fork adds and what upstream adds seldom meet.
Cluster = Annotated[
    LocalCluster
    | ExistingCluster
    | OpenStackMagnum
    | OpenStackVm
    | AwsEks,
    Field(discriminator="kind"),
]  # fmt: skip
