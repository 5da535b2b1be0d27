"""The realm of a site: who gets in, who is in which group, and that no secret stands in it."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from apps.auth.config import AuthConfig
from apps.auth.realm import client_of, first_operator, groups, mappers, provider, realm
from arcos.platform import gather
from components.facts import Facts
from components.oidc import OidcClient, issuer
from tests.program.conftest import unusual_site

FACTS = Facts(name="x", title="The X site", contact="ops@x.org", domain="x.org")
HUB = OidcClient(
    app="jupyterhub",
    namespace="jupyterhub",
    title="JupyterHub",
    redirect_urls=("https://hub.x.org/hub/oauth_callback",),
    post_logout_urls=("https://x.org/",),
)
AAF = {"kind": "oidc", "name": "aaf", "issuer": "https://central.aaf.edu.au", "clientId": "arcos-x"}


def _config(**federation: object) -> AuthConfig:
    return AuthConfig.model_validate({"federations": [AAF | federation]})


def test_a_client_has_one_flow_and_exact_addresses():
    made = client_of(HUB)
    assert made["standardFlowEnabled"] is True
    assert not any(made[other] for other in ("implicitFlowEnabled", "directAccessGrantsEnabled", "publicClient"))
    assert made["redirectUris"] == ["https://hub.x.org/hub/oauth_callback"], "a wildcard would hand tokens to others"
    assert made["attributes"]["pkce.code.challenge.method"] == "S256"


def test_tokens_are_issued_under_the_name_that_people_are_led_to():
    """Keycloak says its own host; who checks a token has to expect that very one."""
    site = unusual_site("sign-on-only")
    auth = site.apps.auth.model_copy(update={"host": "login.example.org"})
    named = site.model_copy(update={"apps": site.apps.model_copy(update={"auth": auth})})
    assert issuer(gather.facts(site)) == "https://auth.arcos.hpc.example.com/realms/arcos"
    assert issuer(gather.facts(named)) == "https://login.example.org/realms/arcos"


def test_no_secret_stands_in_the_realm():
    whole = realm(_config(), FACTS, [HUB])
    placeholders = [whole["clients"][0]["secret"], whole["identityProviders"][0]["config"]["clientSecret"]]
    placeholders.append(whole["users"][0]["credentials"][0]["value"])
    assert all(one.startswith("${file:/run/") for one in placeholders), placeholders


def test_operators_run_the_realm_and_nobody_else():
    rights = {
        group["name"]: group.get("clientRoles")
        for group in groups(AuthConfig.model_validate({"groups": [{"name": "lab"}]}))
    }
    assert rights == {"operators": {"realm-management": ["realm-admin"]}, "researchers": None, "lab": None}


def test_passwords_cannot_be_guessed_and_nobody_makes_an_account_alone():
    whole = realm(AuthConfig(), FACTS, [])
    assert whole["bruteForceProtected"] is True
    assert whole["registrationAllowed"] is False
    assert whole["ssoSessionIdleTimeout"] == 3600


def test_the_first_operator_has_to_choose_a_new_password():
    made = first_operator(AuthConfig(admin="root-of-x"), FACTS)
    assert made["username"] == "root-of-x"
    assert made["credentials"][0]["temporary"] is True
    assert made["groups"] == ["/operators"]


def test_a_federation_lets_nobody_in_by_itself():
    assert mappers(_config().federations[0]) == [], "an account elsewhere is no permission here"


def test_a_rule_matches_whole_values_only():
    [made] = mappers(_config(admit=[{"values": ["*@example.edu.au", "me@b.org"]}]).federations[0])
    [claim] = json.loads(made["config"]["claims"])
    assert claim == {"key": "email", "value": r"^(.*@example\.edu\.au|me@b\.org)$"}, (
        "a dot is a dot, and nothing follows"
    )
    assert made["config"]["group"] == "/researchers"


@pytest.mark.parametrize("value", ["*", "*@", "*.au*", "*edu", "*@*"])
def test_a_rule_that_lets_in_nearly_everybody_is_refused(value: str):
    with pytest.raises(ValidationError, match=r"lets in almost anybody|has a `\*` inside"):
        _config(admit=[{"values": [value]}])


def test_everybody_may_be_meant_and_then_has_a_reason():
    with pytest.raises(ValidationError, match="reason"):
        _config(everyone={})
    [made] = mappers(_config(everyone={"reason": "a course that is open to all"}).federations[0])
    assert made["identityProviderMapper"] == "oidc-hardcoded-group-idp-mapper"


def test_an_issuer_has_to_be_https():
    with pytest.raises(ValidationError, match="is not an https address"):
        _config(issuer="http://central.aaf.edu.au")


def test_orcid_knows_its_own_address():
    made = provider(
        AuthConfig.model_validate(
            {"federations": [{"name": "orcid", "kind": "orcid", "clientId": "APP-1"}]}
        ).federations[0],
        "us",
    )
    assert made["config"]["issuer"] == "https://orcid.org"


def test_an_address_that_a_provider_merely_claims_opens_no_account():
    assert provider(_config().federations[0], "us")["trustEmail"] is False
