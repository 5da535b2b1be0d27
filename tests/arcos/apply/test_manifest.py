"""Which objects are whole, and the order they are applied in."""

from __future__ import annotations

import pytest

from arcos.apply.manifest import Id, identify, is_ours, ordered
from arcos.errors import ArcosError


def thing(kind, name="x", namespace=None, api="v1", **rest):
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **rest}


CRD = thing("CustomResourceDefinition", "widgets.example.com", api="apiextensions.k8s.io/v1",
            spec={"group": "example.com", "names": {"kind": "Widget"}, "scope": "Namespaced"})  # fmt: skip


def test_namespaces_then_definitions_then_the_rest_as_given():
    given = [thing("Service", "b", "n"), CRD, thing("ConfigMap", "a", "n"), thing("Namespace", "n")]
    assert [one["kind"] for one in ordered(given)] == ["Namespace", "CustomResourceDefinition", "Service", "ConfigMap"]


def test_the_version_is_no_part_of_the_identity():
    assert (
        identify(thing("X", api="g.example/v1"))
        == identify(thing("X", api="g.example/v2"))
        == Id("g.example", "X", "", "x")
    )
    assert identify(thing("ConfigMap", namespace="n")) == Id("", "ConfigMap", "n", "x")


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ([thing("ConfigMap")], "does not name its namespace"),
        ([thing("ClusterRole", api="rbac.authorization.k8s.io/v1", namespace="n")], "is cluster-wide"),
        ([thing("ConfigMap", name="", namespace="n")], "does not name itself"),
        ([{"metadata": {"name": "x"}}], "no kind or apiVersion"),
        ([thing("ConfigMap", namespace="n")] * 2, "rendered twice"),
        ([CRD, thing("Widget", api="example.com/v1")], "does not name its namespace"),
    ],
)
def test_an_object_that_is_not_whole_is_refused_before_anything_is_sent(broken, message):
    with pytest.raises(ArcosError, match=message):
        ordered(broken)


def test_a_kind_only_the_cluster_knows_is_left_to_the_cluster():
    assert ordered([thing("GatewayClass", api="gateway.networking.k8s.io/v1")])


def test_our_mark_is_the_field_manager_of_an_apply():
    def live(manager, operation):
        return {"metadata": {"managedFields": [{"manager": manager, "operation": operation}]}}

    assert is_ours(live("arcos", "Apply"))
    assert not is_ours(live("arcos", "Update")), "a `kubectl edit --field-manager=arcos` is not an apply"
    assert not is_ours(live("pulumi-kubernetes-1", "Apply"))
    assert not is_ours({"metadata": {}})
