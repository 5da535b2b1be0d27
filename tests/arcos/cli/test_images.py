"""`arcosctl images` and `up` with an image that others build and nobody has asked for yet."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from arcos.cli.main import app
from arcos.errors import USAGE, ArcosError
from arcos.site.release import ImagePin, Release, load_release
from tests.program.conftest import pinned, unusual_site

DIGEST = f"sha256:{'a' * 64}"


def release(digest: str | None) -> Any:
    """What reads a release, with this digest of Grafana and some digest of all others."""

    def load(name: str, *_: object) -> Release:
        whole = pinned(load_release(name))
        return whole.model_copy(update={"images": whole.images | {"grafana": ImagePin(version="1.0.0", digest=digest)}})

    return load


@pytest.fixture
def unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arcos.site.release.load_release", release(None))
    monkeypatch.setattr("arcos.render.evaluate.load_release", release(None))


def arcosctl(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def refusal(*arguments: str) -> ArcosError:
    error = arcosctl(*arguments).exception
    assert isinstance(error, ArcosError)
    return error


def row(name: str) -> dict[str, str]:
    rows = json.loads(arcosctl("images", "list", "--json").stdout)
    return next(one for one in rows if one["name"] == name)


@pytest.mark.usefixtures("unasked")
def test_the_list_says_who_builds_an_image_and_that_it_is_unresolved() -> None:
    assert row("grafana")["digest"] == "unresolved"
    assert row("grafana")["from"].startswith("docker.io/grafana/grafana:")
    assert row("welcome")["from"] == "built here"


def test_the_list_shows_the_digest_once_it_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arcos.site.release.load_release", release(DIGEST))
    assert row("grafana")["digest"] == DIGEST


def test_an_image_of_others_says_where_it_is_from_and_which_field_asks_for_it() -> None:
    recipe = json.loads(arcosctl("images", "show", "grafana").stdout)["recipe"]
    assert recipe["kind"] == "upstream"
    assert recipe["field"] == "apps.monitoring.grafana"
    assert recipe["why"]


@pytest.mark.usefixtures("unasked")
@pytest.mark.parametrize(
    "command", [["build", "grafana"], ["push", "127.0.0.1:9/x", "grafana"]], ids=lambda one: one[0]
)
def test_what_nobody_asked_for_is_not_built_or_pushed(command: list[str]) -> None:
    error = refusal("images", *command)
    assert error.what == "image grafana has no digest yet"
    assert error.fix.startswith("./arcosctl images lock grafana")
    assert error.exit_code == USAGE


@pytest.mark.usefixtures("unasked")
def test_verification_fails_for_it_with_a_sentence() -> None:
    result = arcosctl("images", "verify", "grafana")
    assert result.exit_code == 1
    assert "grafana: release" in result.stdout
    assert "./arcosctl images lock grafana" in result.stdout


@pytest.mark.usefixtures("unasked")
@pytest.mark.parametrize("command", [["up"], ["images", "load"]], ids=" ".join)
def test_a_site_is_refused_before_anything_changes_and_both_fields_are_named(
    command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arcos.site.loader.load_site", lambda _: unusual_site("grafana"))
    # Whoever reaches for the cluster fails: there is none.
    error = refusal(*command, "grafana")
    assert "grafana:1.0.0@unresolved" in error.what
    assert "releases/2026.11.yaml: images.grafana.digest" in error.where
    assert "apps.monitoring.grafana in stacks/Pulumi.grafana.yaml" in error.where
    assert error.fix == "./arcosctl images lock grafana"
    assert error.exit_code == USAGE


@pytest.mark.usefixtures("unasked")
def test_what_is_rendered_shows_it_as_unresolved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arcos.site.loader.load_site", lambda _: unusual_site("grafana"))
    rendered = arcosctl("render", "grafana").stdout
    assert "image: registry.hpc.example.com/arcos/grafana:1.0.0@unresolved" in rendered
