"""What a user sees of a fresh local site: over HTTP, and in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By

from tests.real.browser import chromium
from tests.real.site import RealSite

pytestmark = pytest.mark.real


def test_the_landing_page_is_served_over_tls_by_the_local_authority(site: RealSite) -> None:
    status, _, body = site.get(site.address)

    assert status == 200
    assert site.title in body, "the page must show the title from the site file"
    assert "you@arcos.localhost" in body, "and whom to ask"


def test_http_leads_to_https_on_the_published_port(site: RealSite) -> None:
    status, headers, _ = site.get(f"http://{site.domain}:{site.http}/some/page?x=1")

    assert status in (301, 308), "plain http must not be served"
    assert headers["location"] == f"https://{site.domain}:{site.https}/some/page?x=1"


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'"),
        ("referrer-policy", "strict-origin-when-cross-origin"),
        ("x-frame-options", "SAMEORIGIN"),
    ],
)
def test_every_answer_carries_the_security_headers(site: RealSite, header: str, value: str) -> None:
    _, headers, _ = site.get(site.address)

    assert value in headers.get(header, ""), f"{header} is missing or weak: {headers}"


def test_a_name_that_no_app_has_is_not_served(site: RealSite) -> None:
    status, _, body = site.get(site.address, host="other.example.org")

    assert status == 404, "an unknown host must not reach an app"
    assert site.title not in body


def test_status_says_ready_and_where(site: RealSite) -> None:
    report = site.status()

    assert report["summary"] == "ready", report
    assert report["addresses"] == [site.address]


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    with chromium(tmp_path / "profile") as chrome:
        yield chrome


def test_a_real_browser_shows_the_services_healthy(site: RealSite, browser: webdriver.Chrome) -> None:
    browser.get(site.address)

    assert site.title in browser.title
    text = browser.find_element(By.TAG_NAME, "main").text
    assert "ingress" in text.lower(), f"the page must list the site's services: {text}"
    assert "unreachable" not in text.lower(), f"every service of a ready site must be healthy: {text}"
    console = [line for line in browser.get_log("browser") if line["level"] == "SEVERE"]
    assert not [line for line in console if "favicon" not in line["message"]], "no blocked or missing asset"
