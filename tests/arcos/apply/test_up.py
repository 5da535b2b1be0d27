"""`apply` on a real API server: order, pruning, data, and whose objects are whose."""

from __future__ import annotations

import copy
import json

import pytest

from arcos.apply import live
from arcos.apply.manifest import Id, identify
from arcos.errors import ArcosError

pytestmark = pytest.mark.api


def ids(manifests):
    return {identify(one) for one in manifests}


def sample(cluster):
    return [
        cluster.make("ConfigMap", "one", data={"text": "1"}),
        cluster.deployment("web"),
        cluster.make("Service", "web", spec={"selector": {"app": "web"}, "ports": [{"port": 80}]}),
        cluster.make("Namespace", cluster.site),
    ]


def test_everything_is_applied_in_an_order_that_works_and_recorded(cluster):
    manifests = sample(cluster)  # the namespace last: the order given must not matter
    outcome = cluster.apply(manifests)
    assert outcome.applied == 4
    assert ids(manifests) == set(cluster.ours()) == cluster.recorded()
    assert cluster.get("lease", f"arcos-up-{cluster.site}", "kube-system") is None, "the lock is given back"


def test_a_second_run_changes_nothing(cluster):
    manifests = sample(cluster)
    cluster.apply(manifests, wait=True)
    before = {this: one["metadata"]["resourceVersion"] for this, one in cluster.ours().items()}
    record = cluster.get("configmap", f"arcos-inventory-{cluster.site}", "kube-system")
    cluster.apply(manifests, wait=True)
    assert {this: one["metadata"]["resourceVersion"] for this, one in cluster.ours().items()} == before
    assert cluster.get("configmap", f"arcos-inventory-{cluster.site}", "kube-system") == record


def test_what_is_no_longer_wanted_is_pruned_and_nothing_else(cluster):
    first = [*sample(cluster), cluster.make("ConfigMap", "old"), cluster.make("PriorityClass", cluster.site,
             "scheduling.k8s.io/v1", value=1)]  # fmt: skip
    cluster.apply(first)
    cluster.kubectl.run("create", "configmap", "theirs", "-n", cluster.site)
    outcome = cluster.apply(sample(cluster))
    assert {this.name for this in outcome.deleted} == {"old", cluster.site}
    assert cluster.recorded() == ids(sample(cluster)) == set(cluster.ours())
    assert cluster.get("configmap", "theirs"), "an object that ARCOS never applied is not its business"


def claim(cluster):
    resources = {"requests": {"storage": "1Gi"}}
    spec = {"accessModes": ["ReadWriteOnce"], "resources": resources, "storageClassName": "none"}
    return cluster.make("PersistentVolumeClaim", "data", spec=spec)


def test_a_volume_claim_and_its_namespace_stay_until_data_may_be_deleted(cluster):
    keep = cluster.make("Namespace", f"{cluster.site}-b")
    cluster.apply([*sample(cluster), claim(cluster), keep])
    outcome = cluster.apply([keep])
    assert {this.kind for this in outcome.kept} == {"PersistentVolumeClaim", "Namespace"}
    assert all("--delete-data" in why for why in outcome.kept.values()), "the way to delete it is said"
    assert cluster.get("pvc", "data")
    assert cluster.get("deployment", "web") is None, "the rest of the namespace is pruned"
    assert {this.kind for this in cluster.recorded() if this.name != keep["metadata"]["name"]} == {
        "PersistentVolumeClaim", "Namespace"
    }, "what was kept is still known, so that it can be deleted later"  # fmt: skip
    outcome = cluster.apply([keep], delete_data=True)
    assert not outcome.kept
    assert cluster.get("namespace", cluster.site) is None
    assert cluster.recorded() == ids([keep])


def test_a_namespace_with_a_claim_that_somebody_else_made_stays_too(cluster):
    cluster.apply(sample(cluster))
    theirs = {key: value for key, value in claim(cluster).items() if key != "metadata"}
    theirs["metadata"] = {"name": "notebook", "namespace": cluster.site}
    cluster.kubectl.run("create", "-f", "-", stdin=json.dumps(theirs))
    outcome = cluster.remove()
    assert [this.kind for this in outcome.kept] == ["Namespace"], "a user's notebook volume hangs on it"
    assert cluster.get("pvc", "notebook")
    assert not cluster.remove(delete_data=True).kept
    assert cluster.get("namespace", cluster.site) is None


def test_a_namespace_in_which_somebody_else_runs_something_is_not_deleted(cluster):
    cluster.apply(sample(cluster))
    cluster.kubectl.run("create", "deployment", "theirs", "-n", cluster.site, "--image=registry.example/none:1")
    outcome = cluster.remove(delete_data=True)
    assert "Deployment" in next(iter(outcome.kept.values()))
    assert cluster.get("deployment", "theirs")


def test_remove_takes_everything_away_and_its_own_record(cluster):
    cluster.apply(sample(cluster))
    cluster.remove()
    assert not cluster.ours()
    assert cluster.get("configmap", f"arcos-inventory-{cluster.site}", "kube-system") is None
    cluster.remove()  # again is fine


def definition(cluster, kind="Widget"):
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    group = f"{cluster.site}.example.com"
    names = {"kind": kind, "plural": "widgets", "singular": "widget"}
    spec = {"group": group, "scope": "Namespaced", "names": names, "versions": [version]}
    return cluster.make("CustomResourceDefinition", f"widgets.{group}", "apiextensions.k8s.io/v1", spec=spec)


def test_a_definition_and_its_resources_are_applied_in_one_run_and_pruned_safely(cluster):
    crd = definition(cluster)
    widget = cluster.make("Widget", "one", f"{crd['spec']['group']}/v1", spec={"size": 1})
    cluster.apply([*sample(cluster), crd, widget])
    assert cluster.get(f"widgets.{crd['spec']['group']}", "one")

    theirs = copy.deepcopy(widget)
    theirs["metadata"] = {"name": "theirs", "namespace": cluster.site}
    cluster.kubectl.run("create", "-f", "-", stdin=json.dumps(theirs))
    outcome = cluster.apply(sample(cluster))
    assert [this.kind for this in outcome.kept] == ["CustomResourceDefinition"], "it would take their widget with it"
    assert cluster.get(f"widgets.{crd['spec']['group']}", "one") is None

    cluster.kubectl.run("delete", f"widgets.{crd['spec']['group']}", "theirs", "-n", cluster.site)
    assert not cluster.apply(sample(cluster)).kept, "without resources it goes"


def test_an_object_whose_kind_is_gone_is_forgotten(cluster):
    crd = definition(cluster)
    widget = cluster.make("Widget", "one", f"{crd['spec']['group']}/v1")
    cluster.apply([*sample(cluster), crd, widget])
    cluster.kubectl.run("delete", "crd", crd["metadata"]["name"])
    cluster.apply(sample(cluster))
    assert cluster.recorded() == ids(sample(cluster))


def test_an_object_whose_api_server_is_away_is_not_taken_for_gone(cluster):
    group = f"{cluster.site}.example.net"
    spec = {"group": group, "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 1,
            "service": {"namespace": cluster.site, "name": "none"}, "insecureSkipTLSVerify": True}  # fmt: skip
    away = {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": f"v1.{group}"}}
    cluster.kubectl.run("create", "-f", "-", stdin=json.dumps({**away, "spec": spec}))
    try:
        with pytest.raises(ArcosError) as caught:
            live.of_ids(cluster.kubectl, [Id(group, "Widget", "default", "one")])
        assert caught.value.where == f"API group {group}"
    finally:
        cluster.kubectl.run("delete", "apiservice", f"v1.{group}")


def test_an_object_made_again_by_somebody_else_is_not_deleted(cluster):
    cluster.apply([*sample(cluster), cluster.make("ConfigMap", "swapped", data={"ours": "yes"})])
    cluster.kubectl.run("delete", "configmap", "swapped", "-n", cluster.site)
    cluster.kubectl.run("create", "configmap", "swapped", "-n", cluster.site, "--from-literal=theirs=yes")
    outcome = cluster.apply(sample(cluster))
    assert [this.name for this in outcome.left_alone] == ["swapped"]
    assert cluster.get("configmap", "swapped")["data"] == {"theirs": "yes"}


def test_an_object_that_exists_already_is_not_taken_unless_asked(cluster):
    cluster.kubectl.run("create", "namespace", cluster.site)  # made ahead, for a secret: that is fine
    cluster.kubectl.run("create", "configmap", "one", "-n", cluster.site, "--from-literal=text=theirs")
    with pytest.raises(ArcosError, match=r"ConfigMap .*/one exists already") as caught:
        cluster.apply(sample(cluster))
    assert "--take-over" in caught.value.fix
    assert cluster.get("configmap", "one")["data"] == {"text": "theirs"}
    assert cluster.recorded() == frozenset(), "nothing was begun"
    cluster.apply(sample(cluster), take_over=True)
    assert cluster.get("configmap", "one")["data"] == {"text": "1"}


def test_a_namespace_that_others_work_in_is_not_taken(cluster):
    cluster.kubectl.run("create", "namespace", cluster.site)
    cluster.kubectl.run("create", "deployment", "theirs", "-n", cluster.site, "--image=registry.example/none:1")
    with pytest.raises(ArcosError, match="exists already") as caught:
        cluster.apply(sample(cluster))
    assert "theirs" in caught.value.why


def test_a_secret_that_only_a_person_can_make_stops_it_before_anything_is_changed(cluster):
    web = cluster.deployment("web", pod={"volumes": [{"name": "s", "secret": {"secretName": "licence"}}]})
    wanted = [cluster.make("Namespace", cluster.site), web]
    with pytest.raises(ArcosError, match="1 secrets are missing") as caught:
        cluster.apply(wanted)
    assert "create secret generic licence" in caught.value.fix
    assert cluster.get("namespace", cluster.site) is None
    cluster.kubectl.run("create", "namespace", cluster.site)  # as the fix says
    cluster.kubectl.run("create", "secret", "generic", "licence", "-n", cluster.site)
    cluster.apply(wanted)
    assert cluster.get("deployment", "web")


def test_two_sites_never_share_objects_of_one_cluster(cluster, monkeypatch):
    cluster.apply(sample(cluster))
    first = cluster.site
    monkeypatch.setattr(cluster, "site", f"{first}-b")
    wrong = [cluster.make("Namespace", first)]
    with pytest.raises(ArcosError, match=f"already runs the site '{first}'"):
        cluster.apply(wrong)


def test_the_record_edited_into_nonsense_is_refused_not_trusted(cluster):
    cluster.apply(sample(cluster))
    patch = json.dumps({"data": {"objects": "no record at all"}})
    cluster.kubectl.run("patch", "configmap", f"arcos-inventory-{cluster.site}", "-n", "kube-system", "-p", patch)
    with pytest.raises(ArcosError, match="cannot be read"):
        cluster.apply(sample(cluster))
