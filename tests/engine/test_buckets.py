"""A site's buckets in a cloud: what is in one stays, whoever takes the site down, and its settings with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.cloud.account import Resource
from tests.engine.conftest import ENGINE, need
from tests.engine.half import Half, make_half

pytestmark = pytest.mark.engine

BUCKET = "arcos-aws-eks-lab"
OBJECT = Resource(f"{BUCKET}/thesis.pdf", "aws:s3/bucketObjectv2:BucketObjectv2", {"bucket": BUCKET})


@pytest.fixture
def half(tmp_path: Path, schemas: Path) -> Half:
    need(*ENGINE)
    made = make_half(tmp_path, "aws-eks", schemas)
    made.up()
    return made


def settings(half: Half) -> set[str]:
    """What the bucket has of its own."""
    held = half.account.resources()
    return {one.type.rpartition(":")[2] for one in held if one.properties.get("bucket") == BUCKET} - {"BucketObjectv2"}


def test_a_bucket_with_something_in_it_stays_as_it_is_when_the_site_is_taken_down(half: Half) -> None:
    with half.account.change() as held:
        held.append(OBJECT)
    whole = settings(half)
    assert len(whole) == 5, f"with its versions, its lifecycle, and closed to the world: {whole}"

    half.project.pulumi("destroy", "--yes", "--skip-preview", "--exclude-protected")
    assert settings(half) == whole, "the first step of taking a site down leaves it alone"
    half.project.pulumi("state", "unprotect", "--all", "--yes")
    said = half.project.pulumi("destroy", "--yes", "--skip-preview", ok=False)

    assert "BucketNotEmpty" in said, "AWS's own word: docs/clouds/aws.md says how a bucket is emptied"
    assert settings(half) == whole, "nothing of it is opened or left to lose its versions on the way"
    with half.account.change() as held:
        held[:] = [one for one in held if one.id != OBJECT.id]
    half.project.pulumi("destroy", "--yes", "--skip-preview")
    assert not half.ours


def test_a_name_that_somebody_else_has_is_said_in_awss_own_words(half: Half) -> None:
    half.project.destroy()
    with half.cloud.account("aws", "somebody-else").change() as held:
        held.append(Resource(BUCKET, "aws:s3/bucket:Bucket", {"bucket": BUCKET}))

    assert "BucketAlreadyExists" in half.up(ok=False)
    # Those that were made are protected, and empty.
    half.project.destroy()
    half.change(lambda config: config["arcos:site"]["apps"]["objectstore"]["binding"].update(prefix="arcos-ours-"))
    half.up()
    assert half.unchanged()
