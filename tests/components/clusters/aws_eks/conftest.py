"""A cluster that uses all that there is, as the engine would be asked for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from pulumi import ResourceOptions

from tests.components.clusters.aws_eks.recording import BUCKETS, Made, config, record


def cluster(
    *, site: str = "aws-sydney", groups: Mapping[str, dict[str, Any]] | None = None, **changes: Any
) -> list[Made]:
    """The resources of a site whose settings differ by `changes`, and a pod that is put into its cluster.

    `groups` of machines run already, by their pools.
    """
    import pulumi_kubernetes as k8s

    from components.clusters.aws_eks import cluster as kind
    from components.clusters.contract import ClusterArgs

    args = ClusterArgs(
        config=config(**changes),
        site=site,
        domain="sydney.example.org",
        kubernetes="1.37",
        image=lambda name: name,
        kubeconfig_file="",
        buckets=BUCKETS,
    )

    def program() -> None:
        reached = kind.make(args, ResourceOptions())
        inside = k8s.Provider("cluster", kubeconfig=reached.kubeconfig)
        kind.inside(args, ResourceOptions(providers=[inside]))

    return record(program, groups)


@pytest.fixture(scope="session")
def made() -> list[Made]:
    return cluster()


@pytest.fixture(scope="session")
def of_type(made: list[Made]) -> Callable[[str], list[Made]]:
    """Resources whose type ends so, as in `Subnet`."""
    return lambda short: [one for one in made if one.type.endswith(f":{short}")]


@pytest.fixture(scope="session")
def build() -> Callable[..., list[Made]]:
    return cluster
