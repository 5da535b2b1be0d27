"""What Keycloak is told of a SAML identity provider. Pure, as `realm.py`, of which this is the part for SAML.

Signed, encrypted and addressed to us, or refused. https://www.keycloak.org/docs/latest/server_admin/#saml-v2-0-identity-providers
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import timedelta

from apps.auth.attributes import GIVEN_NAME, MAIL, SURNAME, saml_name
from apps.auth.federations import Federation, SamlFederation
from components.certificates import body, ends
from components.metrics import Alert
from components.oidc import AUTH

#: https://docs.oasis-open.org/security/saml/v2.0/saml-core-2.0-os.pdf section 8.3
_NAME_ID = {
    "persistent": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    "emailAddress": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
    "transient": "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
}
#: Seconds by which its clock and ours may differ.
_SKEW = 60
_MONTH = timedelta(days=30)


def config(federation: SamlFederation, us: str) -> dict[str, str]:
    """Settings of the provider; `us` is our entity id there. What metadata says is read by `images/realm`."""
    if federation.metadata:
        source = {"metadataDescriptorUrl": federation.metadata, "useMetadataDescriptorUrl": "true"}
    else:
        certificates = ",".join(body(one) for one in federation.certificates)
        source = {"singleSignOnServiceUrl": federation.sso_url or "", "signingCertificate": certificates}
    if federation.identifier:
        who = {"principalType": "ATTRIBUTE", "principalAttribute": saml_name(federation.identifier)}
    else:
        who = {"principalType": "SUBJECT"}
    return {
        "entityId": us,
        "idpEntityId": federation.entity_id,
        **source,
        **who,
        "nameIDPolicyFormat": _NAME_ID[federation.name_id],
        "allowCreate": "true",
        "validateSignature": "true",
        "wantAssertionsSigned": "true",
        "wantAssertionsEncrypted": str(federation.encrypted).lower(),
        "wantAuthnRequestsSigned": "true",
        "signatureAlgorithm": "RSA_SHA256",
        # An answer is too long for an address.
        "postBindingResponse": "true",
        "postBindingAuthnRequest": "false",
        "allowedClockSkew": str(_SKEW),
    }


def profile(federation: SamlFederation) -> dict[str, tuple[str, dict[str, str]]]:
    """Mappers by name, each Keycloak's kind and settings: who somebody is, in the words of the standards."""
    attributes = {"email": MAIL, "firstName": GIVEN_NAME, "lastName": SURNAME}
    taken = {
        f"profile-{ours}": ("saml-user-attribute-idp-mapper", {"attribute.name": theirs, "user.attribute": ours})
        for ours, theirs in attributes.items()
    }
    template = f"${{ATTRIBUTE.{saml_name(federation.user_name)}}}"
    return taken | {"profile-username": ("saml-username-idp-mapper", {"template": template, "target": "LOCAL"})}


def alerts(federations: Iterable[Federation]) -> tuple[Alert, ...]:
    """One that begins a month before a provider's last certificate ends. What metadata says changes by itself."""
    named = [one.certificates for one in federations if isinstance(one, SamlFederation) and one.certificates]
    if not named:
        return ()
    first = min(max(ends(text) for text in certificates) for certificates in named)
    alert = Alert(
        name="FederationCertificateEnds",
        app=AUTH,
        expr=f"vector(time()) > {int((first - _MONTH).timestamp())}",
        hold="1h",
        severity="warning",
        summary=f"A federation's signing certificate ends on {first:%Y-%m-%d}; then nobody of there can sign in.",
    )
    return (alert,)


def rule(claim: str, pattern: str) -> tuple[str, dict[str, str]]:
    """Keycloak's kind and settings of a rule that looks at an attribute."""
    looked_at = json.dumps([{"key": saml_name(claim), "value": pattern}])
    return "saml-advanced-group-idp-mapper", {"attributes": looked_at, "are.attribute.values.regex": "true"}
