"""Progress: plain lines in a log, whichever steps run at once."""

from __future__ import annotations

import pytest

from arcos.progress import Progress


def test_a_log_has_a_line_for_the_beginning_and_the_end_of_each_step(capsys: pytest.CaptureFixture[str]):
    progress = Progress()
    with progress.step("outer [1]") as outer, progress.step("inner"):
        outer.note("half done")
    said = [line.partition(" (")[0] for line in capsys.readouterr().err.splitlines()]

    assert said == ["  .. outer [1]", "  .. inner", "  .. outer [1]: half done", "  ok inner", "  ok outer [1]"]
    assert set(progress.times) == {"outer [1]", "inner"}, "each has its own time"


def test_a_step_that_fails_says_so_and_is_not_among_those_that_were_done(capsys: pytest.CaptureFixture[str]):
    progress = Progress()
    with pytest.raises(OSError, match="full"), progress.step("write"):
        raise OSError("full")

    assert "  xx write (after" in capsys.readouterr().err
    assert progress.times == {}


def test_two_steps_at_once_share_the_one_spinner_of_a_terminal(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    progress = Progress()

    with progress.step("one"):
        with progress.step("two"):
            assert progress._status is not None
            assert "one; two" in str(progress._status.status)
        assert str(progress._status.status) == "one", "the one that is left"
    assert progress._status is None, "no spinner is left on the terminal"
