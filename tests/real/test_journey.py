"""What a researcher does: sign in once, start a notebook, run Python, find the files again, sign out everywhere."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.real.browser import PATIENCE, chromium, picture, sign_in, wait_for, wait_for_address
from tests.real.site import RealSite

pytestmark = pytest.mark.real

PASSWORD = "correct-horse-battery-2026"


def _secret(site: RealSite, namespace: str, name: str, key: str) -> str:
    text = site.kubectl("get", "secret", name, "-n", namespace, "-o", f"jsonpath={{.data.{key}}}")
    return base64.b64decode(text).decode()


def _people(site: RealSite, *names: str) -> None:
    """Accounts in the group of researchers, made as an operator would."""
    lines = [
        'export HOME=/tmp; kcadm() { /opt/keycloak/bin/kcadm.sh "$@" --config /tmp/kcadm; }',
        "server='--server http://localhost:8080 --realm master --client arcos-bootstrap'",
        'kcadm config credentials $server --secret "$(cat /run/bootstrap/password)"',
    ]
    for name in names:
        user = json.dumps(
            {
                "username": name,
                "email": f"{name}@example.org",
                "emailVerified": True,
                "firstName": name,
                "lastName": "Researcher",
                "enabled": True,
                "groups": ["/researchers"],
                "credentials": [{"type": "password", "value": PASSWORD, "temporary": False}],
            }
        )
        lines.append(f"kcadm create users -r arcos -b '{user}'")
    site.kubectl("exec", "-n", "auth", "deploy/auth", "--", "/bin/sh", "-ec", "\n".join(lines))


@pytest.fixture(scope="module")
def people(site: RealSite) -> tuple[str, str]:
    names = ("ada", "grace")
    _people(site, *names)
    return names


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    with chromium(tmp_path / "profile") as chrome:
        yield chrome


def _hub(site: RealSite) -> str:
    return f"https://hub.{site.domain}:{site.https}"


def _start(browser: webdriver.Chrome, profile: str) -> None:
    """Choose a profile and wait for JupyterLab."""
    wait_for(browser, f"#profile-item-{profile}").click()
    picture(browser, "profiles")
    browser.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
    wait_for(browser, "#jp-main-dock-panel", patience=240)


def _reach_choice(browser: webdriver.Chrome, site: RealSite) -> None:
    """The page where one chooses a profile, to which the hub leads once it knows that the old server is gone."""
    end = time.monotonic() + PATIENCE
    while True:
        browser.get(f"{_hub(site)}/hub/spawn")
        if browser.find_elements(By.CSS_SELECTOR, "#profile-item-minimal"):
            return
        assert time.monotonic() < end, f"no choice of profiles: {browser.current_url}"
        time.sleep(1)


def _run_python(browser: webdriver.Chrome, code: str) -> str:
    """Type code into a new notebook, run it, and read what it prints."""
    wait_for(browser, '.jp-LauncherCard[data-category="Notebook"]').click()
    cell = wait_for(browser, ".jp-Notebook .jp-Cell .cm-content")
    wait_for(browser, '.jp-Notebook-ExecutionIndicator[data-status="idle"]')
    cell.click()
    cell.send_keys(code)
    cell.send_keys(Keys.SHIFT, Keys.ENTER)
    return wait_for(browser, ".jp-OutputArea-output pre").text


def test_the_first_operator_signs_in_with_the_one_time_password_that_status_names(
    site: RealSite, browser: webdriver.Chrome
) -> None:
    said = site.arcosctl("status", site.name)
    assert "admin" in said, said
    assert "secret auth-admin -n auth" in said, "and how to read the password, which it never prints itself"
    password = _secret(site, "auth", "auth-admin", "password")
    assert password not in said

    browser.get(_hub(site))
    sign_in(browser, "admin", password, PASSWORD)

    wait_for(browser, "#profile-item-minimal")
    assert browser.find_elements(By.LINK_TEXT, "Admin"), "an operator runs the hub"


def test_a_researcher_works_in_a_notebook_and_finds_it_again(
    site: RealSite, people: tuple[str, str], browser: webdriver.Chrome
) -> None:
    browser.get(site.address)
    picture(browser, "welcome")
    browser.find_element(By.LINK_TEXT, "JupyterHub").click()
    wait_for(browser, "#username")
    picture(browser, "sign-in")
    sign_in(browser, people[0], PASSWORD)

    _start(browser, "science")
    assert _run_python(browser, "import numpy; print(numpy.arange(7).sum() * 2)") == "42"
    assert "Jupyter news" not in browser.find_element(By.TAG_NAME, "body").text, "nobody asks about anything else"
    picture(browser, "notebook")
    ActionChains(browser).key_down(Keys.CONTROL).send_keys("s").key_up(Keys.CONTROL).perform()
    wait_for(browser, '.jp-DirListing-item[title*="Untitled.ipynb"], .jp-DirListing-item')

    browser.get(f"{_hub(site)}/hub/home")
    wait_for(browser, "#stop").click()
    pod = f"notebook-{people[0]}"
    site.kubectl("wait", "--for=delete", f"pod/{pod}", "-n", "notebooks", "--timeout=120s")
    _reach_choice(browser, site)
    _start(browser, "minimal")
    files = site.kubectl("exec", "-n", "notebooks", pod, "--", "ls", "/home/jovyan")
    assert "Untitled.ipynb" in files, "what was saved is there in the next server"


def test_a_server_holds_no_token_and_no_right(site: RealSite, people: tuple[str, str]) -> None:
    pod = json.loads(site.kubectl("get", "pod", f"notebook-{people[0]}", "-n", "notebooks", "-o", "json"))
    [container] = pod["spec"]["containers"]
    assert pod["spec"]["automountServiceAccountToken"] is False
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["resources"]["limits"]["memory"], "without a limit one person takes the node"


def test_two_people_cannot_reach_each_others_servers(
    site: RealSite, people: tuple[str, str], browser: webdriver.Chrome
) -> None:
    browser.get(_hub(site))
    sign_in(browser, people[1], PASSWORD)
    wait_for(browser, "#profile-item-minimal")

    browser.get(f"{_hub(site)}/user/{people[0]}/lab")

    wait_for(browser, ".error, #error, h1")
    text = browser.find_element(By.TAG_NAME, "body").text
    assert "403" in text or "404" in text, f"another's server must be refused: {text[:300]}"
    assert not browser.find_elements(By.ID, "jp-main-dock-panel")


def test_signing_out_signs_out_everywhere(site: RealSite, people: tuple[str, str], browser: webdriver.Chrome) -> None:
    browser.get(_hub(site))
    sign_in(browser, people[1], PASSWORD)
    wait_for(browser, "#profile-item-minimal")

    browser.get(f"{_hub(site)}/hub/logout")

    wait_for_address(browser, site.address)
    browser.get(f"https://auth.{site.domain}:{site.https}/realms/arcos/account/")
    wait_for(browser, "#username")
    browser.get(_hub(site))
    # The sign-on's own session is gone too, or it would let the browser in again without a word.
    wait_for(browser, "#username")


def test_a_restart_of_the_hub_leaves_servers_alone(site: RealSite, people: tuple[str, str]) -> None:
    pod = ("get", "pod", f"notebook-{people[0]}", "-n", "notebooks", "-o", "jsonpath={.metadata.uid}")
    before = site.kubectl(*pod)
    site.kubectl("delete", "pod", "-n", "jupyterhub", "-l", "app.kubernetes.io/name=jupyterhub", "--wait")
    site.kubectl("rollout", "status", "deployment/jupyterhub", "-n", "jupyterhub", "--timeout=180s")
    assert site.kubectl(*pod) == before, "a hub that starts must not end what runs"
