"""Which Kubernetes minors EKS runs, and until when. No Pulumi here.

A minor has 14 months of standard support and 12 more of extended support, which costs six times as much an hour; after
that AWS upgrades the cluster by itself. https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html
`./arcosctl check` asks nobody, so the table is kept by hand.
"""

from __future__ import annotations

from datetime import date

#: The last day of extended support of each minor, as AWS has published it; None where a minor is offered and AWS's day
#: is not written down here yet. Looked up 2026-11-25.
EXTENDED_UNTIL: dict[str, date | None] = {
    "1.31": date(2026, 11, 26),
    "1.32": date(2027, 3, 23),
    "1.33": date(2027, 7, 29),
    "1.34": date(2027, 12, 2),
    "1.35": date(2028, 3, 27),
    "1.36": None,
    "1.37": None,
}


def unsupported(minor: str, today: date) -> str:
    """Why EKS does not make clusters of this minor, or "" when it does."""
    if minor not in EXTENDED_UNTIL:
        return f"EKS does not offer Kubernetes {minor}"
    until = EXTENDED_UNTIL[minor]
    if until and until < today:
        return f"EKS ended the support of Kubernetes {minor} on {until}"
    return ""


def offered(today: date) -> list[str]:
    """The minors that a cluster can be made with."""
    return [minor for minor in EXTENDED_UNTIL if not unsupported(minor, today)]
