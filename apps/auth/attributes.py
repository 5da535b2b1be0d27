"""What an institution says of somebody, by the names that people use for it, and by those that SAML sends.

https://wiki.refeds.org/display/STAN/eduPerson and https://wiki.refeds.org/display/STAN/SCHAC
"""

from __future__ import annotations

import re

MAIL = "urn:oid:0.9.2342.19200300.100.1.3"
GIVEN_NAME, SURNAME = "urn:oid:2.5.4.42", "urn:oid:2.5.4.4"
_EDU_PERSON = "urn:oid:1.3.6.1.4.1.5923.1.1.1"
#: In lower case without `_` and `-`, so that OpenID's name of it (`eduperson_scoped_affiliation`) is found too.
_SAML = {
    "email": MAIL,
    "mail": MAIL,
    "givenname": GIVEN_NAME,
    "sn": SURNAME,
    "displayname": "urn:oid:2.16.840.1.113730.3.1.241",
    "edupersonaffiliation": f"{_EDU_PERSON}.1",
    "edupersonprincipalname": f"{_EDU_PERSON}.6",
    "edupersonentitlement": f"{_EDU_PERSON}.7",
    "edupersonscopedaffiliation": f"{_EDU_PERSON}.9",
    "edupersonassurance": f"{_EDU_PERSON}.11",
    "edupersonuniqueid": f"{_EDU_PERSON}.13",
    "edupersonorcid": f"{_EDU_PERSON}.16",
    "ismemberof": "urn:oid:1.3.6.1.4.1.5923.1.5.1.1",
    "schachomeorganization": "urn:oid:1.3.6.1.4.1.25178.1.2.9",
    "auedupersonsharedtoken": "urn:oid:1.3.6.1.4.1.27856.1.2.5",
    "subjectid": "urn:oasis:names:tc:SAML:attribute:subject-id",
    "pairwiseid": "urn:oasis:names:tc:SAML:attribute:pairwise-id",
}


def saml_name(name: str) -> str:
    """What SAML calls it: `eduPersonScopedAffiliation` by its number, a name that is not known as it is."""
    return _SAML.get(_plain(name), name)


def says_not_where(name: str) -> bool:
    """Whether it is the affiliation without a domain: `staff` is staff of any institution of the federation."""
    return _plain(name) == "edupersonaffiliation" or name == f"{_EDU_PERSON}.1"


def _plain(name: str) -> str:
    return re.sub("[_-]", "", name).lower()
