"""What cannot be read as text is one finding that says why."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from arcos.site.diagnostics import Finding
from arcos.site.files import MAX_SIZE, read_text
from arcos.site.loader import check_sites

Check = Callable[[str | bytes], list[Finding]]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16(encoding: str, check: Check, good: str) -> None:
    (finding,) = check(good.encode(encoding))
    assert finding.what == "is UTF-16"
    assert finding.hint.startswith("iconv"), "the way out is a command"


def test_byte_order_mark(check: Check, good: str) -> None:
    (finding,) = check(b"\xef\xbb\xbf" + good.encode())
    assert (finding.line, finding.column, finding.what) == (1, 1, "holds a byte order mark (BOM)")


def test_not_utf_8_is_found_at_its_byte(check: Check, good: str) -> None:
    (finding,) = check(good.replace("A site", "Gr\u00fc\u00dfe \u00df").encode().replace(b"\xc3\x9f\n", b"\xdf\n"))
    assert (finding.line, finding.column, finding.what) == (3, 18, "byte 0xdf is not UTF-8")


def test_nul_bytes(check: Check, good: str) -> None:
    (finding,) = check(good.encode() + b"\x00")
    assert (finding.line, finding.what) == (18, "holds a NUL byte")


def test_over_one_mebibyte(check: Check, good: str) -> None:
    filled = good + "#" * (MAX_SIZE - len(good))
    assert check(filled) == [], "1 MiB itself is taken"
    (finding,) = check(filled + "#")
    assert finding.what == "is larger than 1 MiB"


def test_symbolic_link_out_of_the_folder(stacks: Path, good: str, tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text(good)
    (stacks / "Pulumi.a.yaml").symlink_to(outside)
    (finding,) = check_sites(["a"], stacks)
    assert "symbolic link out of" in finding.what


def test_symbolic_link_through_a_folder_out_of_the_folder(stacks: Path, good: str, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "b.yaml").write_text(good)
    (stacks / "sub").symlink_to(tmp_path / "elsewhere")
    (stacks / "Pulumi.a.yaml").symlink_to("sub/b.yaml")
    assert "symbolic link out of" in check_sites(["a"], stacks)[0].what


def test_symbolic_link_inside_the_folder_is_read(stacks: Path, good: str) -> None:
    (stacks / "real.yaml").write_text(good)
    (stacks / "Pulumi.a.yaml").symlink_to("real.yaml")
    assert check_sites(["a"], stacks) == []


@pytest.mark.parametrize("target", ["Pulumi.a.yaml", "missing", "/dev/zero", "/proc/self/mem"])
def test_links_that_lead_nowhere_good(target: str, stacks: Path) -> None:
    (stacks / "Pulumi.a.yaml").symlink_to(target)
    (finding,) = check_sites(["a"], stacks)
    assert "cannot be read" in finding.what or "symbolic link out of" in finding.what


def test_a_folder_in_place_of_a_file(stacks: Path) -> None:
    (stacks / "Pulumi.a.yaml").mkdir()
    (finding,) = check_sites(["a"], stacks)
    assert finding.what == "cannot be read: Is a directory"


def test_a_named_pipe_does_not_hang(stacks: Path) -> None:
    os.mkfifo(stacks / "Pulumi.a.yaml")
    (finding,) = check_sites(["a"], stacks)
    assert finding.what == "is not a regular file"


@pytest.fixture
def nobody() -> Iterator[None]:
    """Root may read everything, so root becomes somebody else."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    yield
    os.seteuid(user)


def test_a_file_that_may_not_be_read(stacks: Path, good: str, request: pytest.FixtureRequest) -> None:
    file = stacks / "Pulumi.a.yaml"
    file.write_text(good)
    file.chmod(0)
    request.getfixturevalue("nobody")
    _, finding = read_text(file, stacks)
    assert finding
    assert finding.what == "cannot be read: Permission denied"
    assert finding.hint.startswith("ls -l "), "the next command"


def test_a_folder_that_may_not_be_read(stacks: Path, good: str, request: pytest.FixtureRequest) -> None:
    (stacks / "Pulumi.a.yaml").write_text(good)
    stacks.chmod(0)
    request.getfixturevalue("nobody")
    (finding,) = check_sites(["a"], stacks)
    assert finding.what == "cannot be read: Permission denied"


def test_a_name_that_the_system_refuses() -> None:
    _, finding = read_text(Path("/tmp/a\x00b"), Path("/tmp"))
    assert finding
    assert "cannot be read" in finding.what
