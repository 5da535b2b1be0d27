"""Whole sites by plain `pulumi up`: from an empty account to JupyterHub's objects, and back to what was there before.

In the order of a site's life: each test goes on from where the one before it ended.
"""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest

from arcos.render.evaluate import evaluate
from arcos.site.loader import load_site
from tests.engine.cloud.steering import Order
from tests.engine.project import identify
from tests.engine.site import BEFORE, KEYS, CloudSite

pytestmark = pytest.mark.engine

HUB = "/apis/apps/v1/namespaces/jupyterhub/deployments/jupyterhub"
SERVICE = "/api/v1/namespaces/welcome/services/welcome"
#: What runs what takes load balancers and volumes away again.
CONTROLLERS = ("*:Addon", "*:NodeGroup")
#: Made in push delivery only: see docs/adr/0013.
BUCKET_SECRETS = {"nectar-qld": {"bucket-database-backup", "bucket-registry"}, "aws-sydney": set()}
BUDGET = "/apis/policy/v1/namespaces/welcome/poddisruptionbudgets/welcome"


def test_up_made_exactly_what_preview_said(site: CloudSite) -> None:
    planned = sorted(one["urn"] for one in site.planned if one["op"] == "create")

    # Providers that the engine makes by itself are in no plan.
    made = sorted(one["urn"] for one in site.state() if "::pulumi:providers" not in one["urn"])
    assert made == [urn for urn in planned if "::pulumi:providers" not in urn]
    assert not [one for one in site.planned if one["op"] not in ("create", "read")], "an empty account"


def test_the_cloud_has_what_the_state_has_and_nothing_else(site: CloudSite) -> None:
    package, _, before = BEFORE[site.project.stack]
    known = {(one["type"], one["id"]) for one in site.state() if one["type"].startswith(f"{package}:")}
    # Load balancers and volumes are their Services' and claims'.
    known |= {(one.type, one.id) for one in site.made_inside()}

    assert {(one.type, one.id) for one in site.account.resources()} - known == {(one.type, one.id) for one in before}


def test_the_objects_are_those_that_render_writes(site: CloudSite) -> None:
    """With `./arcosctl compare`, which is held to leave nothing unexplained, this makes all sites' objects the same."""
    held = {name: {k: v for k, v in one.items() if k != "__defaults"} for name, one in site.project.inputs().items()}

    written = {identify(one): one for one in evaluate(load_site(site.project.stack))}
    assert {name: held.get(name) for name in written} == written
    # All but the keys of buckets, which the stack holds and nothing ever renders.
    assert {name.rpartition("/")[2] for name in held.keys() - written.keys()} == BUCKET_SECRETS[site.project.stack]


def test_keys_of_buckets_are_in_the_apps_namespaces_and_nowhere_in_the_clear(site: CloudSite) -> None:
    canaries = [*KEYS.get(site.project.stack, {}).values()]
    base = site.project.folder.parent
    files = [file for name in ("state", "pulumi-home") for file in (base / name).rglob("*") if file.is_file()]
    assert files
    assert not [file for file in files for canary in canaries if canary.encode() in file.read_bytes()]
    if canaries:
        told = site.cluster.ask("GET", "/api/v1/namespaces/registry/secrets/bucket-registry")["data"]
        assert [base64.b64decode(told[key]).decode() for key in ("access-key", "secret-key")] == canaries
    else:
        names = [one["metadata"]["name"] for one in site.cluster.items("/api/v1/secrets")]
        assert not [name for name in names if name.startswith("bucket-")]


def test_the_kubeconfig_is_a_secret_and_leads_to_the_cluster(site: CloudSite) -> None:
    shown = json.loads(site.project.pulumi("stack", "output", "--json"))
    assert shown["kubeconfig"] == "[secret]"
    assert "PRIVATE KEY" not in json.dumps(site.state()), "encrypted in the state, wherever it stands"
    assert "deployment.apps/jupyterhub" in site.project.arcosctl(
        "kubectl", site.project.stack, "--", "get", "deployments", "-n", "jupyterhub", "-o", "name"
    )


def test_a_second_up_has_nothing_to_do(site: CloudSite) -> None:
    assert "unchanged" in site.project.pulumi("preview", "--expect-no-changes")


def test_what_was_changed_removed_or_added_by_hand_is_found_and_put_right(site: CloudSite) -> None:
    asked = site.cluster.ask
    asked("PATCH", HUB, {"spec": {"replicas": 0}})
    asked("DELETE", SERVICE)
    asked("PATCH", BUDGET, {"metadata": {"labels": {"app.kubernetes.io/part-of": "somebody"}}})
    with site.account.change() as held:
        names = [one.type.rpartition(":")[2] for one in held]
        gone, edited = ("NodeGroup", "NodeGroup") if "SecurityGroup" not in names else ("Route", "Vpc")
        held.remove(next(one for one in reversed(held) if one.type.endswith(f":{gone}")))
        next(one for one in held if one.type.endswith(f":{edited}")).properties |= {"maxNodeCount": 1, "tags": {}}

    found = {
        one["urn"].rpartition("::")[2]: one["op"]
        for one in site.project.json("refresh", "--preview-only")["steps"]
        if one["op"] == "delete" or one.get("detailedDiff")
    }
    assert {found.get(name) for name in (
        "jupyterhub/deployment/jupyterhub", "welcome/service/welcome", "welcome/poddisruptionbudget/welcome"
    )} == {"update", "delete"}, found  # fmt: skip
    assert len(found) == 5, f"nothing else differs: {found}"

    refused = site.project.pulumi("up", "--yes", "--skip-preview", "--refresh", ok=False)
    assert "conflict" in refused, "another manager's value is never taken back unasked: docs/adr/0009"

    taking_over = replace(site.project, env=site.project.env | {"PULUMI_K8S_ENABLE_PATCH_FORCE": "true"})
    taking_over.pulumi("up", "--yes", "--skip-preview", "--refresh")

    assert asked("GET", HUB)["spec"]["replicas"] == 1
    assert asked("GET", SERVICE)["spec"]["type"] == "ClusterIP"
    assert asked("GET", BUDGET)["metadata"]["labels"]["app.kubernetes.io/part-of"] == "arcos"
    # That it took over stands in the provider's state until the next run.
    assert "unchanged" in taking_over.pulumi("preview", "--expect-no-changes")


def test_destroy_leaves_what_was_there_before(site: CloudSite) -> None:
    # Never with --skip-preview, which takes away all that is not protected before it is refused.
    assert "protected" in site.project.pulumi("destroy", "--yes", ok=False), "data is in it"
    assert site.cluster.ask("GET", HUB), "and nothing has gone"
    made = {one.type for one in site.made_inside()}
    assert len(made) == 2, f"load balancers and volumes, which no state knows: {made}"
    # A cloud takes a while for what its controllers run on.
    site.cloud.steering.give(*(Order("slow", on="delete", type=one, times=0, seconds=3) for one in CONTROLLERS))

    site.project.destroy()

    _, _, before = BEFORE[site.project.stack]
    assert [one.id for one in site.account.resources()] == [one.id for one in before]
    assert not site.cluster.items("/api/v1/namespaces?labelSelector=app.kubernetes.io/part-of%3Darcos")
