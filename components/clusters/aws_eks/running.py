"""How many machines of a pool run now, which an `up` must not change by the way.

EKS takes a group's bounds and its number in one call. The number is the autoscaler's or an operator's, and Pulumi's
state has the one of the last call: with that a larger `max` would send machines away that are in use, and a larger
`min` would be refused. https://docs.aws.amazon.com/eks/latest/APIReference/API_UpdateNodegroupConfig.html
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi_aws.autoscaling as autoscaling
from pulumi import InvokeOptions, Resource

from components.clusters.aws_eks.node_plan import NodePlan


@dataclass(frozen=True, kw_only=True)
class Running:
    """The bounds that a group has now, and its number of machines."""

    low: int
    high: int
    count: int


def running(cluster: str, pool: NodePlan, parent: Resource) -> Running | None:
    """Asks AWS; None where there is no such group yet. EKS puts these tags on the group behind its node group."""
    options = InvokeOptions(parent=parent)
    tags = {"eks:cluster-name": cluster, "eks:nodegroup-name": pool.name}
    filters: list[autoscaling.GetAmiIdsFilterArgsDict] = [
        {"name": f"tag:{key}", "values": [value]} for key, value in tags.items()
    ]
    # The SDK calls this function so; it gives the names of groups.
    names = autoscaling.get_ami_ids(filters=filters, opts=options).names
    if not names:
        return None
    group = autoscaling.get_group(name=names[0], opts=options)
    return Running(low=group.min_size, high=group.max_size, count=group.desired_capacity)


def number(pool: NodePlan, now: Running | None) -> tuple[int, bool]:
    """The number to ask for, and whether the engine keeps to the one it has asked for before: no call is due then."""
    if now is None or (now.low, now.high) == (pool.low, pool.high):
        return pool.low, True
    return min(max(now.count, pool.low), pool.high), False
