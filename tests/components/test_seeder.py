"""Secrets are born in the cluster, once, by a Job that may do nothing else."""

from __future__ import annotations

import json

from arcos.render.evaluate import run
from components.seeder import CaSecret, Copy, SeededSecret, Seeder, SeederArgs, grants

IMAGE = "r/seeder:1@sha256:" + "0" * 64
PASSWORD = SeededSecret(name="db", namespace="hub", kind="password", length=32, keys=("user", "admin"))
CERTIFICATE = SeededSecret(
    name="tls", namespace="ingress", kind="tls", dns_names=("a.b",), ca=CaSecret(namespace="kube-system", name="ca")
)


def _made(secret: SeededSecret, image: str = IMAGE) -> list[dict[str, object]]:
    return run(lambda: Seeder("s", SeederArgs(secret=secret, image=image)), stack="toy")


def _job(manifests: list[dict[str, object]]) -> dict[str, object]:
    return next(m for m in manifests if m["kind"] == "Job")


def test_the_order_is_what_the_program_reads():
    [env] = _job(_made(PASSWORD))["spec"]["template"]["spec"]["containers"][0]["env"]
    assert env["name"] == "ARCOS_SEED"
    assert json.loads(env["value"]) == {
        "namespace": "hub",
        "name": "db",
        "kind": "password",
        "length": 32,
        "keys": ["user", "admin"],
    }


def test_a_certificate_is_ordered_with_names_and_authority():
    assert CERTIFICATE.order() == {
        "namespace": "ingress",
        "name": "tls",
        "kind": "tls",
        "dnsNames": ["a.b"],
        "ca": {"namespace": "kube-system", "name": "ca"},
    }


def test_the_job_may_see_and_make_its_secret_and_nothing_else():
    [role] = [m for m in _made(PASSWORD) if m["kind"] == "Role"]
    assert role["metadata"]["namespace"] == "hub"
    assert role["rules"] == [
        {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["db"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["create"]},
    ]


def test_the_authority_is_read_by_name_in_its_own_namespace():
    roles = {m["metadata"]["namespace"]: m["rules"] for m in _made(CERTIFICATE) if m["kind"] == "Role"}
    assert set(roles) == {"ingress", "kube-system"}
    assert roles["kube-system"] == [
        {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["ca"], "verbs": ["get"]}
    ]


def test_a_copy_is_ordered_and_may_be_kept_in_step_by_name_only():
    secret = SeededSecret(
        name="ca",
        namespace="database",
        kind="authority",
        dns_names=("svc.cluster.local",),
        copies=(Copy(namespace="hub", name="database-ca", keys=("ca.crt",)),),
    )
    assert secret.order()["copies"] == [{"namespace": "hub", "name": "database-ca", "keys": ["ca.crt"]}]
    named = [(rule.get("resource_names"), rule["verbs"]) for rule in grants(secret)["hub"]]
    assert named == [(["database-ca"], ["get"]), (["database-ca"], ["update"]), (None, ["create"])]


def test_two_copies_in_one_namespace_share_its_one_role():
    """Two roles of one name would be one object made twice."""
    copies = (Copy(namespace="hub", name="a"), Copy(namespace="hub", name="b"))
    made = _made(SeededSecret(name="x", namespace="database", kind="key", copies=copies))
    assert [m["metadata"]["namespace"] for m in made if m["kind"] == "Role"] == ["database", "hub"]


def test_a_changed_order_is_a_new_job_and_the_same_order_the_same_one():
    """A Job's template cannot be changed: under one name the API would refuse the update."""
    name = _job(_made(PASSWORD))["metadata"]["name"]
    assert name.startswith("seed-db-")
    assert _job(_made(PASSWORD))["metadata"]["name"] == name
    longer = SeededSecret(name="db", namespace="hub", kind="password", length=64, keys=("user", "admin"))
    assert _job(_made(longer))["metadata"]["name"] != name
    assert _job(_made(PASSWORD, IMAGE.replace(":1@", ":2@")))["metadata"]["name"] != name


def test_the_job_stays_when_it_is_done():
    """A Job that removes itself would be made again by every `up`."""
    spec = _job(_made(PASSWORD))["spec"]
    assert "ttlSecondsAfterFinished" not in spec
    assert spec["template"]["spec"]["restartPolicy"] == "OnFailure"


def test_its_token_is_as_short_lived_as_can_be():
    [volume] = _job(_made(PASSWORD))["spec"]["template"]["spec"]["volumes"]
    assert volume["projected"]["sources"][0]["serviceAccountToken"]["expirationSeconds"] == 600
