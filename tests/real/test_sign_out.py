"""Signed out of one is signed out of all: how long the others still let the same browser in."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from html import unescape
from urllib.parse import urljoin

import pytest

from components.gate import SIGN_OUT
from tests.real.people import Browser, HubUser, address, make_accounts
from tests.real.site import RealSite

pytestmark = [pytest.mark.real, pytest.mark.long]

#: Seconds. Gate and hub ask the sign-on once a minute; a notebook server believes its hub for half a minute, twice.
GATED, SERVER = 75, 150


def _at_a_gated_app(site: RealSite, browser: Browser) -> None:
    browser.ask(f"{address(site, 'registry')}{SIGN_OUT}")


def _at_the_hub(site: RealSite, browser: Browser) -> None:
    browser.ask(f"{address(site, 'hub')}/hub/logout")


def _at_the_sign_on(site: RealSite, browser: Browser) -> None:
    """Where *Account* on the landing page leads: it asks once more."""
    _, page, at = browser.ask(f"{address(site, 'auth')}/realms/arcos/protocol/openid-connect/logout")
    form = re.search(r'<form[^>]*action="([^"]+)"', page)
    assert form, page[:500]
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    browser.ask(urljoin(at, unescape(form[1])), form=hidden | {"confirmLogout": "yes"})


#: Somebody for each way out, as the hub keeps one session a person.
WAYS: dict[str, Callable[[RealSite, Browser], None]] = {
    "oskar": _at_a_gated_app,
    "otto": _at_the_hub,
    "ottilie": _at_the_sign_on,
}


def _doors(site: RealSite, person: str) -> dict[str, str]:
    """Everything that a signed-in operator with a running server reaches."""
    hub = address(site, "hub")
    return {
        "registry": f"{address(site, 'registry')}/",
        "monitoring": f"{address(site, 'monitoring')}/d/services",
        "hub": f"{hub}/hub/home",
        "server": f"{hub}/user/{person}/api/status",
    }


def _lets_in(browser: Browser, url: str) -> bool:
    """Whether it still answers itself, without leading to the sign-on."""
    status, _, at = browser.ask(url)
    return status == 200 and at == url


@pytest.fixture(scope="module")
def inside(site: RealSite) -> dict[str, Browser]:
    """Each of them has a server, and a browser that every door lets in."""
    make_accounts(site, list(WAYS), ("operators", "researchers"))
    people = [HubUser(site, person) for person in WAYS]
    for one in people:
        one.start()
    for one in people:
        one.wait()
    browsers = {}
    for person in WAYS:
        doors, browser = _doors(site, person), Browser()
        browser.sign_in(doors["registry"], person)
        browser.ask(doors["monitoring"])
        browser.ask(doors["hub"])
        browser.ask(f"{address(site, 'hub')}/user/{person}/lab")
        assert {name: _lets_in(browser, url) for name, url in doors.items()} == dict.fromkeys(doors, True)
        browsers[person] = browser
    return browsers


def test_who_signs_out_of_one_is_signed_out_of_all(site: RealSite, inside: dict[str, Browser]) -> None:
    left, shut = dict[str, float](), dict[tuple[str, str], float]()
    for person, leave in WAYS.items():
        leave(site, inside[person])
        left[person] = time.monotonic()
    wanted = {(person, name) for person in WAYS for name in _doors(site, person)}
    while shut.keys() != wanted and time.monotonic() - max(left.values()) < SERVER:
        for person, name in wanted - shut.keys():
            if not _lets_in(inside[person], _doors(site, person)[name]):
                shut[person, name] = time.monotonic() - left[person]
        time.sleep(1)
    for (person, name), seconds in sorted(shut.items()):
        print(f"signed out {WAYS[person].__name__[1:]}: {name} shut after {seconds:.0f} s")
    assert shut.keys() == wanted, f"still open: {wanted - shut.keys()}"
    late = {door: took for door, took in shut.items() if took > (SERVER if door[1] == "server" else GATED)}
    assert not late, late
