"""Leaving an app out takes nothing with it but its own: every choice of apps that `check` takes is a whole site."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from arcos.render.evaluate import evaluate
from arcos.site.loader import load_site
from arcos.site.model import Apps, Site
from arcos.site.release import load_release
from components.requirement import Requiring
from tests.program.conftest import pinned

#: What is not `{}`: the smallest that needs no other app.
_ALONE: dict[str, dict[str, Any]] = {"database": {"backup": {"kind": "none", "reason": "the centre saves its volumes"}}}


def _site(apps: tuple[str, ...]) -> Site:
    data = load_site("hpc-perth").model_dump(mode="json", by_alias=True, exclude_unset=True)
    chosen = {app: _ALONE.get(app, {}) for app in apps}
    data["cluster"]["capabilities"] |= {"loadBalancer": True, "hostedZone": "Z0123456789ABCDEFGHIJ"}
    return Site.model_validate({**data, "name": "subset", "apps": chosen}, strict=False)


def _complete(site: Site) -> bool:
    configs = [getattr(site.apps, app) for app in Apps.model_fields]
    needs = [need for config in configs if isinstance(config, Requiring) for need in config.requires()]
    return all(not need.app or getattr(site.apps, need.app) is not None for need in needs)


ALL = tuple(Apps.model_fields)
#: `dns` asks for `ingress` and touches nothing else, so it is with the fewest and with the most.
COMPLETE = [
    apps
    for size in range(len(ALL) + 1)
    for apps in itertools.combinations(ALL, size)
    if ("dns" not in apps or apps in (ALL, ("ingress", "dns"))) and _complete(_site(apps))
]


def test_the_smallest_and_the_largest_choice_are_among_them() -> None:
    assert () in COMPLETE
    assert ALL in COMPLETE
    assert ("ingress", "dns") in COMPLETE


@pytest.mark.parametrize("apps", COMPLETE, ids=lambda apps: "+".join(apps) or "none")
def test_every_app_that_is_on_is_made_and_no_other(apps: tuple[str, ...]) -> None:
    site = _site(apps)
    made = evaluate(site, pinned(load_release(site.release)))
    running = {m["metadata"]["namespace"] for m in made if m["kind"] in ("Deployment", "StatefulSet")}
    assert set(apps) <= running, "each has a namespace of its name, and something runs there"
    strays = {name for name in running if name in Apps.model_fields} - set(apps)
    assert not strays, "nothing runs of an app that is off"
