"""The same content gives the same bytes, and content that changed is noticed."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest

from arcos.images import oci
from arcos.images.oci import File, Layout


def layer(folder: Path, name: str, *, turned: bool = False) -> bytes:
    source = folder / f"{name}-source"
    source.write_bytes(b"program")
    os.utime(source, (hash(name) % 10**9, 5))
    files = {"/program": File(source, 0o755), "/etc/passwd": File(b"root"), "/licences/a/b/LICENSE": File(b"MIT")}
    oci.write_tar(dict(reversed(files.items())) if turned else files, folder / name)
    return (folder / name).read_bytes()


def test_a_layer_depends_on_content_only(tmp_path: Path) -> None:
    assert layer(tmp_path, "one") == layer(tmp_path, "two", turned=True)


def test_a_layer_has_every_folder_before_what_is_in_it_and_all_belongs_to_root(tmp_path: Path) -> None:
    layer(tmp_path, "one")
    with tarfile.open(tmp_path / "one") as tar:
        entries = {entry.name: entry for entry in tar}
    assert list(entries) == [
        "etc",
        "etc/passwd",
        "licences",
        "licences/a",
        "licences/a/b",
        "licences/a/b/LICENSE",
        "program",
    ]
    assert {(entry.uid, entry.gid, entry.mtime, entry.uname) for entry in entries.values()} == {(0, 0, 0, "")}
    assert entries["program"].mode == 0o755
    assert entries["etc"].isdir()


def test_json_has_one_form() -> None:
    assert oci.canonical({"b": 1, "a": "ü"}) == '{"a":"ü","b":1}'.encode()


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path / "layout")
    config = made.add(oci.CONFIG, b"{}")
    (tmp_path / "layer").write_bytes(b"bytes of a layer")
    content = made.add(oci.LAYER, tmp_path / "layer")
    made.finish({"schemaVersion": 2, "config": config.descriptor(), "layers": [content.descriptor()]})
    return made


def test_a_layout_gives_back_what_was_put_in(layout: Layout) -> None:
    assert [blob.media_type for blob in layout.blobs()] == [oci.MANIFEST, oci.CONFIG, oci.LAYER]
    assert layout.blob(layout.blobs()[2].digest).read_bytes() == b"bytes of a layer"
    assert layout.damaged() == ()


@pytest.mark.parametrize("damage", [b"", b"other of a layer"])
def test_damage_is_noticed(layout: Layout, damage: bytes) -> None:
    digest = layout.blobs()[2].digest
    layout.blob(digest).write_bytes(damage)
    assert layout.damaged() == (digest,)
    layout.blob(digest).unlink()
    assert layout.damaged() == (digest,)
