"""Every object of every site fits the API's strict schema, on the release's Kubernetes minor and the two before it."""

from __future__ import annotations

import kubernetes_validate
import pytest

from arcos.site.release import load_release, release_names

NEWEST = load_release(release_names()[-1]).kubernetes
MINORS = [f"1.{int(NEWEST.partition('.')[2]) - back}" for back in range(3)]


@pytest.mark.parametrize("minor", MINORS)
def test_every_object_fits_the_strict_schema(minor, objects):
    for where, manifest in objects:
        try:
            kubernetes_validate.validate(manifest, minor, strict=True)
        except kubernetes_validate.ValidationError as error:
            pytest.fail(f"{where}: {error.message} at {list(error.path)}")


@pytest.mark.parametrize("minor", MINORS)
def test_the_check_notices_a_misspelt_field(minor):
    wrong = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "x"}, "dta": {}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, minor, strict=True)
