"""The real Traefik reads our real files: it starts, redirects, ends TLS, sets headers and finds the app."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from components.route import Route
from tests.apps.ingress.running import HOST, get, get_tls, running


@pytest.fixture(scope="module")
def backend() -> Iterator[int]:
    class Hello(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("X-Powered-By", "secret-version")
            self.send_header("Seen", " ".join(self.headers))
            self.end_headers()
            self.wfile.write(f"hello {self.headers['Host']} {self.headers['X-Forwarded-Proto']}".encode())

        def log_message(self, *args: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hello)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def _route(port: int) -> Route:
    return Route(
        app="hello",
        host=HOST,
        service="hello",
        namespace="hello",
        port=port,
        title="",
        description="",
        health_path="/",
    )


@pytest.fixture(scope="module", params=[True, False], ids=["hsts", "local-ca"])
def proxy(request: pytest.FixtureRequest, traefik: Path, backend: int, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("traefik")
    with running(traefik, folder, [_route(backend)], hsts=request.param) as made:
        yield made


def test_http_is_redirected_to_the_public_https_port(proxy):
    response = get(proxy.ports.http, "/a?b=c")
    assert response.status in (301, 308), "a redirect that browsers keep"
    assert response.headers["Location"] == f"https://{HOST}:{proxy.ports.https}/a?b=c"


def test_a_route_leads_to_its_app_over_tls(proxy):
    response = get_tls(proxy.ports.https)
    assert (response.status, response.body) == (200, f"hello {HOST} https"), "host and scheme reach the app"


def test_every_answer_carries_the_security_headers(proxy):
    headers = get_tls(proxy.ports.https).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["X-Powered-By"] is None, "an app's version is nobody's business"
    assert headers["Server"] is None, "nor its server's"


def test_hsts_only_where_browsers_trust_the_certificate(proxy):
    header = get_tls(proxy.ports.https).headers["Strict-Transport-Security"]
    assert bool(header) == proxy.hsts, "with an authority nobody trusts yet, HSTS would lock people out"


def test_an_unknown_host_is_not_found(proxy):
    assert get_tls(proxy.ports.https, host="other.example.org").status == 404


def test_tls_below_1_2_is_refused(proxy):
    context = ssl._create_unverified_context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        get_tls(proxy.ports.https, context=context)


def test_our_certificate_is_served_and_no_invented_one(proxy):
    pem = ssl.get_server_certificate(("127.0.0.1", proxy.ports.https))
    assert x509.load_pem_x509_certificate(pem.encode()).subject.rfc4514_string() == f"CN={HOST}"


@pytest.mark.parametrize(("path", "status"), [("/a%00b", 400), ("/a%5Cb", 400), ("/a%2Fb%23c%25d", 200)])
def test_encoded_characters_that_no_app_uses_are_refused(proxy, path, status):
    assert get_tls(proxy.ports.https, path=path).status == status


def test_a_header_that_only_looks_like_another_does_not_reach_the_app(proxy):
    response = get_tls(proxy.ports.https, headers={"X_Forwarded_Proto": "spoofed"})
    assert "X_Forwarded_Proto" not in response.headers["Seen"].split(), "WSGI apps would read it as X-Forwarded-Proto"
    assert "X-Forwarded-Proto" in response.headers["Seen"].split()


def test_traefik_has_nothing_to_complain_about(proxy):
    lines = [line for line in proxy.log.read_text().splitlines() if '"level":"warn' in line or '"level":"err' in line]
    known = ("TLS handshake", "encoded characters")  # the latter: the ones we allow on purpose
    assert not [line for line in lines if not any(words in line for words in known)], lines


def test_a_site_without_any_route_has_a_proxy_all_the_same(traefik, tmp_path):
    with running(traefik, tmp_path, [], hsts=False) as made:
        assert get_tls(made.ports.https).status == 404
        assert '"level":"err' not in made.log.read_text()
