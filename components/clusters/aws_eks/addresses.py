"""The plan of a VPC's addresses: which part each zone gets. Pure: decides, makes nothing.

Four quarters: one for the nodes and pods of each of three zones (pods take addresses of their node's subnet), the last
one for what faces the internet. A zone's part never depends on how many zones there are, so adding one moves nothing.

    10.64.0.0/16   nodes a 10.64.0.0/18   nodes b 10.64.64.0/18   nodes c 10.64.128.0/18
                   public a 10.64.192.0/20  public b 10.64.208.0/20  public c 10.64.224.0/20   free 10.64.240.0/20

https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

#: A narrower VPC would leave a public subnet too few addresses for load balancers, and nodes too few for pods.
NARROWEST = 20
#: The widest that AWS takes.
WIDEST = 16
#: AWS never moves a control plane to another zone: with as many as it needs, a third one can come and go for machines.
CONTROL_ZONES = 2
#: Ids of zones that EKS puts no control plane into; which letter one has differs from account to account.
#: https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
NO_CONTROL_PLANE = ("use1-az3", "usw1-az2", "cac1-az3")


@dataclass(frozen=True, kw_only=True)
class Zone:
    """A zone of the region, and its two subnets' ranges."""

    name: str
    letter: str
    nodes: str
    public: str


def plan(region: str, letters: Sequence[str], vpc: str) -> list[Zone]:
    """The zones of a site, in the order in which the site names them.

    Raises:
        ValueError: More than three zones, or a VPC narrower than `/20`.
    """
    whole = IPv4Network(vpc)
    if len(letters) > 3 or whole.prefixlen > NARROWEST:
        raise ValueError(f"{vpc} cannot be shared out among zones {', '.join(letters)}")
    quarters = list(whole.subnets(prefixlen_diff=2))
    public = list(quarters[3].subnets(prefixlen_diff=2))
    return [
        Zone(name=f"{region}{letter}", letter=letter, nodes=str(quarters[index]), public=str(public[index]))
        for index, letter in enumerate(letters)
    ]


def nat_zones(zones: Sequence[Zone], nat: str) -> dict[str, str]:
    """Which zone's gateway each zone's nodes go out through, by letter: its own, or the first one's."""
    return {zone.letter: zone.letter if nat == "each-zone" else zones[0].letter for zone in zones}
