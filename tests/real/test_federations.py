"""Signing in through an institution, for real: whom a rule admits works, whom none admits is told so and stays out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By

from tests.real import institutions
from tests.real.browser import chromium, picture, sign_in, wait_for, wait_for_address
from tests.real.institutions import ADMITTED, OPENID, SAML, SECRET, STAFF, STRANGER
from tests.real.people import PASSWORD, Keycloak, address
from tests.real.site import FULL, RealSite, full_with

pytestmark = [pytest.mark.real, pytest.mark.long]

GROUPS = [{"name": "chemistry"}, {"name": "biology"}]
KINDS = pytest.mark.parametrize("institution", [OPENID, SAML])


@pytest.fixture(scope="module")
def keycloak(site: RealSite) -> Keycloak:
    return Keycloak.of(site)


@pytest.fixture(scope="module")
def laboratory(site: RealSite, keycloak: Keycloak) -> Iterator[str]:
    """Both institutions, and a site that federates with them. What the laboratory calls the site."""
    institutions.found(keycloak)
    federations = institutions.federations(keycloak.auth)
    authority = site.authority.read_text(encoding="utf-8")
    site.write(full_with(auth={"groups": GROUPS, "authorities": [authority], "federations": federations}))
    name = f"federation-{OPENID}"
    try:
        said = site.arcosctl("up", site.name, code=2)
        assert f"secret generic {name} -n auth" in said, "the secret is the operator's to bring, so nothing is changed"
        site.kubectl("create", "secret", "generic", name, "-n", "auth", f"--from-literal=client-secret={SECRET}")
        site.arcosctl("up", site.name, "--timeout", "600")
        yield institutions.introduce(keycloak)
    finally:
        site.write(FULL)
        site.arcosctl("up", site.name, "--timeout", "600")
        site.kubectl("delete", "secret", name, "-n", "auth", "--ignore-not-found")
        institutions.close(keycloak)


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    with chromium(tmp_path / "profile") as chrome:
        yield chrome


def _come_from(browser: webdriver.Chrome, site: RealSite, institution: str, user: str) -> None:
    """From the landing page to JupyterHub, and through somebody's institution."""
    browser.get(site.address)
    browser.find_element(By.LINK_TEXT, "JupyterHub").click()
    button = wait_for(browser, f"#social-{institution}")
    picture(browser, "institutions")
    button.click()
    wait_for_address(browser, f"/realms/{institution}/")
    sign_in(browser, user, PASSWORD)


def _refused(browser: webdriver.Chrome) -> str:
    wait_for(browser, ".error, #error")
    return browser.find_element(By.TAG_NAME, "body").text


@KINDS
def test_whom_a_rule_admits_works_in_a_notebook(
    site: RealSite, keycloak: Keycloak, laboratory: str, browser: webdriver.Chrome, institution: str
) -> None:
    user = ADMITTED[institution]
    _come_from(browser, site, institution, user)
    wait_for(browser, "#profile-item-minimal").click()
    browser.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
    wait_for(browser, "#jp-main-dock-panel", patience=240)
    [account] = keycloak.ask("GET", f"/arcos/users?exact=true&username={user}")[1]
    groups = keycloak.ask("GET", f"/arcos/users/{account['id']}/groups")[1]
    assert [group["name"] for group in groups] == ["researchers"]
    browser.get(f"{address(site, 'hub')}/hub/home")
    wait_for(browser, "#stop").click()


@KINDS
def test_whom_no_rule_admits_is_told_so_and_reaches_nothing(
    site: RealSite, keycloak: Keycloak, laboratory: str, browser: webdriver.Chrome, institution: str
) -> None:
    user = STRANGER[institution]
    _come_from(browser, site, institution, user)
    said = _refused(browser)
    assert "403" in said, said
    assert "not currently authorized" in said, f"it says that it is about rights, and whom to ask: {said}"
    picture(browser, "not-admitted")
    [account] = keycloak.ask("GET", f"/arcos/users?exact=true&username={user}")[1]
    assert keycloak.ask("GET", f"/arcos/users/{account['id']}/groups")[1] == []
    for gated in ("registry", "monitoring"):
        browser.get(f"{address(site, gated)}/")
        assert "Forbidden" in browser.find_element(By.TAG_NAME, "body").text, gated
    assert user.partition("@")[0] not in site.kubectl("get", "pods", "-n", "notebooks", "-o", "name")


def test_who_is_no_longer_of_the_staff_is_out_at_the_next_sign_in(
    site: RealSite, keycloak: Keycloak, laboratory: str, browser: webdriver.Chrome
) -> None:
    [person] = keycloak.ask("GET", f"/{SAML}/users?exact=true&username={ADMITTED[SAML]}")[1]
    [staff] = keycloak.ask("GET", f"/{SAML}/groups?search={STAFF}")[1]
    membership = f"/{SAML}/users/{person['id']}/groups/{staff['id']}"
    assert keycloak.ask("DELETE", membership)[0] == 204
    _come_from(browser, site, SAML, ADMITTED[SAML])
    assert "not currently authorized" in _refused(browser)
    assert keycloak.ask("PUT", membership)[0] == 204


def test_an_assertion_that_is_not_signed_opens_nothing(
    site: RealSite, keycloak: Keycloak, laboratory: str, browser: webdriver.Chrome
) -> None:
    client = keycloak.ask("GET", f"/{SAML}/clients/{laboratory}")[1]
    assert client["attributes"]["saml.assertion.signature"] == "true", "the site's metadata asks for it"
    unsigned = {"attributes": client["attributes"] | {"saml.assertion.signature": "false"}}
    assert keycloak.ask("PUT", f"/{SAML}/clients/{laboratory}", client | unsigned)[0] == 204
    _come_from(browser, site, SAML, ADMITTED[SAML])
    wait_for(browser, "#kc-error-message")
    browser.get(f"{address(site, 'hub')}/hub/home")
    wait_for(browser, f"#social-{SAML}")
    assert keycloak.ask("PUT", f"/{SAML}/clients/{laboratory}", client)[0] == 204
