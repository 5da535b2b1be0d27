"""What a site may set for `welcome`: the landing page. No Pulumi here, so that checking a site file stays fast."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from components.requirement import GroupUse, Requirement
from components.units import DnsLabel, Domain, HttpsUrl, Line, Many, Settings


class Link(Settings):
    """One link on the landing page, beside the services of the site."""

    title: Line
    """What the link says."""

    url: HttpsUrl
    """Where it leads."""

    description: Annotated[str, Field(max_length=300)] = ""
    """One sentence below the title."""


class WelcomeConfig(Settings):
    """Settings of `welcome`."""

    host: Domain | None = None
    """The name it answers to. Default: the site's own domain."""

    message: Annotated[str, Field(max_length=2000)] = ""
    """Plain text above the services: maintenance, news. Default: none."""

    links: Annotated[Many[Link], Field(max_length=50)] = ()
    """Further links: help desk, documentation, policies."""

    groups: Annotated[Many[DnsLabel], Field(max_length=50)] = ()
    """Groups whose members may see the page. Default: everybody may, signed in or not."""

    def requires(self) -> Iterator[Requirement]:
        """Sign-on, where only some may see it."""
        if self.groups:
            yield Requirement(app="auth", path=("groups",), why="only the sign-on knows who is in a group")

    def groups_used(self) -> Iterator[GroupUse]:
        """Those who may see it."""
        for place, group in enumerate(self.groups):
            yield GroupUse(group=group, path=("groups", place))
