"""Keys and certificates of local sites."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from arcos.local import pki
from arcos.local.pki import Authority, Leaf


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    monkeypatch.setenv("ARCOS_HOME", str(tmp_path))
    pki.machine_authority()
    return Authority(tmp_path / "data" / "ca", "ca", "unused")


def openssl_accepts(authority: Authority, name: str, folder: Path) -> bool:
    """A server certificate as the seeding job makes it, checked by a library that is not ours."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    (folder / "leaf.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    command = ["openssl", "verify", "-verify_hostname", name, "-CAfile", str(authority.file), str(folder / "leaf.crt")]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_the_machines_authority_can_sign_names_below_localhost_and_no_other(
    authority: Authority, tmp_path: Path
) -> None:
    assert openssl_accepts(authority, "local.arcos.localhost", tmp_path)
    assert not openssl_accepts(authority, "www.bank.example.com", tmp_path), "trusting it gives no power over the web"


def test_the_machines_authority_is_made_once_and_its_key_is_the_owners_only(authority: Authority) -> None:
    before = authority.file.read_bytes()

    assert pki.machine_authority().read_bytes() == before
    assert authority.file.with_name("ca.key").stat().st_mode & 0o777 == 0o600
    assert authority.file.parent.stat().st_mode & 0o777 == 0o700


def test_an_authority_whose_certificate_was_not_written_any_more_gets_one_for_the_same_key(tmp_path: Path) -> None:
    first = Authority(tmp_path, "ca", "title")
    first.file.unlink()

    assert Authority(tmp_path, "ca", "title").certificate.public_key() == first.key.public_key()


LEAF = Leaf(name="api", authority="ca", user="api", names=("localhost", "127.0.0.1"))


def test_a_good_certificate_is_kept(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "ca", "title")
    authority.issue(tmp_path, LEAF)
    before = (tmp_path / "api.crt").read_bytes()

    authority.issue(tmp_path, LEAF)

    assert (tmp_path / "api.crt").read_bytes() == before


@pytest.mark.parametrize("wrong", ["key", "authority", "names", "age"])
def test_a_certificate_is_made_again_when_it_does_not_fit_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    authority = Authority(tmp_path, "ca", "title")
    leaf = LEAF
    authority.issue(tmp_path, leaf)
    before = (tmp_path / "api.crt").read_bytes()
    if wrong == "key":
        (tmp_path / "api.key").unlink()
    elif wrong == "authority":
        (tmp_path / "ca.crt").unlink()
        (tmp_path / "ca.key").unlink()
        authority = Authority(tmp_path, "ca", "title")
    elif wrong == "names":
        leaf = Leaf(name="api", authority="ca", user="api", names=("localhost",))
    else:
        monkeypatch.setattr(pki, "RENEW_BEFORE", pki.LIFE + timedelta(days=1))

    authority.issue(tmp_path, leaf)

    assert (tmp_path / "api.crt").read_bytes() != before
    made = x509.load_pem_x509_certificate((tmp_path / "api.crt").read_bytes())
    made.verify_directly_issued_by(authority.certificate)


def test_the_encryption_key_never_changes(tmp_path: Path) -> None:
    assert pki.encryption_key(tmp_path) == pki.encryption_key(tmp_path), "or Secrets could not be read any more"
