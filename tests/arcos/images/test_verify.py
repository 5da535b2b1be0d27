"""Verification says in one sentence each where an image and the release differ."""

from __future__ import annotations

from pathlib import Path

import pytest

from arcos.images.build import BuiltImage
from arcos.images.catalogue import find
from arcos.images.verify import Verdict, against_release
from arcos.site.release import ImagePin, Release, load_release, release_names

BUILT = BuiltImage("pause", "1.0.0", f"sha256:{'a' * 64}", 1, Path(), "", Path())


def release(pin: ImagePin | None) -> Release:
    return load_release(release_names()[-1]).model_copy(update={"images": {"pause": pin} if pin else {}})


@pytest.mark.parametrize(
    ("pin", "says"),
    [
        (None, "does not have it"),
        (ImagePin(version="1.0.0"), "no digest for it yet: ./arcosctl images lock pause"),
        (ImagePin(version="0.9.0", digest=BUILT.digest), "has version 0.9.0"),
        (ImagePin(version="1.0.0", digest=f"sha256:{'b' * 64}"), "built here is sha256:aaa"),
    ],
)
def test_each_difference_is_said(pin: ImagePin | None, says: str) -> None:
    assert says in against_release(find("pause"), BUILT.digest, release(pin))[0]


def test_no_difference_is_a_good_verdict() -> None:
    pin = ImagePin(version="1.0.0", digest=BUILT.digest)
    problems = against_release(find("pause"), BUILT.digest, release(pin))
    assert Verdict("pause", "1.0.0", BUILT.digest, problems).good
