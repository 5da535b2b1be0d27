"""Push delivery: plain `pulumi` on the same program, the same cluster, and the same objects.

In the order of a site's life: it comes up, is looked at, and goes.
"""

from __future__ import annotations

import json

import pytest

from arcos.render.evaluate import evaluate
from arcos.site.loader import load_site
from tests.engine.project import Project, identify

pytestmark = pytest.mark.engine


def rendered(project: Project) -> dict[str, dict[str, object]]:
    """By the copy's own site file: its ports stand in some objects."""
    return {identify(manifest): manifest for manifest in evaluate(load_site("local", project.folder / "stacks"))}


def test_a_killed_up_converges_on_a_plain_retry(deployed: Project) -> None:
    assert sorted(deployed.inputs()) == sorted(rendered(deployed)), "it must complete the site, nothing twice"


def test_the_engine_holds_exactly_the_objects_that_render_writes(deployed: Project) -> None:
    held = {name: {k: v for k, v in value.items() if k != "__defaults"} for name, value in deployed.inputs().items()}

    wanted = rendered(deployed)
    for name, manifest in wanted.items():
        assert held[name] == manifest, f"{name}: what the engine sends differs from what render writes"


def test_the_cluster_ends_up_the_same_whichever_delivery_made_it(deployed: Project) -> None:
    changes = json.loads(deployed.arcosctl("diff", "local", "--json"))

    different = [change for change in changes if change["action"] in ("create", "delete")]
    assert not different, "after `pulumi up`, `arcosctl diff` must miss and find no object"


def test_a_second_up_changes_nothing(deployed: Project) -> None:
    output = deployed.pulumi("preview", "--expect-no-changes")

    assert "unchanged" in output, "an unchanged site must be an empty plan"


def test_preview_shows_a_changed_field_and_changes_nothing(deployed: Project) -> None:
    before = deployed.inputs()
    site_file = deployed.folder / "stacks" / "Pulumi.local.yaml"
    original = site_file.read_text(encoding="utf-8")
    site_file.write_text(original.replace("title: ARCOS on this machine", "title: Another title"), encoding="utf-8")
    try:
        output = deployed.pulumi("preview", "--diff")
    finally:
        site_file.write_text(original, encoding="utf-8")

    assert "Another title" in output, "the preview must show the reviewer what changes"
    assert deployed.inputs() == before, "a preview must not change the state"


def test_a_typo_in_the_site_file_is_a_clear_error_without_a_traceback(deployed: Project) -> None:
    site_file = deployed.folder / "stacks" / "Pulumi.local.yaml"
    original = site_file.read_text(encoding="utf-8")
    site_file.write_text(original.replace("    title:", "    tilte:"), encoding="utf-8")
    try:
        output = deployed.pulumi("preview", ok=False)
    finally:
        site_file.write_text(original, encoding="utf-8")

    assert "Pulumi.local.yaml:5:5" in output, "the error must name file, line and column"
    assert "title" in output, "the error must name the nearest right spelling"
    assert "Traceback" not in output, "a user's mistake is no traceback"


def test_the_state_holds_no_private_key(deployed: Project) -> None:
    state = deployed.pulumi("stack", "export", "--show-secrets")

    assert "PRIVATE KEY" not in state, "no key may reach Pulumi's state"
    assert "client-key-data" not in state, "nor may the kubeconfig's"


def test_destroy_leaves_no_object_of_ours_behind(project: Project) -> None:
    project.destroy()

    left = project.arcosctl(
        "kubectl", "local", "--", "get",
        "all,networkpolicies,configmaps,namespaces,clusterroles,storageclasses",
        "--all-namespaces", "--selector=app.kubernetes.io/part-of=arcos", "--output=name",
    )  # fmt: skip
    assert left.strip() in ("", "No resources found"), "destroy must remove all that up made"
