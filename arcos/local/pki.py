"""Keys and certificates of local sites: the machine's own authority for https, and each cluster's own authorities.

The machine's authority can only sign `localhost` and names below it, so trusting it in a browser gives nobody power
over any other name. Everything is made when it is missing, and certificates are made again in time. Keys are files
for their owner only. What a cluster needs: https://kubernetes.io/docs/setup/best-practices/certificates/
"""

from __future__ import annotations

import base64
import fcntl
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from arcos.paths import data_dir

AUTHORITY_LIFE, LIFE, RENEW_BEFORE = timedelta(days=3650), timedelta(days=730), timedelta(days=90)


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """One certificate: whose it is (``user``, ``groups``), and as what it serves (``names``; none: a client only)."""

    name: str
    authority: str
    user: str
    groups: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


class Authority:
    """A key that signs, and its certificate."""

    def __init__(self, folder: Path, name: str, title: str, *, only_localhost: bool = False) -> None:
        key_file, self.file = folder / f"{name}.key", folder / f"{name}.crt"
        self.key = _key(key_file)
        if not self.file.exists():
            _write(self.file, _self_signed(self.key, title, only_localhost=only_localhost).public_bytes(_PEM))
        self.certificate = x509.load_pem_x509_certificate(self.file.read_bytes())

    def issue(self, folder: Path, leaf: Leaf) -> None:
        """Make the leaf's key and certificate, unless they are there and good."""
        key, file = _key(folder / f"{leaf.name}.key"), folder / f"{leaf.name}.crt"
        if file.exists() and self._good(x509.load_pem_x509_certificate(file.read_bytes()), key, leaf):
            return
        now = datetime.now(UTC)
        usages = [ExtendedKeyUsageOID.CLIENT_AUTH, *([ExtendedKeyUsageOID.SERVER_AUTH] if leaf.names else [])]
        builder = (
            x509.CertificateBuilder()
            .subject_name(_subject(leaf.user, leaf.groups))
            .issuer_name(self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(min(now + LIFE, self.certificate.not_valid_after_utc))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )
        if leaf.names:
            builder = builder.add_extension(_alternatives(leaf.names), critical=False)
        _write(file, builder.sign(self.key, hashes.SHA256()).public_bytes(_PEM))

    def _good(self, known: x509.Certificate, key: ec.EllipticCurvePrivateKey, leaf: Leaf) -> bool:
        try:
            known.verify_directly_issued_by(self.certificate)
            names = known.extensions.get_extension_for_class(x509.SubjectAlternativeName).value if leaf.names else None
        except (InvalidSignature, ValueError, x509.ExtensionNotFound):
            return False
        return (
            known.public_key() == key.public_key()
            and known.subject == _subject(leaf.user, leaf.groups)
            and names == (_alternatives(leaf.names) if leaf.names else None)
            and known.not_valid_after_utc - datetime.now(UTC) > RENEW_BEFORE
        )


_PEM = serialization.Encoding.PEM


def machine_authority() -> Path:
    """The certificate of this machine's authority for local sites, made once; its key is `ca.key` beside it."""
    folder = data_dir() / "ca"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "lock").open("w") as lock:  # two sites may start for the first time at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        return Authority(folder, "ca", "ARCOS local sites on this machine", only_localhost=True).file


def make_cluster_keys(folder: Path, leaves: Iterable[Leaf]) -> None:
    """Make whatever is missing of a cluster's keys in `folder`: authorities, certificates, the token key."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    authorities = {name: Authority(folder, name, f"arcos {name}") for name in ("ca", "etcd-ca", "front-proxy-ca")}
    for leaf in leaves:
        authorities[leaf.authority].issue(folder, leaf)
    _token_key(folder / "service-accounts.key", folder / "service-accounts.pub")


def encryption_key(folder: Path) -> str:
    """The key that Secrets are encrypted with on disk (base64, 32 bytes), made once."""
    file = folder / "encryption.key"
    if not file.exists():
        _write(file, base64.b64encode(secrets.token_bytes(32)))
    return file.read_text(encoding="ascii")


def _key(file: Path) -> ec.EllipticCurvePrivateKey:
    if not file.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        _write(file, _private(key))
    loaded = serialization.load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(loaded, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{file} is not a key of ours")
    return loaded


def _private(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _token_key(private: Path, public: Path) -> None:
    """RSA, because every reader of service account tokens knows RS256."""
    if not private.exists():
        _write(private, _private(rsa.generate_private_key(public_exponent=65537, key_size=2048)))
    key = serialization.load_pem_private_key(private.read_bytes(), password=None)
    _write(public, key.public_key().public_bytes(_PEM, serialization.PublicFormat.SubjectPublicKeyInfo))


def _self_signed(key: ec.EllipticCurvePrivateKey, title: str, *, only_localhost: bool) -> x509.Certificate:
    now = datetime.now(UTC)
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only"), False
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(_subject(title))
        .issuer_name(_subject(title))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.KeyUsage(digital_signature=True, key_cert_sign=True, crl_sign=True, decipher_only=False, **usage),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if only_localhost:
        allowed = [
            x509.DNSName("localhost"),
            x509.IPAddress(ip_network("127.0.0.0/8")),
            x509.IPAddress(ip_network("::1/128")),
        ]
        builder = builder.add_extension(x509.NameConstraints(allowed, None), critical=True)
    return builder.sign(key, hashes.SHA256())


def _subject(user: str, groups: Iterable[str] = ()) -> x509.Name:
    names = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    return x509.Name([*names, x509.NameAttribute(NameOID.COMMON_NAME, user)])


def _alternatives(names: Iterable[str]) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([_general(name) for name in names])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write(file: Path, content: bytes) -> None:
    temporary = file.with_name(f"{file.name}.{os.getpid()}.new")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:
        opened.write(content)
    temporary.replace(file)
