"""Who else signs people in, and whom of theirs a site lets in. No Pulumi here, as in `config.py`.

What Keycloak is told of them stands in `realm.py` and `saml.py`.
"""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from apps.auth.attributes import says_not_where
from components.certificates import Certificate
from components.groups import RESEARCHERS
from components.units import DnsLabel, HttpsUrl, Line, Many, Settings, refuse

#: What is said of somebody: an OpenID claim, a SAML attribute.
Attribute = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.:/-]{0,199}$")]


class Admission(Settings):
    """Who becomes a member of a group when they sign in, by what their institution says of them."""

    group: DnsLabel = RESEARCHERS
    """The group."""

    claim: Attribute = "email"
    """What is looked at: `email`, `eduPersonScopedAffiliation`, `eduPersonEntitlement`, any OpenID claim or SAML
    attribute by its own name."""

    values: Annotated[Many[Line], Field(min_length=1, max_length=200)]
    """Values that are let in. A `*` at the start stands for anything, as in `*@example.edu.au`."""

    @field_validator("claim")
    @classmethod
    def _says_where(cls, claim: str) -> str:
        if says_not_where(claim):
            what = f"lets in people of every institution there is: `{claim}` does not say of which"
            raise refuse(what, "eduPersonScopedAffiliation, as in `staff@example.edu.au`", "eduPersonScopedAffiliation")
        return claim

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

    admit: Many[Admission] = ()
    """Who becomes a member of which group. Default: nobody; an operator adds people by hand."""

    everyone: Everyone | None = None
    """Everybody of this provider gets in. Default: no."""


class OpenIdFederation(Federation):
    """A provider that speaks OpenID Connect, where we have a name and a secret."""

    client_id: Line
    """Our name at the provider."""

    secret: DnsLabel | None = None
    """The Secret in namespace `auth` whose key `client-secret` holds our secret there. Default: `federation-<name>`."""

    @property
    def secret_name(self) -> str:
        """Name of the Secret."""
        return self.secret or f"federation-{self.name}"


class OidcFederation(OpenIdFederation):
    """An OpenID provider: the AAF, eduGAIN through a proxy, an institution, anything that speaks OIDC."""

    kind: Literal["oidc"]

    issuer: HttpsUrl
    """The provider's issuer; its `/.well-known/openid-configuration` must answer."""

    scopes: Many[Line] = ("openid", "email", "profile")
    """What is asked for."""


class OrcidFederation(OpenIdFederation):
    """ORCID, whose addresses are known."""

    kind: Literal["orcid"]

    issuer: ClassVar[str] = "https://orcid.org"
    scopes: ClassVar[tuple[str, ...]] = ("openid",)


class SamlFederation(Federation):
    """A SAML identity provider: an institution of eduGAIN or the AAF, or the proxy of a federation.

    It is told of us by `<auth>/realms/arcos/broker/<name>/endpoint/descriptor`. What it says has to be signed, always.
    """

    kind: Literal["saml"]

    entity_id: Annotated[str, Field(pattern=r"^(https?://|urn:)[^\s]{1,1000}$")]
    """The provider's entity id, as its metadata says it. What anybody else says is refused."""

    metadata: HttpsUrl | None = None
    """Where its metadata is, of this provider alone (as from an MDQ service): address and certificates are read there,
    and new ones noticed. Or give `ssoUrl` and `certificates`."""

    sso_url: HttpsUrl | None = None
    """Where people sign in, by the binding HTTP-Redirect. Default: as the metadata says."""

    certificates: Annotated[Many[Certificate], Field(max_length=5)] = ()
    """What its answers are signed with: the old one and the new one while it changes. Public data. Default: as the
    metadata says."""

    name_id: Literal["persistent", "emailAddress", "transient"] = "persistent"
    """What the name in an answer is asked to be. `transient` is another one at each sign-in, so needs `identifier`."""

    identifier: Attribute | None = None
    """The attribute that is the same person for ever, as in `subject-id` or `eduPersonUniqueId`. Default: the name
    itself (`nameId`)."""

    user_name: Attribute = "eduPersonPrincipalName"
    """The attribute from which the user name is taken at the first sign-in; without it people choose one."""

    encrypted: bool = True
    """What it says of people is encrypted for this site as well as signed, as is usual in eduGAIN. Default: yes."""

    @model_validator(mode="after")
    def _one_source(self) -> SamlFederation:
        by_hand = [key for key, value in (("ssoUrl", self.sso_url), ("certificates", self.certificates)) if value]
        accepted = "`metadata`, or both `ssoUrl` and `certificates`"
        if self.metadata and by_hand:
            raise refuse(f"has `metadata`, and `{by_hand[0]}` which that says already", accepted)
        if not self.metadata and len(by_hand) < 2:
            raise refuse("does not say where people sign in and whose signature counts", accepted)
        return self

    @model_validator(mode="after")
    def _same_person(self) -> SamlFederation:
        if self.name_id == "transient" and not self.identifier:
            what = "asks for a name that is another one at each sign-in, so nobody is ever the same person again"
            raise refuse(what, "`identifier` as well, as in `identifier: subject-id`; or `nameId: persistent`")
        return self


AnyFederation = Annotated[OidcFederation | OrcidFederation | SamlFederation, Field(discriminator="kind")]
