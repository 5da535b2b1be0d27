"""Ranges of IPv4 addresses as site files write them, and whether two of them meet. No Pulumi here."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from components.units import refuse

_ACCEPTED = "a range of IPv4 addresses with its length, as in `10.64.0.0/16`"


def _range(value: str) -> str:
    try:
        network = IPv4Network(value, strict=False)
    except ValueError:
        raise refuse("is not a range of addresses", _ACCEPTED) from None
    # A bare address, a netmask or a host inside of the range reads otherwise to the next person.
    if value != str(network):
        raise refuse("is not how this range is written", _ACCEPTED, str(network))
    return value


IpRange = Annotated[
    str,
    AfterValidator(_range),
    WithJsonSchema(
        {"type": "string", "pattern": r"^(?:[0-9]{1,3}\.){3}[0-9]{1,3}/[0-9]{1,2}$", "examples": ["10.64.0.0/16"]}
    ),
]


def _address(value: str) -> str:
    try:
        return str(IPv4Address(value))
    except ValueError:
        raise refuse("is not an IPv4 address", "an address, as in `192.0.2.53`") from None


Ipv4 = Annotated[
    str,
    AfterValidator(_address),
    WithJsonSchema({"type": "string", "pattern": r"^(?:[0-9]{1,3}\.){3}[0-9]{1,3}$", "examples": ["192.0.2.53"]}),
]


def is_private(value: str) -> bool:
    """Whether a range is routed in private networks only (RFC 1918, and RFC 6598 as clouds use it)."""
    private = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
    return any(IPv4Network(value).subnet_of(IPv4Network(outer)) for outer in private)


def meet(one: str, other: str) -> bool:
    """Whether an address stands in both ranges."""
    return IPv4Network(one).overlaps(IPv4Network(other))


def between(value: str, widest: int, narrowest: int) -> bool:
    """Whether a range is as long as `/widest` to `/narrowest` say."""
    return widest <= IPv4Network(value).prefixlen <= narrowest
