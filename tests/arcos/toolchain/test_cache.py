"""A folder in the cache is there whole or not at all, whoever makes it and whoever dies."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from arcos.errors import ArcosError
from arcos.toolchain.cache import made_once


def _fill(into: Path) -> None:
    (into / "program").write_text("built")


def _count_and_fill(log: Path, folder: Path) -> None:
    def make(into: Path) -> None:
        with log.open("a") as file:
            file.write("made\n")
        time.sleep(0.2)
        _fill(into)

    made_once(folder, make)


def _start_and_hang(folder: Path) -> None:
    def make(into: Path) -> None:
        _fill(into)
        (folder.parent / "started").touch()
        time.sleep(60)

    made_once(folder, make)


def test_a_folder_is_made_the_first_time_only(tmp_path: Path) -> None:
    for _ in range(2):
        made_once(tmp_path / "one", _fill if not (tmp_path / "one").exists() else _never)
    assert (tmp_path / "one" / "program").read_text() == "built"


def _never(into: Path) -> None:
    raise AssertionError(f"{into} was made again")


def test_a_failure_leaves_nothing_and_the_next_try_works(tmp_path: Path) -> None:
    def fail(into: Path) -> None:
        (into / "half").touch()
        raise ArcosError("no network")

    with pytest.raises(ArcosError, match="no network"):
        made_once(tmp_path / "one", fail)
    assert [path.name for path in tmp_path.iterdir()] == ["one.lock"], "a half-made folder stayed behind"
    assert made_once(tmp_path / "one", _fill).is_dir()


def test_two_makers_at_once_make_it_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    log = tmp_path / "log"
    makers = [context.Process(target=_count_and_fill, args=(log, tmp_path / "one")) for _ in range(3)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join(60)
    assert [maker.exitcode for maker in makers] == [0, 0, 0]
    assert log.read_text() == "made\n", "the others should have waited for the first"


def test_what_a_killed_maker_left_is_cleared_away(tmp_path: Path) -> None:
    maker = multiprocessing.get_context("spawn").Process(target=_start_and_hang, args=(tmp_path / "one",))
    maker.start()
    while not (tmp_path / "started").exists():
        time.sleep(0.01)
    os.kill(maker.pid or 0, signal.SIGKILL)
    maker.join(10)
    assert not (tmp_path / "one").exists()
    made_once(tmp_path / "one", _fill)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "one.lock", "started"]


def test_a_cache_that_cannot_be_written_is_one_sentence_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ArcosError) as caught:
        made_once(tmp_path / "file" / "one", _fill)
    assert caught.value.what == "the cache cannot be written"
    assert "ARCOS_HOME" in caught.value.fix
