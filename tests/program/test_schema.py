"""Every object of every site fits the API's strict schema, on the release's Kubernetes minor and the two before it."""

from __future__ import annotations

import functools
import json

import kubernetes_validate
import pytest
from kubernetes_validate import utils

from arcos.site.release import load_release, release_names

NEWEST = load_release(release_names()[-1]).kubernetes
MINORS = [f"1.{int(NEWEST.partition('.')[2]) - back}" for back in range(3)]


@pytest.fixture(autouse=True)
def _read_each_schema_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package reads megabytes of definitions again for every object."""
    monkeypatch.setattr(utils, "schema_contents", functools.cache(utils.schema_contents))


@pytest.mark.parametrize("minor", MINORS)
def test_every_object_fits_the_strict_schema(minor, objects):
    different = {json.dumps(manifest, sort_keys=True): where for where, manifest in objects}
    for text, where in different.items():
        try:
            used = kubernetes_validate.validate(json.loads(text), minor, strict=True)
        except kubernetes_validate.ValidationError as error:
            pytest.fail(f"{where}: {error.message} at {list(error.path)}")
        assert used == minor, "the package takes an older schema when it lacks one"


@pytest.mark.parametrize("minor", MINORS)
def test_the_check_notices_a_misspelt_field(minor):
    wrong = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "x"}, "dta": {}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, minor, strict=True)
