"""Certificates that stand in a site file: public data, as text between `BEGIN CERTIFICATE` and `END CERTIFICATE`.

What they are for is the field's own matter. https://www.rfc-editor.org/rfc/rfc7468#section-5
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, WithJsonSchema

from components.units import refuse

if TYPE_CHECKING:
    from cryptography import x509

_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
_ACCEPTED = f"one certificate as text below `|`, from `{_BEGIN}` to `{_END}`"


def _certificate(value: str) -> str:
    text = value.strip() + "\n"
    if "PRIVATE KEY" in text:
        raise refuse(
            "holds a private key, which is nobody's secret any more once it stood here",
            f"the certificate alone, as {_ACCEPTED}",
        )
    if re.fullmatch(r"[A-Za-z0-9+/=\s]+", text):
        raise refuse("has no first and last line", _ACCEPTED, f"{_BEGIN} before it and {_END} after it")
    if text.count(_BEGIN) > 1:
        raise refuse("holds several certificates", f"{_ACCEPTED}; the next one is the next entry of the list")
    try:
        parse(text)
    except ValueError:
        raise refuse("is no certificate that can be read", _ACCEPTED) from None
    return text


def parse(text: str) -> x509.Certificate:
    """What the text says.

    Raises:
        ValueError: It is no certificate.
    """
    # Not with the module: few sites have one, and every check of a site file would wait for the library.
    from cryptography.x509 import load_pem_x509_certificate

    return load_pem_x509_certificate(text.encode())


def ends(text: str) -> datetime:
    """When a certificate that was taken ends, UTC."""
    return parse(text).not_valid_after_utc


def body(text: str) -> str:
    """What stands between the first and the last line, on one."""
    return "".join(text.replace(_BEGIN, "").replace(_END, "").split())


Certificate = Annotated[
    str,
    AfterValidator(_certificate),
    WithJsonSchema({"type": "string", "pattern": rf"^\s*{_BEGIN}"}),
]
