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
    """Accounts with a password and groups."""
    keycloak = Keycloak.of(site)
    for name in names:
        account = person(name, f"{name}@example.org", groups)
        status, said = keycloak.ask("POST", "/arcos/users", account)
        assert status in (201, 409), f"{name}: {status} {said}"


def person(name: str, email: str, groups: Sequence[str] = ()) -> dict[str, Any]:
    """An account as Keycloak has it, with the password that all have."""
    return {
        "username": name,
        "email": email,
        "emailVerified": True,
        "firstName": name.partition("@")[0],
        "lastName": "Researcher",
        "enabled": True,
        "groups": [f"/{group}" for group in groups],
        "credentials": [{"type": "password", "value": PASSWORD, "temporary": False}],
    }


class Keycloak:
    """Its API with the rights of the site's own Job. https://www.keycloak.org/docs-api/latest/rest-api/"""

    def __init__(self, auth: str, secret: str) -> None:
        self.auth = auth
        self._form = {"grant_type": "client_credentials", "client_id": "arcos-bootstrap", "client_secret": secret}

    @classmethod
    def of(cls, site: Reached) -> Keycloak:
        """That of a running site."""
        secret = site.kubectl("get", "secret", "auth-bootstrap", "-n", "auth", "-o", "jsonpath={.data.password}")
        return cls(address(site, "auth"), base64.b64decode(secret).decode())

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """One request below /admin/realms; a body that is text is sent as it is. The answer is JSON or text."""
        browser = Browser()
        token = browser.ask(f"{self.auth}/realms/master/protocol/openid-connect/token", form=self._form)[1]
        bearer = {"Authorization": f"Bearer {json.loads(token)['access_token']}"}
        status, said, _ = browser.ask(f"{self.auth}/admin/realms{path}", body=body, headers=bearer, method=method)
        try:
            return status, json.loads(said)
        except ValueError:
            return status, said


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
        text = body if isinstance(body, str) else json.dumps(body)
        data = urlencode(form).encode() if form else text.encode() if body is not None else None
        request = urllib.request.Request(url, data=data, headers=headers or {}, method=method)
        if body is not None:
            request.add_header("Content-Type", "text/plain" if isinstance(body, str) else "application/json")
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
