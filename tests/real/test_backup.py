"""A backup goes back into an empty site: every app finds its rows again, people their accounts."""

from __future__ import annotations

import json
import re

import pytest

from tests.real.site import RealSite

pytestmark = pytest.mark.real

USER = json.dumps({"username": "hypatia", "email": "hypatia@example.org", "enabled": True})
MAKE_USER = f"""
export HOME=/tmp
kcadm() {{ /opt/keycloak/bin/kcadm.sh "$@" --config /tmp/kcadm; }}
kcadm config credentials --server http://localhost:8080 --realm master --client arcos-bootstrap \
    --secret "$(cat /run/bootstrap/password)"
kcadm create users -r arcos -b '{USER}'
"""
PEOPLE = "SELECT username FROM user_entity WHERE username = 'hypatia'"


def sql(site: RealSite, database: str, statement: str) -> str:
    """What the server answers to its superuser, who is let in inside of its pod only."""
    psql = ("psql", "-h", "/run/postgresql", "-U", "arcos", "-At", "-v", "ON_ERROR_STOP=1", database, "-c", statement)
    return site.kubectl("exec", "-n", "database", "database-0", "--", *psql).strip()


def test_a_backup_restored_into_an_empty_server_brings_every_row_and_account_back(site: RealSite) -> None:
    site.kubectl("exec", "-n", "auth", "deploy/auth", "--", "/bin/sh", "-ec", MAKE_USER)
    sql(site, "jupyterhub", "SET ROLE jupyterhub; CREATE TABLE proof AS SELECT generate_series(1, 1000) AS number")
    said = site.arcosctl("backup", site.name)
    assert {"auth", "jupyterhub"} <= set(re.findall(r"^saved (\w+) as ", said, flags=re.MULTILINE)), said

    site.kubectl("exec", "-n", "database", "database-0", "--", "/bin/sh", "-c", "rm -rf /var/lib/postgresql/15")
    site.kubectl("delete", "pod", "database-0", "-n", "database", "--grace-period=0", "--force")
    site.kubectl("rollout", "status", "statefulset/database", "-n", "database", "--timeout=120s")
    assert sql(site, "jupyterhub", "SELECT count(*) FROM pg_tables WHERE tablename = 'proof'") == "0", "all is lost"

    for app in ("auth", "jupyterhub"):
        assert f"restored {app} from {app}/" in site.arcosctl("restore", site.name, app, "--yes")

    assert sql(site, "auth", PEOPLE) == "hypatia"
    assert sql(site, "jupyterhub", "SELECT count(*), sum(number) FROM proof") == "1000|500500"
    status, _, body = site.get(f"https://auth.{site.domain}:{site.https}/realms/arcos/.well-known/openid-configuration")
    assert status == 200, body
    site.kubectl("rollout", "status", "deployment/jupyterhub", "-n", "jupyterhub", "--timeout=180s")


def test_a_dump_that_is_not_there_is_answered_with_those_that_are(site: RealSite) -> None:
    said = site.arcosctl("restore", site.name, "jupyterhub", "--from", "20200101T000000Z", "--yes", code=1)
    assert "there is no dump jupyterhub/20200101T000000Z" in said
    assert re.search(r"there is: \d{8}T\d{6}Z", said)
    assert sql(site, "jupyterhub", "SELECT count(*) FROM proof") == "1000", "nothing is touched"
