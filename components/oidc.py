"""How an app asks for sign-on: the contract between every app that people sign in to, and `auth`.

The client's secret is born in the cluster, in the app's namespace and in that of `auth`. Browsers use the public
address; servers ask for tokens and keys over the back channel inside the cluster, so that no pod depends on the public
name or its certificate. https://www.keycloak.org/server/hostname
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from components.facts import Facts
from components.route import public_url

#: Where Keycloak runs.
AUTH = "auth"
#: The one realm of a site.
REALM = "arcos"
#: The key in a client's Secret.
CLIENT_SECRET = "client-secret"  # noqa: S105 - a key's name
#: The port on which Keycloak answers inside the cluster.
PORT = 8080
#: The realm as pods reach it.
BACKCHANNEL = f"http://{AUTH}.{AUTH}.svc.cluster.local:{PORT}/realms/{REALM}"


@dataclass(frozen=True, kw_only=True)
class OidcClient:
    """A client of the realm, named as its app: confidential, authorisation code with PKCE, no other flow.

    Addresses are whole ones; `*` may only end one of `post_logout_urls`. `backchannel_logout_url` is told by Keycloak
    when a session ends. Tokens carry the claim `groups`: names without a slash.
    """

    app: str
    namespace: str
    title: str
    redirect_urls: tuple[str, ...]
    post_logout_urls: tuple[str, ...] = ()
    backchannel_logout_url: str | None = None

    @property
    def secret(self) -> str:
        """Name of the Secret, the same in both namespaces."""
        return f"oidc-{self.app}"


def issuer(facts: Facts) -> str:
    """What tokens say of who issued them, and where browsers are led."""
    host = public_url(facts.auth_host or facts.host(AUTH), facts.https_port)
    return f"{host}realms/{REALM}"


def end_session(facts: Facts, client: str) -> str:
    """Where a browser ends the session of all services; it comes back to the landing page."""
    back = public_url(facts.domain, facts.https_port)
    return f"{issuer(facts)}/protocol/openid-connect/logout?" + urlencode(
        {"client_id": client, "post_logout_redirect_uri": back}
    )
