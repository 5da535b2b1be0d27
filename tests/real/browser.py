"""A real Chromium without a window, and the steps that every person takes in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support import expected_conditions as seen
from selenium.webdriver.support.ui import WebDriverWait

from arcos.paths import ROOT

PICTURES = ROOT / "docs" / "pictures"
#: Seconds until a page or a server must be there.
PATIENCE = 120
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--ignore-certificate-errors",
    "--window-size=1280,860",
)


@contextmanager
def chromium(profile: Path) -> Iterator[webdriver.Chrome]:
    """A browser that knows nothing yet: no cookies, no history."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not program or not driver:
        pytest.skip("needs Debian's chromium and chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in (*_FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    # The driver listens on the loopback address; no proxy may stand between.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "localhost,127.0.0.1"
    with webdriver.Chrome(options=options, service=webdriver.ChromeService(driver)) as chrome:
        yield chrome


def wait_for(browser: webdriver.Chrome, selector: str, patience: float = PATIENCE) -> WebElement:
    """The element, once it can be seen."""
    found: WebElement = WebDriverWait(browser, patience).until(
        seen.visibility_of_element_located((By.CSS_SELECTOR, selector)), f"{selector} never came: {browser.current_url}"
    )
    return found


def wait_for_address(browser: webdriver.Chrome, part: str, patience: float = PATIENCE) -> None:
    """Until the address holds `part`."""
    WebDriverWait(browser, patience).until(seen.url_contains(part), f"no {part} in {browser.current_url}")


def picture(browser: webdriver.Chrome, name: str) -> None:
    """Keep what is seen for the documentation, where that is asked for."""
    if os.environ.get("ARCOS_UPDATE_PICTURES"):
        PICTURES.mkdir(exist_ok=True)
        browser.save_screenshot(str(PICTURES / f"{name}.png"))


def sign_in(browser: webdriver.Chrome, user: str, password: str, new_password: str = "") -> None:
    """Fill in Keycloak's form, and the one for a new password where that is due."""
    wait_for(browser, "#username").send_keys(user)
    browser.find_element(By.ID, "password").send_keys(password)
    browser.find_element(By.CSS_SELECTOR, "#kc-login, button[type=submit]").click()
    if new_password:
        wait_for(browser, "#password-new").send_keys(new_password)
        browser.find_element(By.ID, "password-confirm").send_keys(new_password)
        browser.find_element(By.CSS_SELECTOR, "input[type=submit], button[type=submit]").click()
