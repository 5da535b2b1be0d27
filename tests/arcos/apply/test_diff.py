"""What `diff` shows: every field that would change, none that would not, and never a secret."""

from __future__ import annotations

import copy

import pytest

from arcos.apply.diff import Change, FieldChange, compare, differences, format_text
from arcos.apply.manifest import Id

MAP = Id("", "ConfigMap", "n", "c")
SECRET = Id("", "Secret", "n", "s")


def fields(before, after, this=MAP):
    return {one.path: (one.before, one.after) for one in differences(this, before, after)}


def test_what_the_server_keeps_for_itself_is_no_difference():
    noise = {"metadata": {"name": "c", "uid": "1", "resourceVersion": "2", "generation": 3, "managedFields": [1],
             "creationTimestamp": "now"}, "status": {"a": 1}}  # fmt: skip
    assert fields(noise, {"metadata": {"name": "c"}}) == {}


def test_a_field_is_named_by_its_whole_path():
    before = {"spec": {"a": {"b": 1}}, "metadata": {"labels": {"app.kubernetes.io/name": "x"}}}
    after = {"spec": {"a": {"b": 2}}, "metadata": {"labels": {"app.kubernetes.io/name": "y"}}}
    assert fields(before, after) == {
        "spec.a.b": (1, 2), 'metadata.labels["app.kubernetes.io/name"]': ("x", "y")
    }  # fmt: skip


def test_items_that_have_names_are_compared_by_name_not_by_place():
    one, two = {"name": "one", "image": "a"}, {"name": "two", "image": "b"}
    assert fields({"c": [one, two]}, {"c": [two, {**one, "image": "z"}]}) == {"c[one].image": ("a", "z")}
    assert fields({"c": [one]}, {"c": [one, two]}) == {"c[two]": (None, two)}


def test_a_secrets_data_is_never_shown_only_that_it_differs():
    before = {"kind": "Secret", "data": {"password": "aHVudGVyMg=="}, "metadata": {"labels": {"a": "1"}}}
    after = {"kind": "Secret", "data": {"password": "c3dvcmRmaXNo", "more": "eA=="}, "metadata": {"labels": {"a": "2"}}}
    found = fields(before, after, SECRET)
    assert set(found) == {"data.password", "data.more", "metadata.labels.a"}
    assert not {"aHVudGVyMg==", "c3dvcmRmaXNo", "eA=="} & {part for pair in found.values() for part in pair}
    assert found["metadata.labels.a"] == ("1", "2")


def test_a_secret_in_kubectls_last_applied_annotation_is_not_shown_either():
    annotation = {"kubectl.kubernetes.io/last-applied-configuration": "password: hunter2", "other": "hunter2"}
    text = str(fields({"metadata": {"annotations": annotation}}, {"metadata": {}}, SECRET))
    assert "hunter2" not in text


def test_the_text_is_readable_and_counts():
    changes = [
        Change(MAP, "change", (FieldChange("data.f", "a\nb\nc\n", "a\nB\nc\n"), FieldChange("data.n", 1, None))),
        Change(SECRET, "create"),
        Change(Id("", "Service", "n", "u"), "unchanged"),
    ]
    text = format_text(changes)
    assert "~ change ConfigMap n/c" in text
    assert "      -b" in text
    assert "      +B" in text
    assert "+ create Secret n/s" in text
    assert "Service" not in text, "what stays is only counted"
    assert text.endswith("1 to create, 1 to change, 1 unchanged")
    assert "\x1b[33m" in format_text(changes, colour=True)


@pytest.mark.api
def test_on_a_real_server_diff_shows_exactly_what_up_then_does(cluster):
    space = cluster.make("Namespace", cluster.site)
    before = [space, cluster.make("ConfigMap", "changes", data={"text": "1"}), cluster.make("ConfigMap", "goes"),
              cluster.deployment("stays")]  # fmt: skip
    after = [space, cluster.make("ConfigMap", "changes", data={"text": "2"}), cluster.deployment("stays"),
             cluster.make("ConfigMap", "comes", data={"a": "b"})]  # fmt: skip
    assert {change.action for change in compare(cluster.site, before, cluster.kubectl)} == {"create"}
    cluster.apply(before)
    assert {change.action for change in compare(cluster.site, before, cluster.kubectl)} == {"unchanged"}
    versions = {this: one["metadata"]["resourceVersion"] for this, one in cluster.ours().items()}
    found = {change.id.name: change for change in compare(cluster.site, copy.deepcopy(after), cluster.kubectl)}
    assert {name: change.action for name, change in found.items()} == {
        cluster.site: "unchanged", "changes": "change", "goes": "delete", "stays": "unchanged", "comes": "create",
    }  # fmt: skip
    assert [one.path for one in found["changes"].fields] == ["data.text"]
    after_diff = {this: one["metadata"]["resourceVersion"] for this, one in cluster.ours().items()}
    assert {this: after_diff[this] for this in versions if this.kind != "Deployment"} == {
        this: version for this, version in versions.items() if this.kind != "Deployment"
    }, "looking changes nothing"
    cluster.apply(after)
    assert {change.action for change in compare(cluster.site, after, cluster.kubectl)} == {"unchanged"}


@pytest.mark.api
def test_resources_of_a_definition_that_is_not_there_yet_are_shown_as_new(cluster):
    group = f"{cluster.site}.example.com"
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    spec = {"group": group, "scope": "Namespaced", "versions": [version],
            "names": {"kind": "Widget", "plural": "widgets", "singular": "widget"}}  # fmt: skip
    crd = cluster.make("CustomResourceDefinition", f"widgets.{group}", "apiextensions.k8s.io/v1", spec=spec)
    wanted = [cluster.make("Namespace", cluster.site), crd, cluster.make("Widget", "one", f"{group}/v1")]
    assert [change.action for change in compare(cluster.site, wanted, cluster.kubectl)] == ["create"] * 3
