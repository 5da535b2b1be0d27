"""The real Keycloak with the real realm's program: people of two institutions sign in through it, or do not.

The institutions are two more of its realms (`tests/real/institutions.py`). The same with a site around it, in a real
browser: `tests/real/test_federations.py`.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlencode, urljoin

import pytest

from apps.auth.config import AuthConfig
from apps.auth.realm import realm
from arcos.images.build import build
from arcos.images.catalogue import find
from arcos.images.inside import inside
from arcos.images.oci import Layout
from arcos.images.smoke import unpack
from arcos.progress import Progress
from components.facts import Facts
from components.oidc import OidcClient
from tests.real import institutions
from tests.real.institutions import ADMITTED, OPENID, SAML, SECRET, STAFF, STRANGER
from tests.real.people import PASSWORD, Browser, Keycloak
from tests.real.site import free_port

pytestmark = pytest.mark.api  # makes the images, as that tier compiles

BOOT = "boot-secret-of-this-test"
#: Nobody answers there: who is led back to it with a code is signed in.
HUB = "http://localhost:1/hub"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@dataclass
class Running:
    """Keycloak, the realm's program, and the folder of both."""

    keycloak: Keycloak
    folder: Path

    def converge(self, *, federations: list[dict[str, object]] | None = None, fails: bool = False) -> str:
        """Run the realm's Job for a site with these federations, by default the two institutions."""
        public = self.keycloak.auth.replace("http:", "https:")
        wanted = institutions.federations(public) if federations is None else federations
        port = int(public.rpartition(":")[2])
        facts = Facts(
            name="x", title="X", contact="a@b.org", domain="localhost", auth_host="localhost", https_port=port
        )
        client = OidcClient(app="hub", namespace="hub", title="Hub", redirect_urls=(HUB,))
        text = json.dumps(realm(AuthConfig.model_validate({"federations": wanted}), facts, [client]))
        # There is no certificate here, and no pod with its mounts.
        text = text.replace(public, self.keycloak.auth).replace("${file:/run/", f"${{file:{self.folder}/")
        (self.folder / "realm.json").write_text(text)
        told = {
            "KEYCLOAK_URL": self.keycloak.auth,
            "KEYCLOAK_CLIENT": "arcos-bootstrap",
            "KEYCLOAK_SECRET_FILE": f"{self.folder}/boot",
        }
        command = [str(self.folder / "image-realm" / "realm"), str(self.folder / "realm.json")]
        done = subprocess.run(command, env=told, capture_output=True, text=True, timeout=300)
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout + done.stderr

    def sign_in(self, institution: str, user: str) -> str:
        """Come through an institution as a browser does. What the last page says; "" for back at the hub."""
        browser = Browser()
        browser.cookies.set_policy(DefaultCookiePolicy(secure_protocols=("http", "https")))
        asked = {"client_id": "hub", "response_type": "code", "scope": "openid", "redirect_uri": HUB}
        asked |= {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
        first = f"{self.keycloak.auth}/realms/arcos/protocol/openid-connect/auth?{urlencode(asked)}"
        _, page, at = browser.ask(first)
        [button] = re.findall(r"<a[^>]*>", page[page.index(f'id="social-{institution}"') - 300 :])[:1]
        [link] = re.findall(r'href="([^"]+)"', page[page.index(button) :])[:1]
        try:
            _, page, at = browser.ask(urljoin(at, unescape(link)))
            while form := re.search(r'<form[^>]*action="([^"]+)"', page):
                sent = dict(re.findall(r'<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"', page, re.I))
                if 'name="password"' in page:
                    sent |= {"username": user, "password": PASSWORD}
                elif not sent:
                    break
                _, page, at = browser.ask(
                    urljoin(at, unescape(form[1])), form={k: unescape(v) for k, v in sent.items()}
                )
        except URLError:
            return ""
        return page

    def groups(self, user: str) -> list[str]:
        """Of which groups somebody is, here."""
        [account] = self.keycloak.ask("GET", f"/arcos/users?exact=true&username={user}")[1]
        return [group["name"] for group in self.keycloak.ask("GET", f"/arcos/users/{account['id']}/groups")[1]]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("brokered")
    for name in ("keycloak", "realm"):
        unpack(Layout(build(find(name), Progress(quiet=True)).layout), folder / f"image-{name}")
    root = folder / "image-keycloak"
    (root / "tmp").mkdir(exist_ok=True)
    for name, text in {
        "boot": BOOT,
        "admin/password": PASSWORD,
        "clients/hub/client-secret": "x",
        f"federations/{OPENID}/client-secret": SECRET,
        "federations/away/client-secret": "x",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    port = free_port()
    start = ["start-dev", "--http-host=127.0.0.1", f"--http-port={port}", f"--http-management-port={free_port()}"]
    env = {
        **find("keycloak").recipe.env,  # type: ignore[union-attr]
        "HOME": "/tmp",
        "KC_BOOTSTRAP_ADMIN_CLIENT_ID": "arcos-bootstrap",
        "KC_BOOTSTRAP_ADMIN_CLIENT_SECRET": BOOT,
        "JAVA_OPTS_KC_HEAP": "-Xmx512m -XX:+UseSerialGC",
    }
    with (folder / "keycloak.log").open("wb") as log:
        server = subprocess.Popen(
            inside(root, ["/opt/keycloak/bin/kc.sh", *start]), env=env, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        _answers(port, server, folder / "keycloak.log")
        made = Running(Keycloak(f"http://localhost:{port}", BOOT), folder)
        institutions.found(made.keycloak)
        yield made
    finally:
        server.terminate()
        server.wait(60)


def _answers(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 400
    while time.monotonic() < end:
        assert server.poll() is None, log.read_text()
        try:
            if Browser().ask(f"http://localhost:{port}/realms/master")[0] == 200:
                return
        except OSError:
            time.sleep(1)
    pytest.fail(log.read_text())


@pytest.fixture(scope="module")
def site(running: Running) -> Running:
    """A realm that federates with both, which know it."""
    assert "make identity provider lab" in running.converge()
    institutions.introduce(running.keycloak)
    return running


def test_a_second_run_makes_nothing(site: Running) -> None:
    assert "make" not in site.converge()


@pytest.mark.parametrize("institution", [OPENID, SAML])
def test_whom_a_rule_admits_is_a_member_and_whom_none_admits_is_of_no_group(site: Running, institution: str) -> None:
    assert site.sign_in(institution, ADMITTED[institution]) == ""
    assert site.groups(ADMITTED[institution]) == ["researchers"]
    assert site.sign_in(institution, STRANGER[institution]) == "", "an account is no permission"
    assert site.groups(STRANGER[institution]) == []


def test_who_is_no_longer_of_the_staff_loses_the_group_at_the_next_sign_in(site: Running) -> None:
    [who] = site.keycloak.ask("GET", f"/{SAML}/users?exact=true&username={ADMITTED[SAML]}")[1]
    [staff] = site.keycloak.ask("GET", f"/{SAML}/groups?search={STAFF}")[1]
    membership = f"/{SAML}/users/{who['id']}/groups/{staff['id']}"
    for method, groups in (("DELETE", []), ("PUT", ["researchers"])):
        assert site.keycloak.ask(method, membership)[0] == 204
        site.sign_in(SAML, ADMITTED[SAML])
        assert site.groups(ADMITTED[SAML]) == groups


@pytest.mark.parametrize(
    ("switch", "said"),
    [("saml.assertion.signature", "Invalid signature in response"), ("saml.encrypt", "Invalid requester")],
)
def test_an_assertion_that_is_not_signed_or_not_encrypted_opens_nothing(site: Running, switch: str, said: str) -> None:
    us = f"{site.keycloak.auth}/realms/arcos"
    [client] = site.keycloak.ask("GET", f"/{SAML}/clients?clientId={us}")[1]
    assert client["attributes"][switch] == "true", "our own metadata asks for it"
    lax = client | {"attributes": client["attributes"] | {switch: "false"}}
    assert site.keycloak.ask("PUT", f"/{SAML}/clients/{client['id']}", lax)[0] == 204
    page = site.sign_in(SAML, ADMITTED[SAML])
    assert site.keycloak.ask("PUT", f"/{SAML}/clients/{client['id']}", client)[0] == 204
    assert said in page


def test_whom_a_rule_admitted_is_out_at_once_when_the_file_no_longer_has_the_rule(site: Running) -> None:
    site.sign_in(SAML, ADMITTED[SAML])
    site.sign_in(OPENID, ADMITTED[OPENID])
    both = institutions.federations(site.keycloak.auth.replace("http:", "https:"))
    said = site.converge(federations=[one | ({"admit": []} if one["name"] == SAML else {}) for one in both])
    assert "no rule of federation lab admits to group researchers any more: 1 of its members are out" in said
    assert (site.groups(ADMITTED[SAML]), site.groups(ADMITTED[OPENID])) == ([], ["researchers"])
    site.converge()
    site.sign_in(SAML, ADMITTED[SAML])
    assert site.groups(ADMITTED[SAML]) == ["researchers"], "the rule is back"


def test_a_provider_that_never_answered_is_named_and_one_that_is_gone_from_the_file_is_removed(site: Running) -> None:
    away = {"kind": "oidc", "name": "away", "issuer": "https://localhost:1/realm", "clientId": "x"}
    said = site.converge(federations=[away], fails=True)
    assert "federation away: Keycloak cannot read https://localhost:1/realm/.well-known/openid-configuration" in said
    assert "remove identity provider lab" in said
    assert site.groups(ADMITTED[SAML]) == [], "with a provider go its rules, and whom they admitted"
    [account] = site.keycloak.ask("GET", f"/arcos/users?exact=true&username={ADMITTED[SAML]}")[1]
    assert account["enabled"], "but nobody's account: whose files these are is the operators' to say"
