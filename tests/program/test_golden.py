"""What every site is, on paper. A difference here is the change a pull request makes at that site.

`ARCOS_UPDATE_GOLDEN=1 ./arcosctl test fast -k golden` writes the files anew; then read the difference. Digests
are stand-ins, so that a rebuilt image alone changes nothing here.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from arcos.render.yaml_text import dump
from arcos.site.loader import site_names

GOLDEN = Path(__file__).parent / "golden"
#: What no site of ours turns on, by the unusual site that does: only the objects with that in their name.
PARTS = {
    "grafana": ("grafana", "grafana"),
    "cluster-autoscaler": ("names-and-machines-on-aws", "cluster-autoscaler"),
    "dns-aws": ("names-and-machines-on-aws", "dns"),
    "dns-designate": ("names-on-openstack", "dns"),
    "dns-rfc2136": ("names-on-ones-own", "dns"),
}


@pytest.mark.parametrize("site", site_names())
def test_site_is_rendered_as_in_its_golden_file(site, rendered):
    same(dump(rendered[site]), GOLDEN / f"{site}.yaml")


@pytest.mark.parametrize("part", PARTS)
def test_what_no_site_turns_on_is_rendered_as_in_its_golden_file(part, rendered):
    site, name = PARTS[part]
    own = [m for m in rendered[site] if name in m["metadata"]["labels"]["app.kubernetes.io/name"]]
    same(dump(own), GOLDEN / "parts" / f"{part}.yaml")


def same(text, file):
    if os.environ.get("ARCOS_UPDATE_GOLDEN"):
        file.write_text(text, encoding="utf-8")
    assert file.exists(), f"no golden file {file.name}: ARCOS_UPDATE_GOLDEN=1 ./arcosctl test fast -k golden"
    assert text == file.read_text(encoding="utf-8"), (
        "the manifests changed; if meant so: ARCOS_UPDATE_GOLDEN=1 ./arcosctl test fast -k golden"
    )


def test_no_golden_file_is_left_of_a_site_that_is_gone():
    assert {file.stem for file in GOLDEN.glob("*.yaml")} == set(site_names())
    assert {file.stem for file in (GOLDEN / "parts").glob("*.yaml")} == set(PARTS)
