"""The platform program: `program` makes a site, `gather` collects what its apps ask for, `apps` builds them."""

from arcos.platform.args import Delivery, PlatformArgs
from arcos.platform.program import Platform

__all__ = ["Delivery", "Platform", "PlatformArgs"]
