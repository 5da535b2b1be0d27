"""What an engine makes first. Rendering leaves it out, so a circle in it would show only at `pulumi up`."""

from __future__ import annotations

import pulumi_kubernetes as k8s
import pytest
from pulumi import ComponentResource, ResourceOptions, ResourceTransformationArgs, ResourceTransformationResult

from arcos.render import evaluate
from arcos.site.loader import load_site, site_names


@pytest.fixture(autouse=True)
def as_the_engine_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def all_of_it(args: ResourceTransformationArgs) -> ResourceTransformationResult:
        return ResourceTransformationResult(props=args.props, opts=args.opts)

    monkeypatch.setattr(evaluate, "_for_the_engine_only", all_of_it)


@pytest.mark.parametrize("name", site_names())
def test_no_object_of_a_site_waits_for_itself(name: str):
    assert evaluate.evaluate(load_site(name)), "the SDK refuses a circle, so all of it must come"


def test_a_circle_would_be_found():
    class Pair(ComponentResource):
        def __init__(self) -> None:
            super().__init__("toy:x:Pair", "pair")
            inside = ResourceOptions(parent=self, depends_on=[self])
            k8s.core.v1.ConfigMap("x/configmap/one", metadata={"name": "one", "namespace": "x"}, opts=inside)

    with pytest.raises(RuntimeError, match="circular dependency"):
        evaluate.run(Pair, stack="toy")
