"""How an app asks for a database: the contract between every app that keeps rows, and `database`.

One PostgreSQL serves all of a site, with a role and a database for each app: docs/adr/0012-databases.md says why.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Where PostgreSQL runs.
DATABASE = "database"
HOST = f"{DATABASE}.{DATABASE}.svc.cluster.local"
PORT = 5432
#: The key in an app's Secret.
PASSWORD = "password"  # noqa: S105 - a key's name
#: The Secret in every such namespace with the authority (key `ca.crt`) that signed the server's certificate.
CA_SECRET = "database-ca"  # noqa: S105 - a name
CA = "ca.crt"


@dataclass(frozen=True, kw_only=True)
class Database:
    """A database of an app's own, with the role that owns it; connections are encrypted and checked (`verify-full`)."""

    app: str
    namespace: str

    @property
    def name(self) -> str:
        """Name of the role and of its database."""
        return self.app.replace("-", "_")

    @property
    def secret(self) -> str:
        """Name of the Secret in the app's namespace, with `password`."""
        return f"database-{self.app}"
