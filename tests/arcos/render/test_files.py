"""A rendered folder is exactly what the site says: no more, no less, and never somebody else's."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from arcos.errors import USAGE, ArcosError
from arcos.render import files
from arcos.render.files import MARKER, file_name, render_sites, write


def _config(name: str, namespace: str | None = "x", value: str = "1") -> dict[str, object]:
    meta = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"a": value}}


def _tree(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_one_object_a_file_by_namespace_kind_and_name(tmp_path):
    out = tmp_path / "out"
    write([_config("a"), _config("b", None)], out)
    assert _tree(out) == [MARKER, "_cluster/configmap-b.yaml", "x/configmap-a.yaml"]
    assert yaml.safe_load((out / "x/configmap-a.yaml").read_text()) == _config("a")


def test_the_files_come_back_in_the_order_to_apply(tmp_path):
    order = [_config("b"), _config("a"), _config("c", None)]
    assert write(order, tmp_path / "out") == [tmp_path / "out" / file_name(manifest) for manifest in order]


def test_what_is_not_rendered_any_more_goes_and_so_do_empty_folders(tmp_path):
    out = tmp_path / "out"
    write([_config("a"), _config("b", "y")], out)
    write([_config("a")], out)
    assert _tree(out) == [MARKER, "x/configmap-a.yaml"]
    assert not (out / "y").exists()


def test_a_second_render_touches_nothing(tmp_path):
    out = tmp_path / "out"
    write([_config("a")], out)
    before = (out / "x/configmap-a.yaml").stat().st_mtime_ns
    write([_config("a")], out)
    assert (out / "x/configmap-a.yaml").stat().st_mtime_ns == before, "build tools look at the time"


def test_a_changed_object_is_written(tmp_path):
    out = tmp_path / "out"
    write([_config("a")], out)
    write([_config("a", value="2")], out)
    assert yaml.safe_load((out / "x/configmap-a.yaml").read_text())["data"] == {"a": "2"}


def test_a_folder_with_other_peoples_files_is_refused_and_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ArcosError) as caught:
        write([_config("a")], tmp_path)
    assert caught.value.exit_code == USAGE
    assert caught.value.fix
    assert _tree(tmp_path) == ["thesis.txt"]


def test_a_render_that_died_half_way_is_finished_by_the_next(tmp_path, monkeypatch):
    out = tmp_path / "out"
    whole, put, calls = [_config("a"), _config("b"), _config("c")], files._put, []

    def dies(path: Path, text: str) -> None:
        calls.append(path)
        if len(calls) == 3:
            (path.parent / ".half.tmp").write_text("half")
            raise KeyboardInterrupt
        put(path, text)

    monkeypatch.setattr(files, "_put", dies)
    with pytest.raises(KeyboardInterrupt):
        write(whole, out)
    monkeypatch.undo()
    write(whole, out)
    assert _tree(out) == [MARKER, "x/configmap-a.yaml", "x/configmap-b.yaml", "x/configmap-c.yaml"]


def test_two_objects_never_share_a_file(tmp_path):
    with pytest.raises(ArcosError, match="two objects want the file"):
        write([_config("a"), _config("a", value="2")], tmp_path / "out")


def test_a_colon_in_a_name_is_kept_out_of_file_names():
    role = {"kind": "ClusterRole", "metadata": {"name": "system:coredns"}}
    assert file_name(role) == "_cluster/clusterrole-system_coredns.yaml"


def test_sites_side_by_side_give_the_same_as_one_by_one(tmp_path):
    names = ["local", "hpc-perth", "nectar-qld", "aws-sydney"]
    counts = render_sites(names, tmp_path / "many", jobs=2)
    assert list(counts) == names
    for name in names:
        render_sites([name], tmp_path / "one", jobs=1)
        assert _tree(tmp_path / "many" / name) == _tree(tmp_path / "one" / name)
        for file in _tree(tmp_path / "one" / name):
            assert (tmp_path / "many" / name / file).read_bytes() == (tmp_path / "one" / name / file).read_bytes()


def test_a_site_that_fails_in_another_process_fails_with_its_whole_error(tmp_path):
    names = ["local", "hpc-perth", "no-such-site", "nectar-qld"]
    with pytest.raises(ArcosError) as caught:
        render_sites(names, tmp_path, jobs=2)
    assert "no-such-site" in str(caught.value)
    assert caught.value.exit_code == USAGE
    assert (tmp_path / "nectar-qld" / MARKER).exists(), "the other sites are rendered all the same"
