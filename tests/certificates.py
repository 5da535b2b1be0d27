"""Certificates for tests: signed by themselves, as those of identity providers are, or by an authority of their own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_PEM = serialization.Encoding.PEM


def certificate(days: int = 365) -> str:
    """One that ends in so many days; less than none, it has ended."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("idp.example.org")
    ends = datetime.now(UTC) + timedelta(days=days)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, ends - timedelta(days=3650), ends)
    return builder.sign(key, hashes.SHA256()).public_bytes(_PEM).decode()


@dataclass(frozen=True)
class Served:
    """What a server has, and the authority by which others know it; all as text."""

    certificate: str
    key: str
    authority: str


def served(host: str) -> Served:
    """A server's certificate for a day, by an authority that nobody knows yet."""
    authority, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer, now = _name(f"the authority of {host}"), datetime.now(UTC)
    times = (now - timedelta(hours=1), now + timedelta(days=1))
    root = (
        x509.CertificateBuilder(issuer, issuer, authority.public_key(), x509.random_serial_number(), *times)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority, hashes.SHA256())
    )
    leaf = (
        x509.CertificateBuilder(issuer, _name(host), key.public_key(), x509.random_serial_number(), *times)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(authority, hashes.SHA256())
    )
    plain = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Served(*(part.decode() for part in (leaf.public_bytes(_PEM), plain, root.public_bytes(_PEM))))


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common[:64])])
