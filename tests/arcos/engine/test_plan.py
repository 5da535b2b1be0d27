"""What a plan would do, from what the engine prints."""

from __future__ import annotations

from arcos.engine.plan import counted, read
from tests.arcos.engine.steps import preview, step

BUCKET = "aws:s3/bucket:Bucket"


def test_a_plan_is_what_is_made_changed_replaced_and_deleted() -> None:
    steps = read(
        preview(
            step("create", BUCKET, "new"),
            step("import", BUCKET, "taken-in"),
            step("update", BUCKET, "edited"),
            step("replace", BUCKET, "moved"),
            step("delete", BUCKET, "old"),
            step("same", BUCKET, "left-alone"),
            step("read", BUCKET, "looked-at"),
        )
    )

    assert [(one.name, one.action) for one in steps] == [
        ("new", "make"),
        ("taken-in", "make"),
        ("edited", "change"),
        ("moved", "replace"),
        ("old", "delete"),
    ]
    assert counted(steps) == {"make": 2, "change": 1, "replace": 1, "delete": 1}


def test_nobody_owns_a_component_or_a_provider() -> None:
    assert read(preview(step("create", "pulumi:providers:aws", "default"))) == []


def test_a_replacement_in_several_steps_is_one() -> None:
    whole = [step(op, BUCKET, "moved") for op in ("create-replacement", "replace", "delete-replaced")]
    assert [one.action for one in read(preview(*whole))] == ["replace"]


def test_what_waits_to_be_deleted_after_a_replacement_that_was_cut_short_is_deleted() -> None:
    steps = read(preview(step("update", BUCKET, "moved"), step("delete", BUCKET, "moved", delete=True)))
    assert [one.action for one in steps] == ["delete"], "the heaviest of its steps counts"


def test_why_something_differs_is_told() -> None:
    replaced = step("replace", BUCKET, "moved") | {"replaceReasons": ["bucket"], "diffReasons": ["bucket", "tags"]}
    assert read(preview(replaced))[0].reasons == ("bucket",)
