"""Every key of an openstack-vm cluster, derived from one secret: so they are known before the first machine is.

Pure: the same secret and site give the same keys, certificates and tokens, so nothing has to be kept and a second `up`
changes nothing. What the files are for: https://docs.k3s.io/cli/certificate#using-custom-ca-certificates
Why derived: docs/adr/0027-openstack-machines.md.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

#: The authorities that must be known beforehand: who is an administrator, and which server is believed. The others K3s
#: makes itself and hands from machine to machine.
AUTHORITIES = ("client-ca", "server-ca")
#: Bytes of the secret that everything is derived from, at least.
SEED_BYTES = 32
#: Fixed days, or a certificate would differ by the day on which it is made.
_BEGINS, _ENDS = datetime(2026, 1, 1, tzinfo=UTC), datetime(2056, 1, 1, tzinfo=UTC)
#: The order of the curve P-256 (FIPS 186-4, D.1.2.3).
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A key and its certificate, as PEM."""

    key: str
    certificate: str


class Keys:
    """The keys of one site.

    Raises:
        ValueError: The secret is not base64 of enough bytes.
    """

    def __init__(self, seed: str, site: str) -> None:
        try:
            self._seed = base64.b64decode(seed.strip(), validate=True)
        except ValueError:
            raise ValueError("it is not base64") from None
        if len(self._seed) < SEED_BYTES:
            raise ValueError(f"it holds {len(self._seed)} bytes, not {SEED_BYTES}")
        self._site = site

    def authority(self, name: str) -> Pair:
        """One of :data:`AUTHORITIES`, signed by itself."""
        key = self._key(name)
        return Pair(key=_pem(key), certificate=self._certificate(name, key, key, name, authority=True))

    def token(self, role: str) -> str:
        """What machines join with: `server` or `node`. It names the server's authority, so no other server is believed.

        https://docs.k3s.io/cli/token#secure
        """
        digest = hashlib.sha256(self.authority("server-ca").certificate.encode()).hexdigest()
        return f"K10{digest}::{role}:{self._bytes(f'token {role}', 24).hex()}"

    def administrator(self) -> Pair:
        """A client with every right in the cluster."""
        key, signer = self._key("administrator"), self._key("client-ca")
        return Pair(key=_pem(key), certificate=self._certificate("administrator", key, signer, "client-ca"))

    def kubeconfig(self, address: str) -> str:
        """How an administrator reaches the API at `address`."""
        person, server = self.administrator(), self.authority("server-ca").certificate
        name = f"arcos-{self._site}"
        user = {"client-certificate-data": _base64(person.certificate), "client-key-data": _base64(person.key)}
        cluster = {"server": f"https://{address}:6443", "certificate-authority-data": _base64(server)}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": cluster}],
            "users": [{"name": name, "user": user}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "current-context": name,
        }
        return json.dumps(config)

    def _bytes(self, what: str, length: int) -> bytes:
        info = f"arcos openstack-vm 1\0{self._site}\0{what}".encode()
        return HKDF(algorithm=hashes.SHA256(), length=length, salt=None, info=info).derive(self._seed)

    def _key(self, name: str) -> ec.EllipticCurvePrivateKey:
        """128 bits more than the curve's order has, so that every key is as likely (FIPS 186-5, A.2.1)."""
        number = int.from_bytes(self._bytes(f"key {name}", 48)) % (_ORDER - 1) + 1
        return ec.derive_private_key(number, ec.SECP256R1())

    def _certificate(
        self, name: str, key: ec.EllipticCurvePrivateKey, signer: ec.EllipticCurvePrivateKey, by: str,
        *, authority: bool = False,
    ) -> str:  # fmt: skip
        subject = self._name(name) if authority else _ADMINISTRATOR
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name(by))
            .public_key(key.public_key())
            .serial_number(int.from_bytes(self._bytes(f"serial {name}", 16)) >> 1)
            .not_valid_before(_BEGINS)
            .not_valid_after(_ENDS)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(_usage(authority=authority), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        )
        if not authority:
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        # Deterministic, or the certificate would be another one on every run (RFC 6979).
        made = builder.sign(signer, hashes.SHA256(), ecdsa_deterministic=True)
        return made.public_bytes(serialization.Encoding.PEM).decode()

    def _name(self, authority: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"arcos-{self._site} {authority}")])


_ADMINISTRATOR = x509.Name(
    [
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "system:masters"),
        x509.NameAttribute(NameOID.COMMON_NAME, "arcos-administrator"),
    ]
)


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ).decode()


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
