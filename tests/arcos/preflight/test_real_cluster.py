"""A real API server is asked, and `up` stops before it changes anything where a declaration is a lie."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from arcos.apply.kubectl import Kubectl
from arcos.apply.up import apply, remove
from arcos.checks import Check, Level
from arcos.errors import ArcosError
from arcos.paths import ROOT
from arcos.preflight import offer, rights
from arcos.preflight.examine import asked, examine, refuse
from arcos.progress import Progress
from arcos.render.evaluate import evaluate
from arcos.site.model import Site
from arcos.site.release import load_release
from tests.arcos.preflight.conftest import as_user, existing

pytestmark = pytest.mark.api

RELEASE = load_release("2026.11")
CLASS = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {"name": "theirs", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
    "provisioner": "rook-ceph.rbd.csi.ceph.com",
    "allowVolumeExpansion": True,
}


@pytest.fixture
def storage(plane: Kubectl) -> Iterator[str]:
    """A default storage class for one node."""
    plane.run("apply", "-f", "-", stdin=json.dumps(CLASS))
    yield "theirs"
    plane.run("delete", "storageclass", "theirs")


def levels(site: Site, kubectl: Kubectl) -> dict[str, Check]:
    return {one.name: one for one in examine(site, lambda: kubectl)}


def test_the_api_tells_what_it_offers(plane: Kubectl, storage: str) -> None:
    read = offer.read(plane)
    assert read.version.startswith(f"v{RELEASE.kubernetes}.")
    assert read.nodes is not None
    assert len(read.nodes) == 3
    assert min(one.memory for one in read.nodes) > 0
    assert read.storage is not None
    assert read.storage[storage].default
    assert read.pod_security is True
    assert (read.enforcers, read.balancers) == ((), ())
    assert not plane.objects("get", "namespace", "arcos-preflight", "--ignore-not-found"), "a dry run makes nothing"


def test_an_honest_site_is_all_well(plane: Kubectl, storage: str) -> None:
    found = levels(existing(None, defaultStorageClass=storage), plane)
    assert {name for name, one in found.items() if one.level is Level.FAIL} == set()
    assert re.fullmatch("arcos:[a-z]+ may do everything", found["rights"].detail), "a wrong context is seen by its user"


@pytest.mark.parametrize(
    ("capabilities", "field", "level"),
    [
        ({"defaultStorageClass": "fast"}, "defaultStorageClass", Level.FAIL),
        ({"rwxStorageClass": "theirs"}, "rwxStorageClass", Level.FAIL),
        ({"nodeMemory": "900Ti"}, "nodeMemory", Level.FAIL),
        ({"gpu": ["nvidia"]}, "gpu", Level.WARN),
        ({"networkPolicy": True}, "networkPolicy", Level.WARN),
        ({"loadBalancer": True}, "loadBalancer", Level.WARN),
    ],
)
def test_a_lie_is_found_at_its_field(
    plane: Kubectl, storage: str, capabilities: dict[str, object], field: str, level: Level
) -> None:
    assert levels(existing(None, **capabilities), plane)[f"cluster.capabilities.{field}"].level is level


def test_who_may_little_is_told_what_is_missing(plane: Kubectl, tmp_path: Path) -> None:
    check = levels(existing(None), as_user(plane, "visitor", tmp_path))["rights"]
    assert check.level is Level.FAIL
    assert check.detail.startswith("visitor may not")
    assert "secrets" in check.detail or "more" in check.detail


def with_roles(storage: str) -> Site:
    """A site whose seeders have roles of their own."""
    apps = {"welcome": {}, "database": {"backup": {"kind": "none", "reason": "only the rights matter"}}}
    return existing(None, apps, defaultStorageClass=storage)


def allow(plane: Kubectl, user: str, roles: Iterable[dict[str, Any]]) -> None:
    """So much and no more, as the cluster's owner would: the roles, and who is bound to them."""
    api = "rbac.authorization.k8s.io"
    for role in roles:
        meta = {**role["metadata"], "name": user}
        bound = {"apiVersion": f"{api}/v1", "kind": f"{role['kind']}Binding", "metadata": meta}
        bound["roleRef"] = {"apiGroup": api, "kind": role["kind"], "name": user}
        bound["subjects"] = [{"apiGroup": api, "kind": "User", "name": user}]
        for made in ({**role, "metadata": meta}, bound):
            plane.run("apply", "-f", "-", stdin=json.dumps(made))


def test_who_may_exactly_what_is_asked_brings_the_site_up_and_takes_it_down(
    plane: Kubectl, storage: str, tmp_path: Path
) -> None:
    """So what is asked is enough: a right that nobody asked for would stop `up` half-way, with objects left behind."""
    site = with_roles(storage)
    manifests = evaluate(site, RELEASE)
    allow(plane, "deployer", rights.role(plane, manifests))
    deployer = as_user(plane, "deployer", tmp_path)

    checks = {one.name: one for one in asked(site, RELEASE, deployer, manifests)}
    assert checks["rights"].level is Level.OK, checks["rights"]
    assert "all" in checks["rights"].detail, "asked one by one, since this user may not do everything"
    # Nobody makes the volume here; looking for the reason takes rights too.
    with pytest.raises(ArcosError, match="is not ready after"):
        apply(site.name, manifests, deployer, Progress(quiet=True), timeout=1)
    remove(site.name, deployer, Progress(quiet=True), delete_data=True)


def test_who_may_not_give_rights_on_is_told_before_anything_changes(
    plane: Kubectl, storage: str, tmp_path: Path
) -> None:
    """The API server lets nobody make a role with more than he has himself."""
    site = with_roles(storage)
    manifests = evaluate(site, RELEASE)
    everywhere, inside = rights.role(plane, manifests)
    rest = [rule for rule in everywhere["rules"] if rule["resources"] != ["secrets"]]
    looking = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]}
    allow(plane, "giver", [{**everywhere, "rules": [*rest, looking]}, inside])
    check = rights.check(as_user(plane, "giver", tmp_path), manifests)
    assert check.level is Level.FAIL
    assert "create secrets in database" in check.detail, "the seeder's role holds it"
    assert "./arcosctl preflight" in check.fix

    api = ["rbac.authorization.k8s.io"]
    giving = {"apiGroups": api, "resources": ["clusterroles", "roles"], "verbs": ["bind", "escalate"]}
    allow(plane, "giver", [{**everywhere, "rules": [*rest, looking, giving]}, inside])
    check = rights.check(as_user(plane, "giver", tmp_path), manifests)
    assert check.level is Level.OK, "or may give away anything"


def test_a_list_that_we_may_not_read_is_no_traceback(plane: Kubectl, tmp_path: Path) -> None:
    found = levels(existing(None, defaultStorageClass="x", gpu=["nvidia"]), as_user(plane, "visitor", tmp_path))
    assert found["cluster.capabilities.defaultStorageClass"].level is Level.WARN
    assert found["cluster.capabilities.gpu"].level is Level.WARN
    assert found["pod security"].level is Level.WARN


def test_up_stops_at_a_lie_before_it_changes_anything(plane: Kubectl, tmp_path: Path) -> None:
    assert plane.kubeconfig
    site = existing(plane.kubeconfig, defaultStorageClass="fast")
    value = site.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude={"name"})
    (tmp_path / "Pulumi.theirs.yaml").write_text(yaml.safe_dump({"config": {"arcos:site": value}}), encoding="utf-8")
    before = plane.objects("get", "namespaces")

    done = subprocess.run(
        [sys.executable, "-m", "arcos", "up", "theirs"],
        cwd=ROOT, env={**os.environ, "ARCOS_STACKS": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 1, done.stderr
    assert "there is no storage class fast" in done.stderr
    assert "cluster.capabilities.defaultStorageClass" in done.stderr
    assert "nothing was changed" in done.stderr
    assert {one["metadata"]["name"] for one in plane.objects("get", "namespaces")} == {
        one["metadata"]["name"] for one in before
    }


def test_up_says_what_nobody_can_see_and_goes_on(plane: Kubectl, capfd: pytest.CaptureFixture[str]) -> None:
    site = existing(None, gpu=["nvidia"])
    refuse(site, RELEASE, plane, evaluate(site, RELEASE), Progress())
    assert "no node offers a GPU of nvidia now" in capfd.readouterr().err


def test_a_cluster_two_minors_away_is_refused(plane: Kubectl) -> None:
    site = existing(None)
    other = RELEASE.model_copy(update={"kubernetes": "1.30"})
    with pytest.raises(ArcosError, match="not what the site file says") as refused:
        refuse(site, other, plane, evaluate(site, RELEASE), Progress(quiet=True))
    assert "release 2026.11 is for 1.30" in refused.value.why
