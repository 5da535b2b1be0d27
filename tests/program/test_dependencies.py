"""What an engine makes first. Rendering leaves it out, so a circle in it would show only at `pulumi up`."""

from __future__ import annotations

from functools import cache

import pulumi_kubernetes as k8s
import pytest
from pulumi import ComponentResource, ResourceOptions

from arcos.platform import Platform, PlatformArgs
from arcos.site.loader import load_site, site_names
from arcos.site.release import load_release
from tests.recording import Cloud, record


@pytest.mark.parametrize("name", site_names())
def test_no_object_of_a_site_waits_for_itself(name: str):
    site = load_site(name)
    args = PlatformArgs(site=site, release=load_release(site.release), delivery="pull")
    assert record(lambda: Platform(name, args), Cloud()), "the SDK refuses a circle, so all of it must come"


@pytest.mark.parametrize("name", site_names())
def test_the_engine_can_say_that_something_is_protected(name: str):
    """It first walks from there along every path, again and again, which need not end; so data waits for little."""
    site = load_site(name)
    args = PlatformArgs(site=site, release=load_release(site.release), delivery="pull")
    made = {one.name: one for one in record(lambda: Platform(name, args), Cloud())}

    @cache
    def steps(name: str) -> int:
        return 1 + sum(map(steps, made[name].needs))

    assert {one.name: steps(one.name) for one in made.values() if one.protected and steps(one.name) > 200} == {}


def test_a_circle_would_be_found():
    class Pair(ComponentResource):
        def __init__(self) -> None:
            super().__init__("toy:x:Pair", "pair")
            inside = ResourceOptions(parent=self, depends_on=[self])
            k8s.core.v1.ConfigMap("x/configmap/one", metadata={"name": "one", "namespace": "x"}, opts=inside)

    with pytest.raises(RuntimeError, match="circular dependency"):
        record(Pair, Cloud())
