"""What the engine calls each resource. Under another name it is another resource, and the first one is deleted.

In a cluster that deletes what was just made, for both are the same object; in a cloud it is a second cluster. So who
renames a resource, its component's type or its parent gives `aliases`, and every state that there is goes on.
https://www.pulumi.com/docs/iac/concepts/resources/options/aliases/
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import pulumi_kubernetes as k8s
import pytest
from pulumi import Alias, ComponentResource, ResourceOptions
from pulumi.runtime import mocks
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import get_project, get_stack

from arcos.platform import Platform, PlatformArgs
from arcos.site.loader import site_names
from arcos.site.model import Site
from arcos.site.release import load_release
from tests import recording
from tests.components.clusters.aws_eks import recording as aws
from tests.components.clusters.aws_eks.conftest import cluster as eks
from tests.components.clusters.openstack.test_machines import PLAIN, machines_of
from tests.components.clusters.openstack.test_magnum import NAMED, OWN, made_of
from tests.program.conftest import pinned
from tests.program.test_golden import PARTS
from tests.recording import Cloud

#: Every name that a state may hold. A line goes by hand only: what it names is deleted at every site.
NAMES = Path(__file__).parent / "golden" / "names.txt"
#: What is made anew with its content, under another name, on purpose.
NEW_EACH_TIME = ("kubernetes:batch/v1:Job",)
Names = dict[str, set[str]]


def urn(parent: str, type_: str, name: str) -> str:
    """As the engine makes it, with the types of all that it hangs below."""
    above = parent.split("::")[2] if parent else ""
    chain = "$".join(filter(None, ("" if above == "pulumi:pulumi:Stack" else above, type_)))
    return f"urn:pulumi:{get_stack()}::{get_project()}::{chain}::{name}"


def former(one: resource_pb2.RegisterResourceRequest, parents: set[str]) -> set[str]:
    """What it was called, says its program; `parents` are what its parent was called."""
    found = {urn(parent, one.type, one.name) for parent in parents}
    for alias in one.aliases:
        spec = alias.spec
        above = {""} if spec.noParent else {spec.parentUrn} if spec.parentUrn else {one.parent, *parents}
        names = {urn(parent, spec.type or one.type, spec.name or one.name) for parent in above}
        found |= {alias.urn} if alias.urn else names
    return found


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], Names]:
    """The names of what a function registers, each with those that it had before."""
    all_: Names = {}
    kept: Names = {}

    def watch(monitor: type[mocks.MockMonitor]) -> None:
        register = monitor.RegisterResource

        def watched(self: Any, request: resource_pb2.RegisterResourceRequest) -> Any:
            name = urn(request.parent, request.type, request.name)
            all_[name] = former(request, all_.get(request.parent, set()))
            if request.custom and not request.type.startswith(("pulumi:", *NEW_EACH_TIME)):
                kept[_short(name)] = {*map(_short, all_[name])}
            return register(self, request)

        monkeypatch.setattr(monitor, "RegisterResource", watched)

    for one in (aws._Monitor, recording._Monitor):
        watch(one)
    monkeypatch.setattr(mocks.MockMonitor, "make_urn", lambda _, *words: urn(*words))

    def run(program: Callable[[], object]) -> Names:
        all_.clear()
        kept.clear()
        program()
        return dict(kept)

    return run


def _short(name: str) -> str:
    """Without stack and project, which differ from site to site."""
    return name.split("::", 2)[2]


def gone(recorded: Iterable[str], today: Names) -> list[str]:
    """Names that nothing has any more, nor says that it had."""
    return sorted(set(recorded) - set(today).union(*today.values()))


def platform(site: Site) -> None:
    args = PlatformArgs(site=site, release=pinned(load_release(site.release)), delivery="pull")
    recording.record(lambda: Platform(site.name, args), Cloud())


CLUSTERS: list[Callable[[], object]] = [
    eks, lambda: machines_of(PLAIN), lambda: made_of(NAMED), lambda: made_of(OWN)
]  # fmt: skip


def test_everything_keeps_its_name_or_says_what_it_was_called(names, every_site: dict[str, Site]) -> None:
    today: Names = {}
    sites = {*site_names(), *(site for site, _ in PARTS.values())}
    for program in [*CLUSTERS, *(partial(platform, every_site[name]) for name in sites)]:
        today |= names(program)
    recorded = set(NAMES.read_text(encoding="utf-8").splitlines()) if NAMES.exists() else set()
    if os.environ.get("ARCOS_UPDATE_GOLDEN"):
        recorded |= today.keys()
        NAMES.write_text("\n".join(sorted(recorded)) + "\n", encoding="utf-8")

    assert not gone(recorded, today), (
        "the engine would delete these at every site: give `aliases` to what they are called now; "
        "what shall be deleted loses its line by hand"
    )
    assert not today.keys() - recorded, "new: ARCOS_UPDATE_GOLDEN=1 ./arcosctl test fast -k names"


class Box(ComponentResource):
    def __init__(self, type_: str, name: str, opts: ResourceOptions | None = None, child: str = "a") -> None:
        super().__init__(type_, name, None, opts)
        inner = ComponentResource("arcos:test:Inner", "inner", None, ResourceOptions(parent=self))
        aliases = [Alias(name="a")] if child == "aliased" else None
        k8s.core.v1.ConfigMap(child, metadata={"name": "a"}, opts=ResourceOptions(parent=inner, aliases=aliases))


RENAMED = {
    "its own name": (lambda: Box("arcos:test:Box", "box", child="b"), False),
    "its own name, with an alias": (lambda: Box("arcos:test:Box", "box", child="aliased"), True),
    "the type two above it": (lambda: Box("arcos:test:Case", "box"), False),
    "the type two above it, with an alias": (
        lambda: Box("arcos:test:Case", "box", ResourceOptions(aliases=[Alias(type_="arcos:test:Box")])), True),
    "the name two above it, which is no part of it": (lambda: Box("arcos:test:Box", "case"), True),
}  # fmt: skip


@pytest.mark.parametrize("what", RENAMED)
def test_a_rename_is_found_unless_an_alias_says_so(what: str, names) -> None:
    program, goes_on = RENAMED[what]
    before = names(lambda: recording.record(lambda: Box("arcos:test:Box", "box"), Cloud()))
    assert before == {"arcos:test:Box$arcos:test:Inner$kubernetes:core/v1:ConfigMap::a": set()}

    after = names(lambda: recording.record(program, Cloud()))

    assert (not gone(before, after)) is goes_on
