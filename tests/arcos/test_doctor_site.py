"""What `doctor` says of a site that only the world outside can tell: does an issuer answer, does a profile fit."""

from __future__ import annotations

import http.server
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from arcos import doctor
from arcos.checks import Level

SITE = """\
config:
  arcos:site:
    title: A site
    domain: a.arcos.localhost
    contact: ops@example.org
    release: "2026.11"
    cluster: {kind: local}
    apps:
      ingress: {}
      database: {backup: {kind: none, reason: a site for tests}}
      auth: {federations: [{kind: oidc, name: aaf, issuer: "ISSUER", clientId: x}]}
      jupyterhub: {profiles: [{name: huge, image: notebook-minimal, memory: MEMORY}]}
"""


def _said(folder: Path, *, issuer: str, memory: str = "1Gi") -> dict[str, doctor.Check]:
    (folder / "Pulumi.a.yaml").write_text(SITE.replace("ISSUER", issuer).replace("MEMORY", memory))
    return {check.name: check for check in doctor.examine("a", folder)}


@pytest.fixture
def provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A provider on this machine, whose certificate this machine trusts; it calls itself what `told` holds."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "provider")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(hours=1), now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (tmp_path / "tls.crt").write_bytes(certificate.public_bytes(pem))
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "tls.key").write_bytes(key.private_bytes(pem, *plain))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "tls.crt"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    class Provider(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path.removesuffix("/.well-known/openid-configuration") in ("/realm", "/alias")
            self.send_response(200 if known else 404)
            self.end_headers()
            self.wfile.write(json.dumps({"issuer": f"https://127.0.0.1:{server.server_port}/realm"}).encode())

        def log_message(self, *args: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "tls.crt", tmp_path / "tls.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_issuer_that_answers_is_well(tmp_path: Path, provider: str) -> None:
    assert _said(tmp_path, issuer=f"{provider}/realm")["issuer aaf"].level is Level.OK


def test_an_issuer_without_its_document_is_named_with_its_field(tmp_path: Path, provider: str) -> None:
    found = _said(tmp_path, issuer=f"{provider}/other")["issuer aaf"]
    assert found.level is Level.FAIL
    assert "apps.auth.federations[aaf].issuer" in found.detail
    assert "404" in found.detail


def test_an_issuer_that_nobody_answers_for_is_named_with_its_field(tmp_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        found = _said(tmp_path, issuer=f"https://127.0.0.1:{nobody.getsockname()[1]}/realm")["issuer aaf"]
    assert found.level is Level.FAIL
    assert "apps.auth.federations[aaf].issuer" in found.detail
    assert "127.0.0.1" in found.fix


def test_an_issuer_of_another_name_is_told_its_own(tmp_path: Path, provider: str) -> None:
    """Tokens carry the name that the provider gives itself; Keycloak refuses any other."""
    found = _said(tmp_path, issuer=f"{provider}/alias")["issuer aaf"]
    assert found.level is Level.FAIL
    assert found.fix == f"issuer: {provider}/realm"


def test_a_profile_larger_than_this_machine_is_named(tmp_path: Path) -> None:
    found = _said(tmp_path, issuer="https://127.0.0.1:1/realm", memory="900Ti")["profile huge"]
    assert found.level is Level.FAIL
    assert "apps.jupyterhub.profiles[huge].memory" in found.detail
