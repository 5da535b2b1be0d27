"""Evaluating a program gives exactly what an engine would be sent, or says why it cannot."""

from __future__ import annotations

import asyncio
import enum
import gc
import logging
import threading

import pulumi
import pulumi_kubernetes as k8s
import pytest
from pulumi import ComponentResource, Output, ResourceOptions, resource

from arcos.errors import ArcosError
from arcos.render.evaluate import evaluate, images, run, unresolved
from arcos.site.loader import load_site
from arcos.site.release import load_release


def _config(name: str = "one", **args: object) -> k8s.core.v1.ConfigMap:
    given = {"metadata": {"name": name, "namespace": "x"}, "data": {"a": "b"}} | args
    return k8s.core.v1.ConfigMap(f"x/configmap/{name}", **given)


def _refused(program, *words: str) -> ArcosError:
    with pytest.raises(ArcosError) as caught:
        run(program, stack="toy")
    for word in words:
        assert word in str(caught.value), "the message names the object and the field"
    assert caught.value.why, "and the reason"
    assert caught.value.fix, "and what to do"
    return caught.value


def test_an_object_is_rendered_as_the_api_takes_it():
    [manifest] = run(lambda: _config(immutable=True), stack="toy")
    assert manifest == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "one", "namespace": "x"},
        "data": {"a": "b"},
        "immutable": True,
    }


def test_whole_numbers_stay_whole():
    def program():
        k8s.core.v1.Service(
            "x/service/s",
            metadata={"name": "s", "namespace": "x"},
            spec={"ports": [{"port": 80, "target_port": "http"}], "selector": {"a": "1"}},
        )

    [manifest] = run(program, stack="toy")
    assert manifest["spec"] == {"ports": [{"port": 80, "targetPort": "http"}], "selector": {"a": "1"}}
    assert type(manifest["spec"]["ports"][0]["port"]) is int, "80.0 is no port"


def test_objects_come_in_the_order_to_apply_them():
    def program():
        _config("b")
        _config("a")
        k8s.core.v1.Namespace("cluster/namespace/x", metadata={"name": "x"})

    assert [m["metadata"]["name"] for m in run(program, stack="toy")] == ["x", "a", "b"]


def test_a_name_of_another_object_may_shape_an_object():
    def program():
        first = _config("first")
        _config("second", data={"other": first.metadata.name, "space": first.metadata["namespace"]})

    second = run(program, stack="toy")[1]
    assert second["data"] == {"other": "first", "space": "x"}


def test_an_object_may_wait_for_one_that_itself_waits():
    async def late(value):
        await asyncio.sleep(0)
        return value

    def program():
        first = _config("first", data={"a": Output.from_input(late("slowly"))})
        second = _config("second", data={"other": first.metadata.name})
        _config("third", data={"other": Output.concat("after ", second.metadata.name)})

    found = {one["metadata"]["name"]: one["data"] for one in run(program, stack="toy")}
    assert found == {"first": {"a": "slowly"}, "second": {"other": "first"}, "third": {"other": "after second"}}


def test_an_input_that_fails_while_it_is_awaited_ends_the_run():
    async def broken():
        await asyncio.sleep(0)
        raise ZeroDivisionError

    def program():
        first = _config("first", data={"a": Output.from_input(broken())})
        _config("second", data={"other": first.metadata.name})

    with pytest.raises(ZeroDivisionError):
        run(program, stack="toy")


def test_values_arrive_as_an_engine_would_get_them():
    class Mode(enum.StrEnum):
        FAST = "fast"

    [manifest] = run(lambda: _config(data={"mode": Mode.FAST}, immutable=None), stack="toy")
    assert type(manifest["data"]["mode"]) is str, "a class of its own does not survive a message"
    assert "immutable" not in manifest, "nothing is no value"


def test_the_sdk_is_itself_again_after_a_run():
    before = (resource.register_resource, resource.register_resource_outputs, resource.collapse_alias_to_urn)
    run(_config, stack="toy")
    with pytest.raises(ZeroDivisionError):
        run(lambda: 1 / 0, stack="toy")
    after = (resource.register_resource, resource.register_resource_outputs, resource.collapse_alias_to_urn)
    assert after == before, "or the next `pulumi up` in this process would register with nobody"


def test_components_and_providers_are_no_objects():
    class Group(ComponentResource):
        def __init__(self) -> None:
            super().__init__("arcos:tests:Group", "group")
            provider = k8s.Provider("p", kubeconfig="/nowhere", opts=ResourceOptions(parent=self))
            k8s.core.v1.Namespace(
                "cluster/namespace/x", metadata={"name": "x"}, opts=ResourceOptions(parent=self, provider=provider)
            )

    assert [m["kind"] for m in run(Group, stack="toy")] == ["Namespace"]


@pytest.mark.parametrize(
    ("value", "field"),
    [
        (lambda other: other.metadata.uid, "data.a"),
        (lambda other: other.metadata.annotations["x"], "data.a"),
        (lambda other: other.metadata.resource_version, "data.a"),
        (lambda other: Output.concat("at ", other.metadata.creation_timestamp), "data.a"),
        (lambda other: other.data["a"], "data.a"),
        (lambda other: other.metadata.apply(lambda meta: meta.name), "data.a"),
        (lambda other: other.id, "data.a"),
    ],
    ids=["uid", "annotation", "resourceVersion", "concat", "data", "apply", "id"],
)
def test_a_value_that_only_a_running_cluster_knows_is_refused(value, field):
    _refused(lambda: _config("two", data={"a": value(_config("one"))}), "x/configmap/two", field, "running cluster")


def test_an_unknown_value_deep_in_an_object_is_named_by_its_path():
    def program():
        service = k8s.core.v1.Service("x/service/s", metadata={"name": "s", "namespace": "x"}, spec={"ports": []})
        k8s.core.v1.Endpoints(
            "x/endpoints/e",
            metadata={"name": "e", "namespace": "x"},
            subsets=[{"addresses": [{"ip": "10.0.0.1"}, {"ip": service.spec.cluster_ip}]}],
        )

    _refused(program, "x/endpoints/e", "subsets[0].addresses[1].ip")


def test_a_secret_value_is_refused_and_never_shown():
    error = _refused(lambda: _config(data={"a": Output.secret("hunter2")}), "x/configmap/one", "data", "secret")
    assert "hunter2" not in str(error)


def test_a_secret_with_data_is_refused():
    def program():
        k8s.core.v1.Secret("x/secret/s", metadata={"name": "s", "namespace": "x"}, string_data={"a": "hunter2"})

    assert "hunter2" not in str(_refused(program, "x/secret/s", "secret"))


def test_an_object_without_a_name_is_refused():
    _refused(lambda: k8s.core.v1.ConfigMap("x", data={"a": "b"}), "metadata.name", "invent a name")


def test_reading_a_running_cluster_is_refused():
    _refused(lambda: k8s.core.v1.ConfigMap.get("there", "x/there"), "there", "running cluster")


def test_what_hangs_below_something_read_is_refused_for_the_reading():
    def program():
        there = k8s.core.v1.Namespace.get("there", "there")
        _config(opts=ResourceOptions(parent=there))

    _refused(program, "there", "running cluster")


def test_calling_a_providers_function_is_refused():
    _refused(lambda: pulumi.runtime.invoke("aws:index/getRegion:getRegion", {}).value, "aws:index/getRegion")


def test_a_cloud_resource_is_refused():
    class Bucket(pulumi.CustomResource):
        def __init__(self) -> None:
            super().__init__("aws:s3/bucket:Bucket", "data", {"a": 1})

    _refused(Bucket, "data", "no Kubernetes object")


def test_a_helm_release_is_refused():
    class Release(pulumi.CustomResource):
        def __init__(self) -> None:
            super().__init__("kubernetes:helm.sh/v3:Release", "chart", {"chart": "x"})

    _refused(Release, "chart", "no Kubernetes object")


def test_the_same_error_comes_first_every_time():
    def program():
        for name in ("c", "a", "b"):
            k8s.core.v1.ConfigMap(name, data={"a": "b"})

    assert len({str(_refused(program)) for _ in range(5)}) == 1


def test_a_bug_in_a_program_is_a_bug_and_no_user_error():
    def program():
        _config()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(program, stack="toy")


def test_nothing_of_one_run_reaches_the_next(caplog):
    def broken():
        nameless = k8s.core.v1.ConfigMap("nameless", data={"a": "b"})
        there = k8s.core.v1.ConfigMap.get("there", "x/there")
        for number, name in enumerate((nameless.metadata.name, there.metadata.name, there.metadata.uid)):
            _config(f"waits-{number}", data={"a": name})

    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            with pytest.raises(ArcosError):
                run(broken, stack="broken")
            assert len(run(_config, stack="good")) == 1
        gc.collect()
    messages = [record.getMessage() for record in caplog.records]
    assert not messages, "one clear error is raised; not one more is logged for every object that waited"


def test_a_run_starts_no_thread_and_leaves_none():
    before = threading.active_count()
    run(_config, stack="toy")
    assert threading.active_count() == before, (
        "sites are rendered side by side by forking, which threads do not survive"
    )


def test_unresolved_images_are_named_and_still_rendered():
    site = load_site("local")
    release = load_release(site.release)
    pin = release.images["welcome"].model_copy(update={"digest": None})
    release = release.model_copy(update={"images": {**release.images, "welcome": pin}})
    manifests = evaluate(site, release)
    assert f"{site.registry}/welcome:{pin.version}@unresolved" in unresolved(manifests)


def test_images_are_those_of_all_containers():
    pod = {"initContainers": [{"image": "a"}], "containers": [{"image": "b"}]}
    assert images({"kind": "Deployment", "spec": {"template": {"spec": pod}}}) == ["a", "b"]
    assert images({"kind": "ConfigMap", "data": {}}) == []
