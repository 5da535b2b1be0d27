"""SAML federations: what is refused in a site file, and what Keycloak is told. The sign-in itself is not here."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from apps.auth.auth import AuthArgs, config_files, trust, workload
from apps.auth.config import AuthConfig
from apps.auth.federations import OidcFederation, SamlFederation
from apps.auth.realm import mappers, provider
from apps.auth.saml import alerts
from arcos.paths import ROOT
from components.certificates import body
from components.facts import Facts
from tests.certificates import certificate

README = (ROOT / "apps" / "auth" / "README.md").read_text(encoding="utf-8")
OLD, NEW = certificate(20), certificate(700)
BY_HAND = {
    "kind": "saml",
    "name": "uni",
    "entityId": "https://idp.example.edu.au/shibboleth",
    "ssoUrl": "https://idp.example.edu.au/sso/redirect",
    "certificates": [OLD, NEW],
}
BY_METADATA = {
    "kind": "saml",
    "name": "uni",
    "entityId": "https://idp.example.edu.au/shibboleth",
    "metadata": "https://mdq.example.edu.au/entities/uni",
}
US = "https://auth.x.org/realms/arcos"


def _federation(base: dict[str, Any] = BY_HAND, **changes: object) -> SamlFederation:
    [made] = AuthConfig.model_validate({"federations": [base | changes]}).federations
    assert isinstance(made, SamlFederation)
    return made


def test_what_a_provider_says_has_to_be_signed_addressed_to_us_and_encrypted() -> None:
    told = provider(_federation(), US)["config"]
    assert (told["validateSignature"], told["wantAssertionsSigned"]) == ("true", "true")
    assert (told["idpEntityId"], told["entityId"]) == ("https://idp.example.edu.au/shibboleth", US)
    assert told["wantAssertionsEncrypted"] == "true"
    assert provider(_federation(encrypted=False), US)["config"]["wantAssertionsEncrypted"] == "false"


def test_nothing_in_a_site_file_takes_an_unsigned_answer() -> None:
    for switch in ("signed", "validateSignature", "wantAssertionsSigned"):
        with pytest.raises(ValidationError, match=switch):
            _federation(**{switch: False})


def test_both_certificates_count_while_one_follows_the_other() -> None:
    told = provider(_federation(), US)["config"]
    assert told["signingCertificate"] == f"{body(OLD)},{body(NEW)}"
    assert told["singleSignOnServiceUrl"] == "https://idp.example.edu.au/sso/redirect"


def test_metadata_says_address_and_certificates() -> None:
    told = provider(_federation(BY_METADATA), US)["config"]
    assert told["useMetadataDescriptorUrl"] == "true", "a new certificate is noticed without us"
    assert not {"signingCertificate", "singleSignOnServiceUrl"} & set(told)


@pytest.mark.parametrize(
    ("base", "changes", "what"),
    [
        (BY_HAND, {"certificates": []}, "whose signature counts"),
        (BY_HAND, {"ssoUrl": None}, "does not say where people sign in"),
        (BY_METADATA, {"ssoUrl": "https://idp.example.edu.au/sso"}, "has `metadata`, and `ssoUrl`"),
        (BY_HAND, {"ssoUrl": "http://idp.example.edu.au/sso"}, "is not an https address"),
        (BY_METADATA, {"metadata": "http://idp.example.edu.au/md"}, "is not an https address"),
        (BY_HAND, {"nameId": "transient"}, "another one at each sign-in"),
        (BY_HAND, {"entityId": "the uni"}, "entityId"),
        (BY_HAND, {"clientId": "arcos"}, "clientId"),
        (BY_HAND, {"admit": [{"values": ["*"]}]}, "lets in almost anybody"),
    ],
)
def test_what_cannot_work_or_is_not_safe_is_refused(base: dict[str, Any], changes: dict[str, Any], what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        _federation(base, **changes)


def test_an_affiliation_without_a_domain_lets_nobody_in() -> None:
    """`staff` would be the staff of every institution of the federation, by SAML as by OpenID."""
    rule = {"claim": "eduPersonAffiliation", "values": ["staff"]}
    with pytest.raises(ValidationError, match="does not say of which"):
        _federation(admit=[rule])
    oidc = {"kind": "oidc", "name": "aaf", "issuer": "https://aaf.example.org", "clientId": "x"}
    with pytest.raises(ValidationError, match="does not say of which"):
        AuthConfig.model_validate({"federations": [oidc | {"admit": [rule | {"claim": "eduperson_affiliation"}]}]})


@pytest.mark.parametrize(
    ("claim", "name"),
    [
        ("email", "urn:oid:0.9.2342.19200300.100.1.3"),
        ("eduPersonScopedAffiliation", "urn:oid:1.3.6.1.4.1.5923.1.1.1.9"),
        ("eduperson_entitlement", "urn:oid:1.3.6.1.4.1.5923.1.1.1.7"),
        ("urn:oid:1.2.3", "urn:oid:1.2.3"),
    ],
)
def test_a_rule_looks_at_the_attribute_by_its_standard_name(claim: str, name: str) -> None:
    [made, *_] = mappers(_federation(admit=[{"group": "lab", "claim": claim, "values": ["a.b"]}]))
    assert made["identityProviderMapper"] == "saml-advanced-group-idp-mapper"
    assert made["config"]["group"] == "/lab"
    assert json.loads(made["config"]["attributes"]) == [{"key": name, "value": r"^(a\.b)$"}]
    assert made["config"]["syncMode"] == "FORCE", "looked at again at every sign-in"


def test_a_federation_alone_makes_nobody_a_member() -> None:
    assert not [one for one in mappers(_federation()) if "group" in one["config"]]


def test_who_somebody_is_stays_so() -> None:
    profile = {one["name"]: one["config"] for one in mappers(_federation())}
    assert profile["profile-username"]["template"] == "${ATTRIBUTE.urn:oid:1.3.6.1.4.1.5923.1.1.1.6}"
    assert profile["profile-email"]["attribute.name"] == "urn:oid:0.9.2342.19200300.100.1.3"
    assert {one["syncMode"] for one in profile.values()} == {"IMPORT"}, "a new user name would be a new home folder"
    told = provider(_federation(nameId="transient", identifier="subject-id"), US)["config"]
    assert told["principalType"] == "ATTRIBUTE"
    assert told["principalAttribute"] == "urn:oasis:names:tc:SAML:attribute:subject-id"


def test_a_certificate_that_ends_is_told_a_month_before() -> None:
    """With two, the last one counts; with metadata there is nothing to do."""
    [alert] = alerts([_federation(certificates=[certificate(100)]), _federation(), _federation(BY_METADATA)])
    begins = datetime.fromtimestamp(int(alert.expr.rpartition(" ")[2]), UTC) - datetime.now(UTC)
    assert timedelta(days=69) < begins < timedelta(days=71)
    assert alert.runbook in {f"apps/auth/README.md#{anchor}" for anchor in re.findall('id="([^"]+)"', README)}
    assert alerts([_federation(BY_METADATA)]) == ()


def test_the_server_reaches_a_providers_own_port_and_trusts_whom_the_site_names_beside_the_world() -> None:
    far = BY_METADATA | {"metadata": "https://mdq.example.edu.au:8443/uni"}
    config = AuthConfig.model_validate({"federations": [far], "authorities": [OLD]})
    facts = Facts(name="x", title="X", contact="ops@x.org", domain="x.org")
    files = config_files(config)
    made = workload(AuthArgs(config=config, facts=facts, images=lambda name: name, clients=[]), files)
    assert [port["port"] for port in made.egress[-1]["ports"]] == [443, 8443]
    image = yaml.safe_load((ROOT / "images" / "keycloak" / "image.yaml").read_text(encoding="utf-8"))
    world = image["recipe"]["env"]["KC_TRUSTSTORE_PATHS"]
    assert f"--truststore-paths={world},/etc/arcos/authorities.pem" in made.pod.args
    assert files["authorities.pem"] == OLD
    assert trust(AuthConfig()) == [], "else the image's own"


def test_an_openid_federation_has_a_secret_and_a_saml_one_has_none() -> None:
    assert (
        OidcFederation(kind="oidc", name="aaf", issuer="https://a.org", client_id="x").secret_name == "federation-aaf"
    )
    assert not hasattr(_federation(), "secret_name")
