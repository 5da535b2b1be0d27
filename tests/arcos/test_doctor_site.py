"""What `doctor` says of a site that only the world outside can tell: does an issuer answer, does a profile fit."""

from __future__ import annotations

import http.server
import json
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from arcos import doctor
from arcos.checks import Level
from arcos.doctor_site import EVICTED_BELOW
from arcos.paths import ROOT
from tests.certificates import certificate

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
      auth: {federations: [FEDERATION], authorities: AUTHORITIES}
      jupyterhub: {profiles: [{name: huge, image: notebook-minimal, memory: MEMORY}]}
"""
METADATA = b'<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="urn:uni"/>'


def _looked_at(
    folder: Path, federation: dict[str, object], memory: str = "1Gi", authorities: tuple[str, ...] = ()
) -> dict[str, doctor.Check]:
    text = SITE.replace("FEDERATION", json.dumps(federation)).replace("AUTHORITIES", json.dumps(authorities))
    (folder / "Pulumi.a.yaml").write_text(text.replace("MEMORY", memory))
    return {check.name: check for check in doctor.examine("a", folder)}


STORED = """\
config:
  arcos:site:
    title: A site
    domain: a.arcos.localhost
    contact: ops@example.org
    release: "2026.11"
    cluster: {kind: local}
    apps: {ingress: {}, objectstore: {}}
"""


@pytest.mark.parametrize(
    ("total", "free", "level", "said"),
    [
        (100, 50, Level.OK, "50.0 GiB free at HOME; below 2.0 GiB its object store takes no more writes"),
        (100, 3, Level.WARN, "nearly full: 3.0 GiB free at HOME; below 2.0 GiB its object store takes no more writes"),
        (100, 1, Level.FAIL, "1.0 GiB free at HOME; below 2.0 GiB its object store takes no more writes"),
        (1000, 9, Level.FAIL, "9.0 GiB free at HOME; below 10.0 GiB its pods are ended"),
    ],
)
def test_a_disk_that_stops_the_site_is_told_with_the_figure_the_place_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, total: int, free: int, level: Level, said: str
) -> None:
    monkeypatch.setenv("ARCOS_HOME", str(tmp_path))
    usage = SimpleNamespace(total=total * 2**30, free=free * 2**30)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    (tmp_path / "Pulumi.a.yaml").write_text(STORED)
    [found] = [check for check in doctor.examine("a", tmp_path) if check.name == "disk under a"]
    assert (found.level, found.detail) == (level, said.replace("HOME", str(tmp_path)))
    assert (str(tmp_path / "cache") in found.fix) == (level is not Level.OK), "what is to be done is one command"


def test_the_share_that_doctor_tells_is_the_kubelets_own() -> None:
    kubelet = (ROOT / "arcos" / "local" / "files" / "kubelet.yaml").read_text()
    assert f"nodefs.available: {EVICTED_BELOW:.0%}" in kubelet


def _said(folder: Path, *, issuer: str, memory: str = "1Gi") -> dict[str, doctor.Check]:
    return _looked_at(folder, {"kind": "oidc", "name": "aaf", "issuer": issuer, "clientId": "x"}, memory)


def _uni(folder: Path, **how: object) -> dict[str, doctor.Check]:
    return _looked_at(folder, {"kind": "saml", "name": "uni", "entityId": "urn:uni", **how})


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
            known = self.path.removesuffix("/.well-known/openid-configuration") in ("/realm", "/alias", "/saml")
            self.send_response(200 if known else 404)
            self.end_headers()
            said = json.dumps({"issuer": f"https://127.0.0.1:{server.server_port}/realm"})
            self.wfile.write(METADATA if self.path == "/saml" else said.encode())

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


def test_an_authority_of_the_site_is_trusted_and_an_unknown_one_named(
    tmp_path: Path, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    aaf: dict[str, object] = {"kind": "oidc", "name": "aaf", "issuer": f"{provider}/realm", "clientId": "x"}
    unknown = _looked_at(tmp_path, aaf)["issuer aaf"]
    assert unknown.level is Level.FAIL
    assert "apps.auth.authorities" in unknown.fix
    authority = (tmp_path / "tls.crt").read_text()
    assert _looked_at(tmp_path, aaf, authorities=(authority,))["issuer aaf"].level is Level.OK


def test_metadata_of_the_provider_is_well_and_that_of_another_is_not(tmp_path: Path, provider: str) -> None:
    assert _uni(tmp_path, metadata=f"{provider}/saml")["metadata uni"].level is Level.OK
    other = _uni(tmp_path, metadata=f"{provider}/saml", entityId="urn:other")["metadata uni"]
    assert other.level is Level.FAIL
    assert other.fix == "entityId: urn:uni"
    nothing = _uni(tmp_path, metadata=f"{provider}/realm")["metadata uni"]
    assert "is no SAML metadata" in nothing.detail


@pytest.mark.parametrize(
    ("days", "level", "words"),
    [
        ([400], Level.OK, "good until"),
        ([-1, 400], Level.OK, "good until"),
        ([10], Level.WARN, "ends on"),
        ([-1], Level.FAIL, "nobody of there can sign in"),
    ],
)
def test_certificates_are_looked_at_before_they_end(tmp_path: Path, days: list[int], level: Level, words: str) -> None:
    certificates = [certificate(one) for one in days]
    found = _uni(tmp_path, ssoUrl="https://idp.example.org/sso", certificates=certificates)["certificate uni"]
    assert (found.level, words in found.detail) == (level, True), found.detail
    if level is not Level.OK:
        assert "apps.auth.federations[uni].certificates" in found.detail


def test_a_profile_larger_than_this_machine_is_named(tmp_path: Path) -> None:
    found = _said(tmp_path, issuer="https://127.0.0.1:1/realm", memory="900Ti")["profile huge"]
    assert found.level is Level.FAIL
    assert "apps.jupyterhub.profiles[huge].memory" in found.detail


def test_more_servers_than_this_machine_could_hold_are_named_with_the_field(tmp_path: Path) -> None:
    """A hundred, where nobody says otherwise; each is sure to get its memory or does not start."""
    text = (
        SITE.replace("jupyterhub: {", "jupyterhub: {servers: 100, ")
        .replace("FEDERATION", "")
        .replace("MEMORY", "900Gi")
    )
    (tmp_path / "Pulumi.a.yaml").write_text(text.replace("AUTHORITIES", "[]"))
    found = {check.name: check for check in doctor.examine("a", tmp_path)}["servers"]
    assert found.level is Level.WARN
    assert "apps.jupyterhub.servers: 100 of the smallest profile want 90000 GiB" in found.detail
    assert "servers" not in _said(tmp_path, issuer="https://127.0.0.1:1/realm", memory="16Mi"), "these all fit"


GROUPS = """\
      auth:
        groups: [{name: chem}, {name: bio}, {name: geo}]
        federations:
          - {kind: oidc, name: aaf, issuer: "https://127.0.0.1:1", clientId: x, admit: [{group: chem, values: [a]}]}
          - {kind: oidc, name: all, issuer: "https://127.0.0.1:1", clientId: x,
             everyone: {group: bio, reason: a site for tests}}
"""


def test_a_group_to_which_no_rule_admits_anybody_is_shown(tmp_path: Path) -> None:
    text = re.sub(r"(?m)^      auth: .*\n", GROUPS, SITE).replace("MEMORY", "1Gi")
    (tmp_path / "Pulumi.a.yaml").write_text(text)
    found = {check.name: check for check in doctor.examine("a", tmp_path) if check.name.startswith("group ")}
    assert set(found) == {"group geo", "group researchers"}, "rules admit to the others"
    assert {check.level for check in found.values()} == {Level.WARN}, "an operator may put people there"
    assert "apps.auth.groups[geo]" in found["group geo"].detail
    assert "admit: [{group: geo" in found["group geo"].fix


def test_a_site_without_federations_has_all_its_people_by_hand(tmp_path: Path) -> None:
    text = re.sub(r"(?m)^      auth: .*\n", "      auth: {groups: [{name: geo}]}\n", SITE).replace("MEMORY", "1Gi")
    (tmp_path / "Pulumi.a.yaml").write_text(text)
    assert not [check for check in doctor.examine("a", tmp_path) if check.name.startswith("group ")]
