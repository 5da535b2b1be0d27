"""What a site file may set for a cluster of kind `local`. No Pulumi here: checking a site file stays fast."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from components.clusters.capabilities import Capabilities
from components.units import Port, Settings, refuse

#: The storage class of a local site: directories on the machine's own disk.
LOCAL_STORAGE = "local-directory"


class LocalCluster(Settings):
    """A whole cluster on one Linux machine, in namespaces of its own; reached on the loopback address only."""

    kind: Literal["local"]

    http_port: Port = 80
    """Port on 127.0.0.1 for http, which only redirects to https."""

    https_port: Port = 443
    """Port on 127.0.0.1 for https."""

    api_port: Port = 6443
    """Port on 127.0.0.1 for the Kubernetes API."""

    nodes: Annotated[int, Field(ge=1, le=5000)] = 1
    """Number of simulated nodes; read by `up --simulate` only, the real local site is one node."""

    @field_validator("https_port", "api_port")
    @classmethod
    def _ports_differ(cls, value: int, info: ValidationInfo) -> int:
        for name, key in (("http_port", "httpPort"), ("https_port", "httpsPort")):
            if info.data.get(name) == value:
                raise refuse(f"is the same port as `{key}`", "a port from 1 to 65535 that the site uses once")
        return value

    @property
    def capabilities(self) -> Capabilities:
        """One node with directories as volumes, and nothing that enforces network policies yet."""
        return Capabilities(default_storage_class=LOCAL_STORAGE, rwx_storage_class=LOCAL_STORAGE)
