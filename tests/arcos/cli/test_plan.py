"""`./arcosctl plan`, on a plan that a pull request's job has made before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from arcos.cli.main import app
from arcos.errors import USAGE, ArcosError
from tests.arcos.engine.steps import preview, step

CLAIM = step("delete", "kubernetes:core/v1:PersistentVolumeClaim", "database/claim", protect=True)
MADE = step("create", "kubernetes:apps/v1:Deployment", "hub")


@pytest.fixture
def plan(tmp_path: Path) -> Any:
    def run(*steps: dict[str, Any], options: tuple[str, ...] = (), text: str = "") -> Result:
        file = tmp_path / "plan.json"
        whole = text or f"warning: something\n{json.dumps(preview(*steps))}"
        file.write_bytes(whole.encode(errors="surrogateescape"))
        return CliRunner().invoke(app, ["plan", "site", "--preview", str(file), *options])

    return run


def test_it_names_what_would_go_why_and_the_exact_way_to_allow_it(plan: Any) -> None:
    told = plan(MADE, CLAIM)

    assert told.exit_code == 1, "so that a pull request's job fails"
    assert "1 to make, 0 to change, 0 to replace, 1 to delete" in told.output
    assert "REFUSED: delete kubernetes:core/v1:PersistentVolumeClaim database/claim" in told.output
    assert f"pulumi state unprotect '{CLAIM['urn']}' -s site" in told.output


@pytest.mark.parametrize("named", ["database/claim", CLAIM["urn"]])
def test_what_somebody_allowed_passes(plan: Any, named: str) -> None:
    told = plan(CLAIM, options=("--allow", named))

    assert told.exit_code == 0
    assert "allowed: delete" in told.output, "it is still shown"


def test_a_harmless_plan_passes(plan: Any) -> None:
    assert plan(MADE).exit_code == 0


def test_scripts_get_json(plan: Any) -> None:
    told = plan(MADE, CLAIM, options=("--json",))
    report = json.loads(told.output)

    assert told.exit_code == 1
    assert report["refused"] is True
    assert report["counts"] == {"make": 1, "change": 0, "replace": 0, "delete": 1}
    assert [one["urn"] for one in report["dangers"]] == [CLAIM["urn"]]


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("no plan", ()),
        ("", ("--allow", "databse/claim")),
        ('{"steps": null}', ()),
        ('{"steps": [{"op": "delete"}]}', ()),
        ('{"steps": [{"op": "delete", "urn": "urn:pulumi:site::arcos::a:b:C::d"}]}', ()),
        ("\udcff", ()),
    ],
)
def test_what_cannot_be_meant_is_an_error_and_no_yes(plan: Any, text: str, options: tuple[str, ...]) -> None:
    told = plan(CLAIM, text=text, options=options)

    assert isinstance(told.exception, ArcosError)
    assert told.exception.exit_code == USAGE


def test_the_plan_of_another_site_is_no_answer_for_this_one(plan: Any) -> None:
    """The commands that it suggests would unprotect things of a site that nobody looked at."""
    other = json.dumps(preview(CLAIM)).replace("urn:pulumi:site::", "urn:pulumi:aws-sydney::")
    told = plan(text=other)
    assert isinstance(told.exception, ArcosError)
    assert told.exception.what == "that is the plan of site 'aws-sydney', not of 'site'"
