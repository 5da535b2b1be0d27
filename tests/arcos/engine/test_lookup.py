"""What a cloud's answers say of a thing that nobody heard of."""

from __future__ import annotations

from arcos.engine.lookup import deleted


def test_what_aws_has_deleted_and_still_lists_is_told_from_what_is_there() -> None:
    key, gateway = "aws:kms/key:Key", "aws:ec2/natGateway:NatGateway"

    assert deleted(key, {"keyState": "PendingDeletion"}), "for a month after the site was taken down"
    assert not deleted(key, {"keyState": "Enabled"})
    assert [deleted(gateway, answer) for answer in ({"state": "deleted"}, None, {"state": "pending"})] == [
        True, True, False
    ]  # fmt: skip
