"""The platform program: one site in, the same objects out of both deliveries."""

from __future__ import annotations

import asyncio
import re
import runpy
from typing import Any

import pulumi
import pytest
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import set_root_resource
from pulumi.runtime.stack import Stack

from arcos.errors import ArcosError
from arcos.paths import ROOT
from arcos.platform import Platform, PlatformArgs, cluster, push
from arcos.platform.gather import listings, namespaces, needs, ports
from arcos.render import evaluate as evaluation
from arcos.site.loader import load_site, site_names
from arcos.site.release import load_release
from components.clusters.aws_eks.versions import EXTENDED_UNTIL
from components.needs import Needs
from tests.program.conftest import pinned, unusual_site
from tests.recording import Cloud, record

#: Sites whose program calls no cloud: in push delivery, it can be evaluated without an engine.
REACHABLE = [name for name in site_names() if load_site(name).cluster.kind in ("local", "existing")]


def _platform(name: str, delivery: str) -> Platform:
    site = load_site(name)
    return Platform(name, PlatformArgs(site=site, release=pinned(load_release(site.release)), delivery=delivery))


def _requests(name: str, delivery: str) -> list[resource_pb2.RegisterResourceRequest]:
    """Every registration of a site, as the engine would receive it."""
    return [made.asked for made in record(lambda: _platform(name, delivery), Cloud())]


@pytest.mark.parametrize("name", REACHABLE)
def test_push_sends_what_pull_renders(name):
    pull = evaluation.run(lambda: _platform(name, "pull"), stack=name)
    push = evaluation.run(lambda: _platform(name, "push"), stack=name)
    assert push == pull


@pytest.mark.parametrize("name", REACHABLE)
def test_in_push_delivery_every_object_goes_to_the_sites_own_cluster(name):
    """An object without the provider would go to whatever cluster the operator's kubeconfig names at that moment."""
    custom = _requests(name, "push")
    [provider] = [r for r in custom if r.type == "pulumi:providers:kubernetes"]
    assert provider.object["clusterIdentifier"] == name, "moving a cluster must not replace everything in it"
    for request in custom:
        if request is not provider:
            assert "pulumi:providers:kubernetes::cluster::" in request.provider, request.name


def _outputs(monkeypatch: pytest.MonkeyPatch, name: str) -> dict[str, Any]:
    given: dict[str, Any] = {}
    monkeypatch.setattr(cluster, "export", given.__setitem__)
    evaluation.run(lambda: _platform(name, "push"), stack=name)
    return given


@pytest.mark.parametrize("name", REACHABLE)
def test_every_kind_gives_out_the_same(monkeypatch, name):
    given = _outputs(monkeypatch, name)
    assert set(given) - {"kubeconfig"} == {"capabilities", "nodes"}
    assert given["capabilities"] == load_site(name).cluster.capabilities.model_dump(mode="json", by_alias=True)
    assert "kubectl debug node" in given["nodes"]


def test_a_kubeconfig_that_the_stack_keeps_is_used_and_stays_a_secret(monkeypatch):
    """Without a file in the site file; given out as a secret, and never part of an object."""

    def get_secret(_: pulumi.Config, key: str) -> pulumi.Output[str] | None:
        return pulumi.Output.secret("text of kubeconfig") if key == "kubeconfig" else None

    monkeypatch.setattr(pulumi.Config, "get_secret", get_secret)
    given = _outputs(monkeypatch, "hpc-perth")
    seen: dict[str, Any] = {}

    async def look() -> None:
        seen.update(value=await given["kubeconfig"].future(), secret=await given["kubeconfig"].is_secret())

    asyncio.run(look())
    assert seen == {"value": "text of kubeconfig", "secret": True}


def test_pulumi_names_say_where_an_object_lives_and_are_unique():
    for name in REACHABLE:
        found = _requests(name, "pull")
        for request in found:
            meta = request.object["metadata"]
            kind = request.type.rpartition(":")[2].lower()
            space = dict(meta).get("namespace", "cluster")
            assert request.name == f"{space}/{kind}/{meta['name']}", "it is part of the URN and must not change"
        assert len({r.name for r in found}) == len(found)


def test_every_resource_hangs_below_the_platform():
    cloud = Cloud()
    made = record(lambda: _platform("local", "pull"), cloud)
    for request in (*cloud.components, *(one.asked for one in made)):
        if request.type not in ("pulumi:pulumi:Stack", "arcos:platform:Platform"):
            assert "arcos:" in request.parent, f"{request.name} would stand beside the platform"


def test_nothing_runs_before_its_namespace_is_in_force():
    for request in _requests("local", "pull"):
        if request.type.endswith((":Deployment", ":Job")) and request.object["metadata"]["namespace"] != "kube-system":
            needs = " ".join(request.dependencies)
            namespace = request.object["metadata"]["namespace"]
            for wanted in (f"cluster/namespace/{namespace}", f"{namespace}/networkpolicy/default-deny"):
                assert wanted in needs, (request.name, wanted)


@pytest.mark.parametrize("name", REACHABLE)
def test_nothing_comes_before_the_namespace_it_stands_in(name):
    """Also where an app puts a Secret's owner into another's: the engine would try, and the cluster refuse it."""
    for request in _requests(name, "pull"):
        namespace = dict(request.object["metadata"]).get("namespace")
        if namespace and namespace != "kube-system":
            needs = " ".join(request.dependencies)
            assert f"cluster/namespace/{namespace}" in needs, (request.name, namespace)


def test_an_image_without_digest_renders_but_is_never_pushed():
    site = load_site("local")
    release = load_release(site.release)
    pins = {name: pin.model_copy(update={"digest": None}) for name, pin in release.images.items()}
    release = release.model_copy(update={"images": pins})
    assert evaluation.unresolved(evaluation.evaluate(site, release))
    with pytest.raises(ArcosError, match="has no digest"):
        PlatformArgs(site=site, release=release, delivery="push").image("welcome")


def test_an_app_that_is_not_named_is_off():
    site = unusual_site("nothing-on")
    assert (needs(site), listings(site), namespaces(site)) == (Needs(), [], {})


def test_the_ports_users_type_are_those_of_the_cluster():
    assert ports(unusual_site("other-ports")) == (8080, 8443)
    assert ports(load_site("hpc-perth")) == (80, 443)


def test_the_landing_page_answers_to_the_sites_domain_or_a_host_of_its_own():
    assert needs(load_site("hpc-perth")).routes[0].host == "arcos.hpc.example.com"
    assert [route.host for route in needs(unusual_site("many-proxies")).routes] == ["www.example.edu.au"]


def _run_program(monkeypatch: pytest.MonkeyPatch, value: object, stack: str) -> list[Any]:
    """`__main__.py` as the engine runs it, with `arcos:site` from the stack."""
    monkeypatch.setattr(pulumi.Config, "get_object", lambda _, key: value)

    async def program() -> None:
        # As the SDK's `run_in_stack` does; the stack that the recorder brings takes no program any more.
        set_root_resource(None)  # type: ignore[arg-type]
        root = Stack()
        runpy.run_path(str(ROOT / "__main__.py"))
        entry = root._take_async_program()
        assert entry is not None, "the engine has nothing to run"
        await entry()

    return evaluation.run(program, stack=stack)


def test_the_pulumi_program_is_the_platform(monkeypatch):
    site = load_site("hpc-perth")
    value = site.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude={"name"})
    monkeypatch.setattr(push, "load_release", lambda name: pinned(load_release(name)))
    rendered = evaluation.run(lambda: _platform("hpc-perth", "pull"), stack="hpc-perth")
    assert _run_program(monkeypatch, value, "hpc-perth") == rendered


@pytest.mark.parametrize("value", [None, {"title": "x"}, "text"], ids=["nothing", "half a site", "text"])
def test_a_wrong_site_stops_pulumi_with_one_clean_message(monkeypatch, value):
    with pytest.raises(pulumi.RunError, match=r"arcos:site|is missing") as caught:
        _run_program(monkeypatch, value, "local")
    assert caught.value.__suppress_context__
    assert caught.value.__cause__ is None, "the engine prints a RunError without a traceback"


def test_a_site_that_does_not_fit_its_cloud_stops_pulumi_before_anything_is_made(monkeypatch):
    site = load_site("aws-sydney")
    value = site.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude={"name"})
    monkeypatch.delitem(EXTENDED_UNTIL, "1.37")
    with pytest.raises(pulumi.RunError, match="EKS does not offer") as caught:
        _run_program(monkeypatch, value, "aws-sydney")
    assert caught.value.__cause__ is None


def test_the_pulumi_program_stays_short():
    lines = (ROOT / "__main__.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 20
    assert not re.search(r"\bif\b", "\n".join(lines[3:])), "what it decides, it decides in the platform"
