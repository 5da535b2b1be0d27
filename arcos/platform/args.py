"""What the platform program takes: one site, its release, and how it is delivered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from arcos.errors import ArcosError
from arcos.site.model import Site
from arcos.site.release import UNRESOLVED, Release
from components.bucket_access import BucketKeys

Delivery = Literal["push", "pull"]


@dataclass(frozen=True, kw_only=True)
class PlatformArgs:
    """One site and its release. In `push` delivery the program also connects to the cluster.

    `bucket_keys` are those that the stack holds: nothing secret is ever rendered.
    """

    site: Site
    release: Release
    delivery: Delivery
    bucket_keys: BucketKeys | None = None

    def image(self, name: str) -> str:
        """The reference of an image, by digest.

        Raises:
            ArcosError: The release has no such image; or in push delivery, where it would be run, no digest of it.
        """
        reference = self.release.image(self.site.registry, name)
        if self.delivery == "push" and reference.endswith(f"@{UNRESOLVED}"):
            raise ArcosError(
                f"image `{name}` has no digest",
                where=f"releases/{self.release.name}.yaml: images.{name}.digest",
                why="an image is only run by its digest",
                fix=f"./arcosctl images lock {name}",
            )
        return reference
