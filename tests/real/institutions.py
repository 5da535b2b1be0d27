"""Two institutions for a site to federate with: realms of its own Keycloak that know nothing of it but its name.

One speaks OpenID Connect, one SAML, each over its public address with the certificate of the local authority, as any
other would. https://www.keycloak.org/docs-api/latest/rest-api/#RealmRepresentation
"""

from __future__ import annotations

from typing import Any

from tests.real.people import Browser, Keycloak, person

#: What the site file calls them, and so their realms.
OPENID, SAML = "uni", "lab"
#: Who is there, and whom the rules below admit.
ADMITTED = {OPENID: "ada.uni", SAML: "grace@lab.example.org"}
STRANGER = {OPENID: "eve.uni", SAML: "mallory@lab.example.org"}
STAFF = "staff@lab.example.org"
SECRET = "the-secret-of-the-site-at-the-university"
_OID = "urn:oid:"


def federations(auth: str) -> list[dict[str, Any]]:
    """What stands in the site file; `auth` is the address of the sign-on."""
    affiliation = {"claim": "eduPersonScopedAffiliation", "values": [STAFF]}
    return [
        {
            "kind": "oidc",
            "name": OPENID,
            "title": "The University",
            "issuer": f"{auth}/realms/{OPENID}",
            "clientId": "arcos",
            "admit": [{"values": ["*@uni.example.org"]}],
        },
        {
            "kind": "saml",
            "name": SAML,
            "title": "The Laboratory",
            "entityId": f"{auth}/realms/{SAML}",
            "metadata": f"{auth}/realms/{SAML}/protocol/saml/descriptor",
            "admit": [affiliation],
        },
    ]


def found(keycloak: Keycloak) -> None:
    """Make both, with their people."""
    auth = keycloak.auth
    client = {
        "clientId": "arcos",
        "secret": SECRET,
        "redirectUris": [f"{auth}/realms/arcos/broker/{OPENID}/endpoint"],
        "attributes": {"pkce.code.challenge.method": "S256"},
    }
    people = [
        person(ADMITTED[OPENID], "ada@uni.example.org"),
        person(STRANGER[OPENID], "eve@elsewhere.example.org"),
    ]
    _realm(keycloak, OPENID, {"clients": [client], "users": people})
    staff = person(ADMITTED[SAML], ADMITTED[SAML], [STAFF])
    _realm(keycloak, SAML, {"groups": [{"name": STAFF}], "users": [staff, person(STRANGER[SAML], STRANGER[SAML])]})


def introduce(keycloak: Keycloak) -> str:
    """Hand the site's SAML metadata to the laboratory, which takes it as it is. Returns what it calls the client."""
    status, metadata, _ = Browser().ask(f"{keycloak.auth}/realms/arcos/broker/{SAML}/endpoint/descriptor")
    assert status == 200, metadata
    status, client = keycloak.ask("POST", f"/{SAML}/client-description-converter", metadata)
    assert status == 200, client
    status, said = keycloak.ask("POST", f"/{SAML}/clients", client | {"protocolMappers": _says()})
    assert status == 201, said
    [made] = keycloak.ask("GET", f"/{SAML}/clients?clientId={client['clientId']}")[1]
    return str(made["id"])


def close(keycloak: Keycloak) -> None:
    """End both."""
    for name in (OPENID, SAML):
        keycloak.ask("DELETE", f"/{name}")


def _realm(keycloak: Keycloak, name: str, more: dict[str, Any]) -> None:
    base = {"realm": name, "enabled": True, "displayName": f"Realm of {name}", "sslRequired": "external"}
    status, said = keycloak.ask("POST", "", base | more)
    assert status in (201, 409), said


def _says() -> list[dict[str, Any]]:
    """What the laboratory says of somebody, by the names of eduPerson."""
    properties = {
        "email": f"{_OID}0.9.2342.19200300.100.1.3",
        "firstName": f"{_OID}2.5.4.42",
        "lastName": f"{_OID}2.5.4.4",
        "username": f"{_OID}1.3.6.1.4.1.5923.1.1.1.6",
    }
    uri = {"attribute.nameformat": "URI Reference"}
    mappers = [
        ("saml-user-property-mapper", {"user.attribute": ours, "attribute.name": name, **uri})
        for ours, name in properties.items()
    ]
    scoped = {"attribute.name": f"{_OID}1.3.6.1.4.1.5923.1.1.1.9", "single": "true", "full.path": "false", **uri}
    mappers.append(("saml-group-membership-mapper", scoped))
    return [
        {"name": f"says-{number}", "protocol": "saml", "protocolMapper": kind, "config": config}
        for number, (kind, config) in enumerate(mappers)
    ]
