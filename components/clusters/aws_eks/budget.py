"""Who is told what the account costs. It counts the whole account: one a site, as docs/clouds/aws.md says.

Counting by tag instead would see nothing of traffic and of whatever carries no tag, and nothing at all until somebody
activates the tag. https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-managing-costs.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi_aws.budgets as budgets
from pulumi import ResourceOptions

from components.clusters.aws_eks.config import Budget
from components.clusters.aws_eks.names import cluster_name, tags


def told(people: Sequence[str]) -> list[budgets.BudgetNotificationArgsDict]:
    """At 80 % of the budget, and once AWS expects the month to come to more than all of it."""
    return [
        {
            "comparison_operator": "GREATER_THAN",
            "notification_type": kind,
            "threshold": percent,
            "threshold_type": "PERCENTAGE",
            "subscriber_email_addresses": list(people),
        }
        for kind, percent in (("ACTUAL", 80.0), ("FORECASTED", 100.0))
    ]


def budget(site: str, wanted: Budget, extra: Mapping[str, str], opts: ResourceOptions) -> budgets.Budget:
    """A monthly budget of the account."""
    return budgets.Budget(
        "budget",
        name=cluster_name(site),
        budget_type="COST",
        limit_amount=str(wanted.monthly_usd),
        limit_unit="USD",
        time_unit="MONTHLY",
        notifications=told(wanted.notify),
        tags=tags(site, extra),
        opts=opts,
    )
