"""People at a real site without a browser: accounts made as an operator would, signing in, and the hub's own API.

https://jupyterhub.readthedocs.io/en/stable/reference/rest-api.html
"""

from __future__ import annotations

import base64
import http.cookiejar
import json
import re
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from html import unescape
from typing import Any, Protocol
from urllib.parse import urlencode

PASSWORD = "correct-horse-battery-2026"


class Reached(Protocol):
    """A running site."""

    @property
    def domain(self) -> str:
        """Its name for browsers."""
        ...

    @property
    def https(self) -> int:
        """The port people type."""
        ...

    def kubectl(self, *arguments: str) -> str:
        """What kubectl says of its cluster."""
        ...


def address(site: Reached, label: str) -> str:
    """A service's address, without a slash at its end."""
    return f"https://{label}.{site.domain}:{site.https}"


def make_accounts(site: Reached, names: Sequence[str], groups: Sequence[str] = ("researchers",)) -> None:
    """Accounts with a password and groups, through Keycloak's API."""
    secret = site.kubectl("get", "secret", "auth-bootstrap", "-n", "auth", "-o", "jsonpath={.data.password}")
    auth, browser = address(site, "auth"), Browser()
    form = {
        "grant_type": "client_credentials",
        "client_id": "arcos-bootstrap",
        "client_secret": base64.b64decode(secret).decode(),
    }
    token = json.loads(browser.ask(f"{auth}/realms/master/protocol/openid-connect/token", form=form)[1])["access_token"]
    for name in names:
        account = {
            "username": name,
            "email": f"{name}@example.org",
            "emailVerified": True,
            "firstName": name,
            "lastName": "Researcher",
            "enabled": True,
            "groups": [f"/{group}" for group in groups],
            "credentials": [{"type": "password", "value": PASSWORD, "temporary": False}],
        }
        bearer = {"Authorization": f"Bearer {token}"}
        status, said, _ = browser.ask(f"{auth}/admin/realms/arcos/users", body=account, headers=bearer)
        assert status in (201, 409), f"{name}: {status} {said}"


class Browser:
    """Cookies and redirects, nothing more."""

    def __init__(self) -> None:
        self.cookies = http.cookiejar.CookieJar()
        context = ssl._create_unverified_context()
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(context=context),
            urllib.request.HTTPCookieProcessor(self.cookies),
        )

    def ask(
        self,
        url: str,
        *,
        form: dict[str, str] | None = None,
        body: object = None,
        headers: dict[str, str] | None = None,
        method: str | None = None,
    ) -> tuple[int, str, str]:
        """Status, text and address of the page that it ends on."""
        data = urlencode(form).encode() if form else json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(url, data=data, headers=headers or {}, method=method)
        if body is not None:
            request.add_header("Content-Type", "application/json")
        try:
            with self._opener.open(request, timeout=60) as answer:
                return answer.status, answer.read().decode(), answer.url
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode(), error.url

    def sign_in(self, url: str, user: str, password: str = PASSWORD) -> tuple[int, str, str]:
        """Go to an address, fill in Keycloak's form, and end where it leads."""
        _, page, _ = self.ask(url)
        form = re.search(r'<form[^>]*action="([^"]+)"', page)
        assert form, f"no form to sign in at {url}: {page[:500]}"
        return self.ask(unescape(form[1]), form={"username": user, "password": password})


class HubUser:
    """Somebody who is signed in at JupyterHub, with a token for its API."""

    def __init__(self, site: Reached, name: str, password: str = PASSWORD) -> None:
        self.name, self.hub = name, address(site, "hub")
        browser = Browser()
        status, said, at = browser.sign_in(f"{self.hub}/hub/home", name, password)
        assert status == 200, f"{name} at {at}: {status} {said[:500]}"
        xsrf = next(cookie.value for cookie in browser.cookies if cookie.name == "_xsrf" and "/hub/" in cookie.path)
        url = f"{self.hub}/hub/api/users/{name}/tokens"
        headers = {"X-XSRFToken": xsrf or "", "Referer": f"{self.hub}/hub/token"}
        status, said, _ = browser.ask(url, body={"note": "a test"}, headers=headers)
        assert status == 201, f"no token for {name}: {status} {said}"
        self.token = json.loads(said)["token"]
        self._browser = Browser()

    def api(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """One request; what it answers is JSON or nothing."""
        headers = {"Authorization": f"Bearer {self.token}"}
        status, said, _ = self._browser.ask(f"{self.hub}/hub/api{path}", body=body, headers=headers, method=method)
        return status, json.loads(said) if said else None

    def start(self, server: str = "", profile: str = "minimal") -> None:
        """Ask for a server; it starts while others do."""
        status, said = self.api("POST", self._server(server), {"profile": profile})
        assert status in (201, 202), f"{self.name}: {status} {said}"

    def ready(self, server: str = "") -> bool:
        """Whether it runs."""
        _, told = self.api("GET", f"/users/{self.name}")
        return bool(told["servers"].get(server, {}).get("ready"))

    def exists(self, server: str = "") -> bool:
        """Whether it runs, starts or stops."""
        _, told = self.api("GET", f"/users/{self.name}")
        found = told["servers"].get(server, {})
        return bool(found.get("ready") or found.get("pending"))

    def wait(self, server: str = "", patience: float = 120) -> None:
        """Until it runs."""
        end = time.monotonic() + patience
        while not self.ready(server):
            assert time.monotonic() < end, f"{self.name}: no server after {patience:.0f} s"
            time.sleep(0.5)

    def stop(self, server: str = "") -> None:
        """End it; it goes while others do."""
        status, said = self.api("DELETE", self._server(server))
        assert status in (202, 204), f"{self.name}: {status} {said}"

    def _server(self, server: str) -> str:
        return f"/users/{self.name}/servers/{server}" if server else f"/users/{self.name}/server"
