"""Locking changes versions and digests in a release file and nothing else."""

from __future__ import annotations

import pytest

from arcos.errors import ArcosError
from arcos.images.lock import Pin, edited
from arcos.paths import RELEASES

DIGEST = f"sha256:{'a' * 64}"
BEFORE = """\
# A release.
kubernetes: "1.37"
images:  # all of them
  pause:  # the first
    version: "1.0.0"  # a tag
    digest: null  # not yet
  # between
  welcome:
    version: '0.9'
    digest: sha256:bbbb
    platforms: [linux/amd64]

upstream:
  pause: {digest: null}
"""


def test_only_the_values_of_the_image_change() -> None:
    after = edited(BEFORE, {"welcome": Pin("1.0.0", DIGEST)}, "file")
    changed = [(old, new) for old, new in zip(BEFORE.splitlines(), after.splitlines(), strict=True) if old != new]
    assert changed == [
        ("    version: '0.9'", '    version: "1.0.0"'),
        ("    digest: sha256:bbbb", f"    digest: {DIGEST}"),
    ]


def test_comments_stay_where_they_are() -> None:
    after = edited(BEFORE, {"pause": Pin("1.0.1", DIGEST)}, "file")
    assert '    version: "1.0.1"  # a tag\n' in after
    assert f"    digest: {DIGEST}  # not yet\n" in after
    assert after.endswith("upstream:\n  pause: {digest: null}\n"), "another block is none of our business"


def test_an_image_that_the_release_lacks_is_added_to_the_block() -> None:
    after = edited(BEFORE, {"seeder": Pin("1.0.0", DIGEST)}, "file")
    entry = f'    platforms: [linux/amd64]\n  seeder:\n    version: "1.0.0"\n    digest: {DIGEST}\n'
    assert entry in after
    assert after.replace(entry, "    platforms: [linux/amd64]\n").split() == BEFORE.split()
    assert edited("images:\n", {"seeder": Pin("1.0.0", DIGEST)}, "file").startswith("images:\n  seeder:\n")


def test_locking_again_changes_nothing() -> None:
    after = edited(BEFORE, {"pause": Pin("1.0.0", DIGEST), "new": Pin("1.0.0", DIGEST)}, "file")
    assert edited(after, {"pause": Pin("1.0.0", DIGEST), "new": Pin("1.0.0", DIGEST)}, "file") == after


@pytest.mark.parametrize(
    "text", ["images:\n  pause: {version: '1', digest: null}\n", 'images:\n  "pause":\n    version: 1\n']
)
def test_an_entry_in_another_form_is_refused_instead_of_written_twice(text: str) -> None:
    with pytest.raises(ArcosError, match="entry of pause cannot be edited"):
        edited(text, {"pause": Pin("1.0.0", DIGEST)}, "file")


def test_a_file_without_images_is_refused() -> None:
    with pytest.raises(ArcosError, match="no block"):
        edited("kubernetes: '1.37'\n", {"pause": Pin("1.0.0", DIGEST)}, "file")


@pytest.mark.parametrize("file", sorted(RELEASES.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_release_can_be_edited(file: object) -> None:
    text = file.read_text()  # type: ignore[attr-defined]
    after = edited(text, {"pause": Pin("9.9.9", DIGEST)}, str(file))
    assert 'version: "9.9.9"' in after
    assert len(after.splitlines()) == len(text.splitlines())
