"""What a site may set for `auth`: sign-on. No Pulumi here, so that checking a site file stays fast."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator

from components.groups import RESEARCHERS
from components.requirement import GroupUse, Requirement
from components.units import DnsLabel, Domain, Duration, HttpsUrl, Line, Many, Memory, Settings, refuse


class Admission(Settings):
    """Who becomes a member of a group when they sign in, by what their institution says of them."""

    group: DnsLabel = RESEARCHERS
    """The group."""

    claim: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.:/-]{0,199}$")] = "email"
    """The claim that is looked at, as in `email` or `eduperson_scoped_affiliation`."""

    values: Annotated[Many[Line], Field(min_length=1, max_length=200)]
    """Values that are let in. A `*` at the start stands for anything, as in `*@example.edu.au`."""

    @field_validator("values")
    @classmethod
    def _not_everybody(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            if "*" in value[1:]:
                raise refuse(f"has a `*` inside `{value}`", "a `*` at the start only, as in `*@example.edu.au`")
            if value.startswith("*") and not re.search(r"[A-Za-z0-9-]+\.[A-Za-z]{2,}$", value):
                raise refuse(
                    f"lets in almost anybody with `{value}`",
                    "a value that ends in a domain, as in `*@example.edu.au`; or, if everybody is meant, `everyone:`",
                )
        return values


class Everyone(Settings):
    """Everybody with an account there gets in, unasked. For a federation whose members are all meant."""

    group: DnsLabel = RESEARCHERS
    """The group they become members of."""

    reason: Annotated[Line, Field(min_length=12)]
    """Why that is right here, in words that an auditor understands."""


class Federation(Settings):
    """Somebody else who signs people in."""

    name: Annotated[DnsLabel, Field(max_length=40)]
    """Short name, part of addresses. The provider must allow `<auth>/realms/arcos/broker/<name>/endpoint`."""

    title: Line | None = None
    """What the button says. Default: the name."""

    client_id: Line
    """Our name at the provider."""

    secret: DnsLabel | None = None
    """The Secret in namespace `auth` whose key `client-secret` holds our secret there. Default: `federation-<name>`."""

    admit: Many[Admission] = ()
    """Who becomes a member of which group. Default: nobody; an operator adds people by hand."""

    everyone: Everyone | None = None
    """Everybody of this provider gets in. Default: no."""

    @property
    def secret_name(self) -> str:
        """Name of the Secret."""
        return self.secret or f"federation-{self.name}"


class OidcFederation(Federation):
    """An OpenID provider: the AAF, eduGAIN through a proxy, an institution, anything that speaks OIDC."""

    kind: Literal["oidc"]

    issuer: HttpsUrl
    """The provider's issuer; its `/.well-known/openid-configuration` must answer."""

    scopes: Many[Line] = ("openid", "email", "profile")
    """What is asked for."""


class OrcidFederation(Federation):
    """ORCID, whose addresses are known."""

    kind: Literal["orcid"]

    issuer: ClassVar[str] = "https://orcid.org"
    scopes: ClassVar[tuple[str, ...]] = ("openid",)


AnyFederation = Annotated[OidcFederation | OrcidFederation, Field(discriminator="kind")]


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
