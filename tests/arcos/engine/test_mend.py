"""What a run that was cut short has made is told from what the state knows already."""

from __future__ import annotations

from arcos.engine.mend import held_ids


def test_a_cluster_that_is_called_as_an_alias_is_not_taken_for_it() -> None:
    held = held_ids([{"type": "aws:kms/alias:Alias", "id": "alias/arcos-sydney"}, {"type": "pulumi:pulumi:Stack"}])

    assert held == {"aws:kms/alias:Alias": {"arcos-sydney"}}, "nothing of the cluster's own type"
