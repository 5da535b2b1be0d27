"""The real Traefik asks a gate for every request of a gated host. The gate here is a stand-in that knows two people."""

from __future__ import annotations

import http.server
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest

from components import gate
from components.facts import Facts
from components.route import Route
from tests.apps.ingress.running import HOST, get_tls, running

FACTS = Facts(name="x", title="X", contact="a@b.org", domain="example.org", https_port=8443)
ADA, EVE = {"Cookie": f"{gate.COOKIE}=ada"}, {"Cookie": f"{gate.COOKIE}=eve"}
SPOOFED = {gate.USER_HEADER: "root", gate.GROUPS_HEADER: "operators", "X_Auth_Request_User": "root"}


class App(http.server.BaseHTTPRequestHandler):
    """Says whom it takes the caller for; on a web socket, says back what it hears."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.headers["Upgrade"] == "websocket":
            self.send_response(101)
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "Upgrade")
            self.end_headers()
            self.wfile.write(self.connection.recv(16))
            self.close_connection = True
            return
        text = f"app {self.headers[gate.USER_HEADER]} {self.headers[gate.GROUPS_HEADER]}"
        self._say(403 if self.path == "/refused" else 200, text)

    def _say(self, status: int, text: str, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args: object) -> None: ...


class Gate(App):
    """Lets Ada of the group `lab` in, knows Eve, and sends everybody else to sign in."""

    seen: list[dict[str, str]]

    def do_GET(self) -> None:
        self.seen.append(dict(self.headers))
        address = urlsplit(self.path)
        if address.path != "/":
            self._say(200, f"gate {self.path}")
        elif "ada" in self.headers.get("Cookie", ""):
            assert parse_qs(address.query) == {"allowed_groups": ["lab,operators"]}
            self._say(
                202, "", **{gate.USER_HEADER: "ada", gate.GROUPS_HEADER: "lab", "Set_Cookie": f"{gate.COOKIE}=new"}
            )
        elif "eve" in self.headers.get("Cookie", ""):
            self._say(403, "Forbidden")
        else:
            self._say(302, "", Location="https://auth.example.org/", Set_Cookie=f"{gate.COOKIE}_csrf=1; Path=/")


@contextmanager
def _serving(handler: type[App]) -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def proxy(traefik: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    Gate.seen = []
    with _serving(App) as app, _serving(Gate) as asked:
        route = Route(
            app="hello",
            host=HOST,
            service="hello",
            namespace="hello",
            port=app,
            title="",
            description="",
            health_path="/",
            groups=("lab", "operators"),
            open_paths=("/v2/", "/token"),
        )
        names = {
            "hello.hello.svc.cluster.local": "127.0.0.1",
            f"gate.auth.svc.cluster.local:{gate.PORT}": f"127.0.0.1:{asked}",
        }
        query = gate.sign_out_query(FACTS)
        folder = tmp_path_factory.mktemp("traefik")
        with running(traefik, folder, [route], hsts=False, names=names, sign_out=query) as made:
            made.gate = Gate
            yield made


def test_somebody_of_a_group_gets_in_and_the_app_learns_who_it_is(proxy):
    response = get_tls(proxy.ports.https, headers=ADA | SPOOFED)
    assert (response.status, response.body) == (200, "app ada lab"), "and never what the browser claimed"


def test_a_renewed_cookie_reaches_the_browser(proxy):
    response = get_tls(proxy.ports.https, headers=ADA)
    assert response.headers["Set-Cookie"] == f"{gate.COOKIE}=new", "or each request would renew it again"


def test_somebody_of_no_such_group_is_refused(proxy):
    response = get_tls(proxy.ports.https, headers=EVE | SPOOFED)
    assert (response.status, response.body) == (403, "Forbidden")


def test_whoever_is_not_signed_in_is_led_there(proxy):
    response = get_tls(proxy.ports.https, headers=SPOOFED)
    assert (response.status, response.headers["Location"]) == (302, "https://auth.example.org/")
    assert "_csrf=1" in response.headers["Set-Cookie"], "without it nobody could come back"


def test_the_gate_learns_where_to_lead_back_and_no_credential_of_the_app(proxy):
    proxy.gate.seen.clear()
    get_tls(proxy.ports.https, path="/a?b=c", headers={"Authorization": "Basic eHg6eHg=", "X-Forwarded-Uri": "/evil"})
    [seen] = proxy.gate.seen
    assert (seen["X-Forwarded-Host"], seen["X-Forwarded-Uri"]) == (HOST, "/a?b=c")
    assert "Authorization" not in seen


def test_the_gates_own_pages_are_on_the_apps_host(proxy):
    response = get_tls(proxy.ports.https, path="/oauth2/callback?code=1")
    assert (response.status, response.body) == (200, "gate /oauth2/callback?code=1")


def test_signing_out_leads_to_the_gate_and_on_to_the_sign_on(proxy):
    response = get_tls(proxy.ports.https, path=gate.SIGN_OUT)
    assert response.status in (302, 307), "not one that browsers keep"
    target = urlsplit(response.headers["Location"])
    assert (target.netloc, target.path) == (HOST, "/oauth2/sign_out")
    [after] = parse_qs(target.query)["rd"]
    assert after.startswith("https://auth.example.org:8443/realms/arcos/protocol/openid-connect/logout?")
    assert parse_qs(urlsplit(after).query) == {
        "client_id": ["gate"],
        "post_logout_redirect_uri": ["https://example.org:8443/"],
        "id_token_hint": ["{id_token}"],
    }


@pytest.mark.parametrize("path", ["/v2/", "/v2/lab/tags/list", "/token?x=y"])
def test_an_open_path_passes_unasked_and_as_nobody(proxy, path):
    proxy.gate.seen.clear()
    response = get_tls(proxy.ports.https, path=path, headers=SPOOFED)
    assert (response.status, response.body) == (200, "app None None"), "the app asks for itself"
    assert proxy.gate.seen == []


@pytest.mark.parametrize("path", ["/v2/../admin", "/v2/..%2Fadmin", "/v2/%2e%2e/admin", "/v2/%2e%2e%2fadmin", "/v2"])
def test_no_path_only_looks_open(proxy, path):
    assert get_tls(proxy.ports.https, path=path).status == 302, "the app would read it as another path"


def test_a_web_socket_passes_for_those_who_may_and_nobody_else(proxy):
    assert _upgraded(proxy.ports.https, ADA) == (101, b"ping")
    assert _upgraded(proxy.ports.https, {})[0] == 302


def _upgraded(port: int, headers: dict[str, str]) -> tuple[int, bytes]:
    lines = ["GET /socket HTTP/1.1", f"Host: {HOST}", "Connection: Upgrade", "Upgrade: websocket"]
    lines += ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    context = ssl._create_unverified_context()
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=HOST) as tls,
    ):
        tls.sendall("\r\n".join([*lines, "", ""]).encode())
        with tls.makefile("rb") as answer:
            status = int(answer.readline().split()[1])
            while answer.readline().strip():
                pass
            if status != 101:
                return status, b""
            tls.sendall(b"ping")
            return status, answer.read(4)


def test_with_no_gate_nobody_gets_in(traefik, tmp_path):
    """A pod that is gone, a name that does not resolve: closed, not open."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        names = {f"gate.auth.svc.cluster.local:{gate.PORT}": f"127.0.0.1:{nobody.getsockname()[1]}"}
        route = Route(
            app="hello",
            host=HOST,
            service="hello",
            namespace="hello",
            port=1,
            title="",
            description="",
            health_path="/",
            groups=("lab",),
        )
        with running(traefik, tmp_path, [route], hsts=False, names=names) as made:
            assert get_tls(made.ports.https, headers=ADA).status == 500
