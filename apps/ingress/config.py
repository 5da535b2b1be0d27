"""What a site may set for `ingress`: the one way in. No Pulumi here, so that checking a site file stays fast."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from components.units import DnsLabel, Settings


class LocalCa(Settings):
    """A certificate from the certificate authority that `up` makes once on this machine: for local sites."""

    kind: Literal["local-ca"] = "local-ca"


class TlsSecret(Settings):
    """A certificate that somebody else puts and renews in the cluster."""

    kind: Literal["secret"] = "secret"
    name: DnsLabel = "ingress-tls"
    """Name of the kubernetes.io/tls Secret in the namespace `ingress`; it covers the domain and `*.` the domain."""


Tls = Annotated[LocalCa | TlsSecret, Field(discriminator="kind")]


class IngressConfig(Settings):
    """Settings of `ingress`."""

    #: What a site of cluster kind `local` gets instead: one node needs one replica, and no public CA knows its domain.
    local_defaults: ClassVar[dict[str, Any]] = {"tls": {"kind": "local-ca"}, "replicas": 1}

    tls: Tls = TlsSecret()
    """Where the certificate comes from. Default: the Secret `ingress-tls`; on a local site its own local CA."""

    replicas: Annotated[int, Field(ge=1, le=20)] = 2
    """How many proxies run. Two survive the loss of a node; a local site has one node and one proxy."""
