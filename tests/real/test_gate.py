"""Apps behind the gate, in a real browser: the right people get in, the others do not, signed out is signed out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By

from arcos.platform.gather import needs
from arcos.site.loader import load_site
from components.gate import SIGN_OUT, gated
from components.groups import OPERATORS
from components.route import Route
from tests.real.browser import chromium, sign_in, wait_for, wait_for_address
from tests.real.people import PASSWORD, Browser, make_accounts
from tests.real.site import RealSite

pytestmark = pytest.mark.real

OPERATOR, STRANGER = "olga", "sam"


@pytest.fixture(scope="module")
def route(site: RealSite) -> Route:
    """The first gated route of the site that operators may take."""
    routes = gated(needs(load_site(site.name, site.file.parent)).routes)
    found = next((one for one in routes if OPERATORS in one.groups), None)
    if found is None:
        pytest.skip("needs an app with a gated route in the site of the tests")
    make_accounts(site, [OPERATOR], (OPERATORS,))
    make_accounts(site, [STRANGER], ())
    return found


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    with chromium(tmp_path / "profile") as chrome:
        yield chrome


def _url(site: RealSite, route: Route, path: str = "/") -> str:
    return f"https://{route.host}:{site.https}{path}"


def test_an_operator_is_led_to_sign_in_and_back_and_out_again(
    site: RealSite, route: Route, browser: webdriver.Chrome
) -> None:
    browser.get(_url(site, route, "/?asked=1"))
    wait_for_address(browser, f"auth.{site.domain}")
    sign_in(browser, OPERATOR, PASSWORD)
    wait_for_address(browser, route.host)
    assert "/oauth2/" not in browser.current_url, browser.current_url
    assert "Forbidden" not in browser.find_element(By.TAG_NAME, "body").text

    names = {cookie["name"]: cookie for cookie in browser.get_cookies()}
    own = next(cookie for name, cookie in names.items() if name.startswith("__Host-gate"))
    assert (own["secure"], own["httpOnly"], own["domain"]) == (True, True, route.host), "of this host alone"

    browser.get(_url(site, route, SIGN_OUT))
    if route.host != site.domain:  # else the landing page itself asks who is there
        wait_for_address(browser, site.address)
    browser.get(f"https://auth.{site.domain}:{site.https}/realms/arcos/account/")
    wait_for(browser, "#username")
    browser.get(_url(site, route))
    wait_for(browser, "#username")


def test_whoever_is_in_no_such_group_stays_out(site: RealSite, route: Route) -> None:
    status, said, at = Browser().sign_in(_url(site, route), STRANGER)
    assert status == 403, f"{at}: {status} {said[:300]}"


def test_a_program_without_a_session_is_told_so_and_not_led_around(site: RealSite, route: Route) -> None:
    status, _, at = Browser().ask(_url(site, route), headers={"Accept": "application/json"})
    assert (status, at) == (401, _url(site, route))


def test_no_header_makes_an_operator(site: RealSite, route: Route) -> None:
    spoofed = {"X-Auth-Request-User": "admin", "X-Auth-Request-Groups": OPERATORS, "Accept": "application/json"}
    assert Browser().ask(_url(site, route), headers=spoofed)[0] == 401
