"""Two sites differ in what their files and capabilities say, and in nothing else; code that peeks is found."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any

import pulumi_kubernetes as k8s
import pytest

from arcos.cli.compare import lines, report
from arcos.compare import sites as module
from arcos.compare.objects import named
from arcos.compare.sites import Comparison, compare, neutral, unexplained
from arcos.compare.sites import own as kinds_own
from arcos.platform import apps as platform_apps
from arcos.render.evaluate import evaluate
from arcos.render.order import Manifest
from arcos.site.loader import load_site
from arcos.site.model import Site
from arcos.site.release import Release, load_release
from tests.program.conftest import pinned

FIRST_FOUR = ("nectar-qld", "aws-sydney", "hpc-perth", "local")


@functools.cache
def release(name: str) -> Release:
    return pinned(load_release(name))


@functools.cache
def render(site: Site) -> list[Manifest]:
    return evaluate(site, release(site.release))


@functools.cache
def compared(first: str, second: str) -> Comparison:
    return compare(load_site(first), load_site(second), release)


@pytest.mark.parametrize("other", FIRST_FOUR[1:])
def test_every_difference_of_two_sites_has_a_name(other: str) -> None:
    assert unexplained(load_site(FIRST_FOUR[0]), load_site(other), render) == {}


#: A walk renders a site for each differing field; the longer ones are left to the tier that has minutes.
WALKS = [pytest.param(name, marks=[] if name == "aws-sydney" else [pytest.mark.api]) for name in FIRST_FOUR[1:]]


@pytest.mark.parametrize("other", WALKS)
def test_the_steps_end_at_the_other_site(other: str) -> None:
    """What the steps take away and bring, and what kinds bring, is the whole difference in which objects there are."""
    first, second = load_site(FIRST_FOUR[0]), load_site(other)
    found = compared(first.name, second.name)
    assert found.alike > 100, "most objects are the same to the letter"
    objects = set(named(render(first))) - set(found.own[0])
    for step in found.steps:
        assert set(step.effect.only_first) <= objects
        objects = (objects - set(step.effect.only_first)) | set(step.effect.only_second)
    assert objects | set(found.own[1]) == set(named(render(second)))


def _same_apps(site: Site) -> Site:
    """The site with the apps of nectar-qld and its GPUs, volumes and ports, whatever its own cluster is."""
    like = load_site(FIRST_FOUR[0])
    return neutral(site).model_copy(update={"apps": like.apps, "cluster": neutral(like).cluster})


@pytest.mark.parametrize("other", FIRST_FOUR[1:])
def test_the_same_apps_give_the_same_objects_at_every_site(other: str) -> None:
    first, second = (named(render(_same_apps(load_site(name)))) for name in (FIRST_FOUR[0], other))
    assert set(first) == set(second), "the same kinds, namespaces and names"


@pytest.mark.api
def test_a_capability_is_named_with_what_follows_from_it() -> None:
    [step] = [step for step in compared("nectar-qld", "hpc-perth").steps if "load_balancer" in step.fields]
    assert step.group == "capability"
    assert step.fields["load_balancer"] == (True, False)
    assert "Service ingress/ingress" in step.effect.changed


def test_a_setting_is_named_with_what_follows_from_it() -> None:
    [step] = [step for step in compared("nectar-qld", "aws-sydney").steps if "apps.ingress.replicas" in step.fields]
    assert step.effect.changed["Deployment ingress/ingress"] == ("spec.replicas",)


def test_what_a_cluster_kind_itself_brings_is_told_apart() -> None:
    own = kinds_own(load_site("local"), render).only_second
    assert "StorageClass local-directory" in own
    assert all(name.startswith(("StorageClass ", "Deployment kube-system/")) or "coredns" in name or "kube-dns" in name
               for name in own)  # fmt: skip


def _planted(monkeypatch: pytest.MonkeyPatch, what: Callable[[Site, Any], None]) -> dict[str, Any]:
    build = platform_apps.build

    def peeking(args: Any, baseline: Any, opts: Any) -> Any:
        what(args.site, opts)
        return build(args, baseline, opts)

    monkeypatch.setattr(platform_apps, "build", peeking)
    apps = {"welcome": {}}
    sites = [
        Site.model_validate(
            {**load_site(name).model_dump(mode="json", by_alias=True, exclude_unset=True), "name": name, "apps": apps},
            strict=False,
        )
        for name in ("nectar-qld", "aws-sydney")
    ]
    return module.compare(*sites, release).unexplained


def _extra(opts: Any, text: str) -> None:
    meta: Any = {"name": "peeked", "namespace": "arcos-system"}
    k8s.core.v1.ConfigMap("peeked", metadata=meta, data={"text": text}, opts=opts)


def test_code_that_looks_at_the_kind_of_cluster_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def peek(site: Site, opts: Any) -> None:
        _extra(opts, "aws" if site.cluster.kind == "aws-eks" else "other")

    [(what, difference)] = _planted(monkeypatch, peek).items()
    assert what == "aws-sydney: its cluster kind aws-eks changes what apps make"
    assert difference.changed == {"ConfigMap arcos-system/peeked": ("data.text",)}


def test_code_that_looks_at_a_sites_name_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def peek(site: Site, opts: Any) -> None:
        _extra(opts, "ours" if site.name.startswith("nectar") else "theirs")

    [(what, difference)] = _planted(monkeypatch, peek).items()
    assert "something hangs on the word itself" in what
    assert difference.changed == {"ConfigMap arcos-system/peeked": ("data.text",)}


def test_a_name_that_only_stands_in_a_text_is_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def peek(site: Site, opts: Any) -> None:
        _extra(opts, json.dumps({"at": f"https://x.{site.domain}/", "by": site.title}))

    assert _planted(monkeypatch, peek) == {}


def test_the_command_says_it_in_words_and_for_scripts() -> None:
    text = "\n".join(lines(compared("nectar-qld", "aws-sydney")))
    assert text.endswith("nothing else differs")
    assert "setting apps.ingress.replicas: 2 | 3" in text
    told = json.loads(json.dumps(report(compared("nectar-qld", "aws-sydney"))))
    assert told["unexplained"] == {}
    [replicas] = [one for one in told["differences"] if "apps.ingress.replicas" in one["fields"]]
    assert replicas["fields"]["apps.ingress.replicas"] == {"nectar-qld": 2, "aws-sydney": 3}
