"""One PostgreSQL, a role and a database for each app, and nobody who may see another's."""

from __future__ import annotations

from apps.database.config import DatabaseConfig, NoBackup
from apps.database.database import DatabaseArgs, Databases, config_files, needs, quotas, secrets, sizes
from arcos.render.evaluate import run
from components.bucket import BucketEndpoint
from components.database import CA_SECRET, Database
from components.facts import Facts

FACTS = Facts(name="x", title="X", contact="a@b.org", domain="x.org", storage_class="block")
HUB, AUTH = Database(app="jupyterhub", namespace="jupyterhub"), Database(app="auth", namespace="auth")
NONE = DatabaseConfig(backup=NoBackup(reason="nothing of value"))
ENDPOINT = BucketEndpoint(
    url="http://s3.example.org:8333", region="x", app="objectstore", namespace="objectstore", port=8333
)


def _made(config: DatabaseConfig = NONE, endpoint: BucketEndpoint | None = None) -> list[dict]:
    args = DatabaseArgs(
        config=config,
        facts=FACTS,
        images=lambda name: f"r/{name}:1@sha256:" + "0" * 64,
        databases=[HUB, AUTH],
        endpoint=endpoint,
    )
    return run(lambda: Databases("database", args), stack="toy")


def _one(made: list[dict], kind: str, name: str) -> dict:
    [found] = [m for m in made if m["kind"] == kind and m["metadata"]["name"] == name]
    return found


def test_each_app_has_a_password_of_its_own_and_the_authority_but_never_its_key():
    by_name = {secret.name: secret for secret in secrets([HUB, AUTH])}
    assert [copy.namespace for copy in by_name["database-jupyterhub"].copies] == ["jupyterhub"]
    copies = by_name["database-authority"].copies
    assert {copy.namespace for copy in copies} == {"auth", "database", "jupyterhub"}
    assert {(copy.name, copy.keys) for copy in copies} == {(CA_SECRET, ("ca.crt",))}, "the key signs for everybody"


def test_the_data_is_on_a_volume_that_the_engine_does_not_delete_by_itself():
    claim = _one(_made(), "PersistentVolumeClaim", "database-data")
    assert claim["spec"]["storageClassName"] == "block"
    stateful = _one(_made(), "StatefulSet", "database")
    [volume] = [v for v in stateful["spec"]["template"]["spec"]["volumes"] if "persistentVolumeClaim" in v]
    assert volume["persistentVolumeClaim"]["claimName"] == "database-data"


def test_only_the_namespaces_that_asked_may_connect():
    policy = _one(_made(), "NetworkPolicy", "database")
    namespaces = {
        rule["from"][0]["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
        for rule in policy["spec"]["ingress"]
    }
    assert namespaces == {"auth", "jupyterhub", "database"}
    assert "egress" not in policy["spec"], "the server talks to nobody"


def test_no_password_stands_in_the_pod():
    container = _one(_made(), "StatefulSet", "database")["spec"]["template"]["spec"]["containers"][0]
    assert "env" not in container
    assert all(mount["mountPath"].startswith("/run/") for mount in container["volumeMounts"] if "roles" in str(mount))


def test_dumps_are_made_daily_as_the_apps_roles_and_a_restore_only_by_hand():
    made = _made(DatabaseConfig(), ENDPOINT)
    daily, restore = _one(made, "CronJob", "database-backup"), _one(made, "CronJob", "database-restore")
    assert (daily["spec"]["schedule"], daily["spec"]["suspend"]) == ("30 2 * * *", False)
    assert restore["spec"]["suspend"] is True, "it replaces data: nobody but a person starts it"
    env = {
        e["name"]: e["value"] for e in daily["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["env"]
    }
    assert env["ARCOS_ENDPOINT"] == ENDPOINT.url
    assert env["ARCOS_KEEP"] == "30d"


def test_a_site_that_wants_no_dumps_asks_for_no_bucket_and_no_alert_about_them():
    assert needs(NONE, FACTS).buckets == ()
    assert [alert.name for alert in needs(NONE, FACTS).alerts] == ["DatabaseDown"]
    assert not [m for m in _made() if m["kind"] == "CronJob"]


def test_a_quarter_of_the_memory_is_the_cache():
    assert sizes(DatabaseConfig(memory="1Gi"))[1] == "shared_buffers=256MB"
    assert quotas(DatabaseConfig(memory="2Gi"))["database"].memory == "5120Mi"


def test_every_file_that_the_pod_runs_is_there():
    files = config_files()
    assert "role.sql" in files["roles.sh"]
    assert "common.sh" in files["backup.sh"]
    assert "/etc/arcos/pg_hba.conf" in files["postgresql.conf"]
