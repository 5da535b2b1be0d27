"""What a site may set for `dns`: who keeps its names. No Pulumi here, so that checking a site file stays fast."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from components.requirement import Requirement
from components.units import DnsLabel, Domain, Many, Port, Settings


class Route53(Settings):
    """AWS's own service: the zone that the cluster's `hostedZone` names. The pod has a role for it, and no key."""

    kind: Literal["aws"] = "aws"


class Designate(Settings):
    """OpenStack's own service, as an application credential."""

    kind: Literal["designate"]

    secret: DnsLabel = "dns-openstack"  # noqa: S105 - a name
    """Secret in namespace `dns`; its key `clouds.yaml` has one cloud, named `openstack`."""

    ports: Annotated[Many[Port], Field(min_length=1, max_length=8)] = (443, 5000, 9001)
    """Ports of Keystone and Designate, as `openstack catalog list` shows them; the pod reaches no other. Default:
    behind https, and their own without a proxy."""


class Rfc2136(Settings):
    """A name server that takes signed updates, as BIND, Knot and PowerDNS do."""

    kind: Literal["rfc2136"]

    server: Domain
    """The primary name server of the zone."""

    port: Port = 53
    """Its port, UDP and TCP."""

    key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,253}$")]
    """Name of the TSIG key, as the server knows it. It may change this zone, and transfer it."""

    algorithm: Literal["hmac-sha256", "hmac-sha384", "hmac-sha512"] = "hmac-sha256"
    """What the key signs with."""

    secret: DnsLabel = "dns-tsig"  # noqa: S105 - a name
    """Secret in namespace `dns`; its key `secret` is the TSIG key in base64."""


Provider = Annotated[Route53 | Designate | Rfc2136, Field(discriminator="kind")]


class DnsConfig(Settings):
    """Settings of `dns`."""

    provider: Provider = Route53()
    """Who keeps the records. Default: the AWS zone that the cluster names."""

    zone: Domain | None = None
    """The zone that records go into; the site's domain is it, or lies in it. Default: the site's domain."""

    def requires(self) -> Iterator[Requirement]:
        """Something with an address that names can lead to; and for AWS, the zone that pods may change."""
        yield Requirement(app="ingress", why="its Service is what names lead to")
        why = "without one no Service has an address; lead the names to the site by hand"
        yield Requirement(capability="load_balancer", why=why)
        if self.provider.kind == "aws":
            why = "pods have no right to any zone of AWS otherwise"
            yield Requirement(capability="hosted_zone", path=("provider",), why=why)
