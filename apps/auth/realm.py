"""The realm of a site: `realm.json` beside this file, and what the site file and the apps add to it.

Pure: no Pulumi, no cluster. What comes out is Keycloak's own representation, with `${file:...}` where a secret belongs;
`images/realm` fills it in and makes the live realm so. https://www.keycloak.org/docs-api/latest/rest-api/
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from apps.auth import saml
from apps.auth.config import AuthConfig
from apps.auth.federations import Admission, AnyFederation, OidcFederation, OrcidFederation, SamlFederation
from components.facts import Facts
from components.groups import OPERATORS, RESEARCHERS
from components.oidc import CLIENT_SECRET, OidcClient, issuer
from components.quantity import seconds

#: Where each client's and federation's secret and the first password are mounted in the Job.
CLIENTS, FEDERATIONS, FIRST_PASSWORD = "/run/clients", "/run/federations", "/run/admin/password"
_HERE = Path(__file__).parent


def realm(config: AuthConfig, facts: Facts, clients: Sequence[OidcClient]) -> dict[str, Any]:
    """The whole realm."""
    base: dict[str, Any] = json.loads((_HERE / "realm.json").read_text(encoding="utf-8"))
    return base | {
        "displayName": facts.title,
        "ssoSessionIdleTimeout": seconds(config.idle),
        "ssoSessionMaxLifespan": seconds(config.longest),
        "groups": groups(config),
        "clients": [client_of(one) for one in clients],
        "identityProviders": [provider(one, issuer(facts)) for one in config.federations],
        "identityProviderMappers": [mapper for one in config.federations for mapper in mappers(one)],
        "users": [first_operator(config, facts)],
    }


def groups(config: AuthConfig) -> list[dict[str, Any]]:
    """Operators, who run the realm as well; researchers; and the site's own."""
    named = {one.name: one.description or "" for one in config.groups}
    return [
        {"name": OPERATORS, "clientRoles": {"realm-management": ["realm-admin"]}},
        *({"name": name, "attributes": {"description": [text]}} for name, text in {RESEARCHERS: "", **named}.items()),
    ]


def client_of(client: OidcClient) -> dict[str, Any]:
    """A confidential client with one flow, the authorisation code with PKCE."""
    attributes = {
        "pkce.code.challenge.method": "S256",
        "post.logout.redirect.uris": "##".join(client.post_logout_urls),
        "use.refresh.tokens": "true",
    }
    if client.backchannel_logout_url:
        attributes["backchannel.logout.url"] = client.backchannel_logout_url
        attributes["backchannel.logout.session.required"] = "true"
    return {
        "clientId": client.app,
        "name": client.title,
        "enabled": True,
        "protocol": "openid-connect",
        "publicClient": False,
        "clientAuthenticatorType": "client-secret",
        "secret": f"${{file:{CLIENTS}/{client.app}/{CLIENT_SECRET}}}",
        "standardFlowEnabled": True,
        "implicitFlowEnabled": False,
        "directAccessGrantsEnabled": False,
        "serviceAccountsEnabled": False,
        "frontchannelLogout": False,
        "fullScopeAllowed": False,
        "redirectUris": list(client.redirect_urls),
        "webOrigins": [],
        "attributes": attributes,
        "defaultClientScopes": ["basic", "profile", "email", "groups"],
    }


def provider(federation: AnyFederation, us: str) -> dict[str, Any]:
    """A brokered identity; `us` is what we are called at a SAML provider. Addresses that stand in a provider's own
    document are read there by `images/realm`.
    """
    by_saml = isinstance(federation, SamlFederation)
    return {
        "alias": federation.name,
        "displayName": federation.title or federation.name,
        "providerId": "saml" if by_saml else "oidc",
        "enabled": True,
        # An address that somebody merely typed there must not open an account here.
        "trustEmail": False,
        "firstBrokerLoginFlowAlias": "first broker login",
        "config": {
            **(saml.config(federation, us) if isinstance(federation, SamlFederation) else _openid(federation)),
            "syncMode": "FORCE",
        },
    }


def _openid(federation: OidcFederation | OrcidFederation) -> dict[str, str]:
    return {
        "issuer": federation.issuer,
        "metadataDescriptorUrl": f"{federation.issuer}/.well-known/openid-configuration",
        "clientId": federation.client_id,
        "clientSecret": f"${{file:{FEDERATIONS}/{federation.name}/{CLIENT_SECRET}}}",
        "clientAuthMethod": "client_secret_post",
        "defaultScope": " ".join(federation.scopes),
        "pkceEnabled": "true",
        "pkceMethod": "S256",
        "validateSignature": "true",
        "useJwksUrl": "true",
    }


def mappers(federation: AnyFederation) -> list[dict[str, Any]]:
    """Who becomes a member of which group, looked at again at every sign-in; and who somebody is."""
    rule = saml.rule if isinstance(federation, SamlFederation) else _rule
    found = []
    for number, one in enumerate(federation.admit):
        kind, settings = rule(one.claim, _pattern(one))
        found.append(_mapper(federation, f"{one.group}-{number}", kind, {"group": f"/{one.group}", **settings}))
    if federation.everyone:
        group = federation.everyone.group
        settings = {"group": f"/{group}"}
        found.append(_mapper(federation, f"{group}-everyone", "oidc-hardcoded-group-idp-mapper", settings))
    if isinstance(federation, SamlFederation):
        # Taken at the first sign-in; a name that changes there must not change whose files these are.
        taken = {"syncMode": "IMPORT"}
        found += [
            _mapper(federation, name, kind, one | taken) for name, (kind, one) in saml.profile(federation).items()
        ]
    return found


def _mapper(federation: AnyFederation, name: str, kind: str, settings: dict[str, str]) -> dict[str, Any]:
    return {
        "name": name,
        "identityProviderAlias": federation.name,
        "identityProviderMapper": kind,
        "config": {"syncMode": "FORCE", **settings},
    }


def _pattern(rule: Admission) -> str:
    values = "|".join(f".*{re.escape(one[1:])}" if one.startswith("*") else re.escape(one) for one in rule.values)
    return f"^({values})$"


def _rule(claim: str, pattern: str) -> tuple[str, dict[str, str]]:
    looked_at = json.dumps([{"key": claim, "value": pattern}])
    return "oidc-advanced-group-idp-mapper", {"claims": looked_at, "are.claim.values.regex": "true"}


def first_operator(config: AuthConfig, facts: Facts) -> dict[str, Any]:
    """The account that the first operator signs in with, once: a new password is asked for at once."""
    return {
        "username": config.admin,
        "email": facts.contact,
        "emailVerified": True,
        "firstName": "First",
        "lastName": "Operator",
        "enabled": True,
        "groups": [f"/{OPERATORS}"],
        "credentials": [{"type": "password", "value": f"${{file:{FIRST_PASSWORD}}}", "temporary": True}],
    }
