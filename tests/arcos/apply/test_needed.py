"""Secrets that only the operator can make are asked for before anything changes, with the command for it."""

from __future__ import annotations

import pytest

from arcos.apply import needed
from arcos.errors import USAGE, ArcosError
from arcos.render.evaluate import evaluate
from arcos.site.loader import load_site


class Cluster:
    """Answers only the question which secrets there are."""

    def __init__(self, *there: str) -> None:
        self.there = there

    def run(self, *arguments: str) -> str:
        assert arguments[:2] == ("get", "secrets"), "no other question may be asked, and nothing changed"
        return "\n".join(self.there)


def test_a_named_certificate_that_is_missing_stops_up_with_the_exact_command() -> None:
    manifests = evaluate(load_site("hpc-perth"))

    with pytest.raises(ArcosError) as raised:
        needed.require("hpc-perth", manifests, Cluster("default other"))  # type: ignore[arg-type]

    assert raised.value.exit_code == USAGE
    assert "ingress/hpc-wildcard" in raised.value.where
    assert "create secret tls hpc-wildcard -n ingress --cert=FILE --key=FILE" in raised.value.fix
    assert "create namespace ingress" in raised.value.fix, "the namespace may not exist before the first up"


def test_a_certificate_that_is_there_is_not_asked_for() -> None:
    manifests = evaluate(load_site("hpc-perth"))

    made = ["ingress   hpc-wildcard", "objectstore   bucket-shared-data", "objectstore   bucket-scratch"]
    there = "\n".join([*made, "database   bucket-database-backup", "registry   bucket-registry"])
    needed.require("hpc-perth", manifests, Cluster(there))  # type: ignore[arg-type]


def test_what_the_seeder_makes_is_nobodys_task() -> None:
    manifests = evaluate(load_site("local"))

    assert needed.secrets_needed(manifests) == set(), "the local certificate is made by a Job of the same render"
