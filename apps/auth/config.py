"""What a site may set for `auth`: sign-on. No Pulumi here, so that checking a site file stays fast."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from pydantic import Field

from apps.auth.federations import AnyFederation
from components.certificates import Certificate
from components.requirement import GroupUse, Requirement
from components.units import DnsLabel, Domain, Duration, Line, Many, Memory, Settings


class Group(Settings):
    """A group of people beside operators and researchers: a project, a course."""

    name: DnsLabel
    """Its name, as apps and profiles say it."""

    description: Line | None = None
    """What it is for."""


class AuthConfig(Settings):
    """Settings of `auth`."""

    #: What a site of cluster kind `local` gets instead.
    local_defaults: ClassVar[dict[str, Any]] = {"memory": "768Mi", "gates": 1}

    federations: Annotated[Many[AnyFederation], Field(max_length=50)] = ()
    """Who else signs people in. Default: nobody, people have accounts here."""

    authorities: Annotated[Many[Certificate], Field(max_length=20)] = ()
    """Certificate authorities that federations' own addresses are signed by, where the world does not know them.
    Default: only those that the world knows."""

    groups: Annotated[Many[Group], Field(max_length=500)] = ()
    """Groups beside `operators` and `researchers`."""

    admin: DnsLabel = "admin"
    """User name of the first operator. `./arcosctl status` says how to read the one-time password."""

    idle: Duration = "1h"
    """How long a session lasts without use."""

    longest: Duration = "12h"
    """How long a session lasts at most: a working day."""

    host: Domain | None = None
    """The name it answers to. Default: `auth.` and the site's domain."""

    memory: Memory = "1Gi"
    """What Keycloak may take. Default: 1Gi, on a local site 768Mi."""

    gates: Annotated[int, Field(ge=1, le=10)] = 2
    """How many gates stand before the apps that sign nobody in themselves. Two survive a node; a local site has one."""

    def requires(self) -> Iterator[Requirement]:
        """A database, and a way in."""
        yield Requirement(app="database", why="Keycloak keeps people and sessions in PostgreSQL")
        yield Requirement(app="ingress", why="people are led to it to sign in")

    def groups_used(self) -> Iterator[GroupUse]:
        """Those that people become members of when they sign in."""
        for number, one in enumerate(self.federations):
            for place, rule in enumerate(one.admit):
                yield GroupUse(group=rule.group, path=("federations", number, "admit", place, "group"))
            if one.everyone:
                yield GroupUse(group=one.everyone.group, path=("federations", number, "everyone", "group"))
