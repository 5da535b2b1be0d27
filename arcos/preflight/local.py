"""What can be asked of this machine before a local site is started on it: `./arcosctl doctor` says more."""

from __future__ import annotations

from collections.abc import Iterator

from arcos.checks import Check, fail, ok
from arcos.errors import ArcosError
from arcos.local.node import check
from arcos.site.model import Site
from arcos.site.release import Release


def checks(site: Site, _release: Release) -> Iterator[Check]:
    """What would stop the start, as the start itself finds it."""
    try:
        check(site)
    except ArcosError as error:
        yield fail("machine", f"{error.what}{': ' + error.why if error.why else ''}", error.fix)
    else:
        yield ok("machine", "nothing stands in the way of a local node")
