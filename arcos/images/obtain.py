"""Any image of the catalogue, in the cache: built here, or copied from those who build it."""

from __future__ import annotations

from arcos.images.build import BuiltImage, build
from arcos.images.catalogue import AnyImage, Image
from arcos.images.upstream import UpstreamCopy, fetch, unresolved
from arcos.progress import Progress
from arcos.site.release import Release


def obtain(image: AnyImage, release: Release, progress: Progress) -> BuiltImage | UpstreamCopy:
    """The image, from the cache or put there; what others build is the one that the release names.

    Raises:
        ArcosError: It could not be built or copied, or the release has no digest of what others build.
    """
    if isinstance(image, Image):
        return build(image, progress)
    pin = release.images.get(image.name)
    if pin is None or pin.digest is None:
        raise unresolved(image, release.name)
    return fetch(image, pin.digest, progress)
