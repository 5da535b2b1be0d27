"""What an app may know of the site it runs on: names and capabilities, never what kind of place it is.

Made once from the site file by `arcos.platform`; pure data.
"""

from __future__ import annotations

from dataclasses import dataclass

from components.bucket import ObjectStorage
from components.route import public_url
from components.seeder import CaSecret


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The site. `https_port` is the one people type; a storage class that is None is not offered.

    `auth_host` is where people sign in, if that has a name of its own. `local_ca` signs the public certificate where no
    public authority knows the domain. `gpu` are vendors of GPUs, `gpu_taints`
    the keys of taints on their nodes. `hosted_zone` is the zone of AWS whose records pods may change, `object_storage`
    the cloud's own.
    """

    name: str
    title: str
    contact: str
    domain: str
    https_port: int = 443
    storage_class: str | None = None
    rwx_storage_class: str | None = None
    gpu: tuple[str, ...] = ()
    gpu_taints: tuple[str, ...] = ()
    local_ca: CaSecret | None = None
    network_policy: bool = False
    auth_host: str | None = None
    hosted_zone: str | None = None
    object_storage: ObjectStorage | None = None

    def host(self, label: str) -> str:
        """The name of one service, as in `hub.qld.example.edu.au`."""
        return f"{label}.{self.domain}"

    def url(self, label: str) -> str:
        """The address of one service as people type it, without a slash at its end."""
        return public_url(self.host(label), self.https_port).rstrip("/")
