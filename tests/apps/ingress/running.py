"""A real Traefik with our real files on free ports of this machine, and how to ask it."""

from __future__ import annotations

import http.client
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
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
from components.route import Route

HOST = "site.example.org"
#: What the proxy asks by its name in the cluster, and stands on this machine instead.
LOCAL = {"hello.hello.svc.cluster.local": "127.0.0.1"}


def _free_ports() -> SimpleNamespace:
    """Three different ports: all are held until each is known."""
    with socket.socket() as http, socket.socket() as https, socket.socket() as ping:
        for sock in (http, https, ping):
            sock.bind(("127.0.0.1", 0))
        return SimpleNamespace(http=http.getsockname()[1], https=https.getsockname()[1], ping=ping.getsockname()[1])


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


def _place(
    folder: Path, routes: list[Route], ports: SimpleNamespace, *, hsts: bool, names: Mapping[str, str], sign_out: str
) -> Path:
    """Our files as they are, but for what only a pod has: its ports, its paths, the cluster's DNS."""
    files = config_files(routes, https_port=ports.https, hsts=hsts, sign_out=sign_out)
    static = yaml.safe_load(files["traefik.yaml"])
    for name, port in (("web", ports.http), ("websecure", ports.https), ("ping", ports.ping)):
        static["entryPoints"][name]["address"] = f"127.0.0.1:{port}"
    static["providers"]["file"]["directory"] = str(folder / "dynamic")
    (folder / "dynamic").mkdir()
    (folder / "traefik.yaml").write_text(yaml.safe_dump(static))
    (folder / "dynamic" / "dynamic.yaml").write_text(files["dynamic.yaml"].replace("/tls/", f"{folder}/"))
    text = files["routes.yaml"]
    for name, here in names.items():
        text = text.replace(name, here)
    (folder / "dynamic" / "routes.yaml").write_text(text)
    _certificate(folder)
    return folder / "traefik.yaml"


@contextmanager
def running(
    traefik: Path,
    folder: Path,
    routes: list[Route],
    *,
    hsts: bool,
    names: Mapping[str, str] = LOCAL,
    sign_out: str = "",
) -> Iterator[SimpleNamespace]:
    """Traefik with these routes; `names` says where each name of the cluster is on this machine."""
    ports = _free_ports()
    config = _place(folder, routes, ports, hsts=hsts, names=names, sign_out=sign_out)
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


def _wait_until_ready(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Refused connections and 404 are how Traefik starts: it listens first and reads its routes then."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        assert process.poll() is None, f"traefik refuses our files: {log.read_text()}"
        with suppress(OSError):
            if get(port, "/ping").status == 200:
                return
        time.sleep(0.1)
    pytest.fail(f"traefik does not answer on ping: {log.read_text()}")


def get(port: int, path: str, host: str = HOST) -> http.client.HTTPResponse:
    """Ask over HTTP."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers={"Host": host})
    return _whole(connection)


def get_tls(
    port: int,
    *,
    path: str = "/path",
    host: str = HOST,
    headers: dict[str, str] | None = None,
    context: ssl.SSLContext | None = None,
) -> http.client.HTTPResponse:
    """Ask over TLS, whoever signed the certificate."""
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
