"""Certificates in a site file: one each, whole, and never with its key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import TypeAdapter, ValidationError

from components.certificates import Certificate, body, ends
from tests.certificates import certificate

GOOD = certificate(10)
TAKEN: TypeAdapter[str] = TypeAdapter(Certificate)


def test_a_certificate_is_taken_however_yaml_ends_it() -> None:
    assert TAKEN.validate_python(GOOD) == GOOD
    assert TAKEN.validate_python(f"\n{GOOD.strip()}") == GOOD


def test_it_is_known_when_it_ends() -> None:
    assert timedelta(days=9) < ends(GOOD) - datetime.now(UTC) < timedelta(days=11)


def test_its_body_is_one_line_as_saml_writes_it() -> None:
    assert body(GOOD) == "".join(GOOD.splitlines()[1:-1])


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("hello, world", "is no certificate that can be read"),
        (GOOD.replace("M", "N", 3), "is no certificate that can be read"),
        (GOOD + GOOD, "holds several certificates"),
        (body(GOOD), "has no first and last line"),
        (GOOD + "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "holds a private key"),
    ],
)
def test_anything_else_is_refused_with_what_it_is(text: str, what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        TAKEN.validate_python(text)
