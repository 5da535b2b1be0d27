"""A release pins versions and digests; what is not locked yet is shown as that and cannot run."""

from __future__ import annotations

from pathlib import Path

import pytest

from arcos.errors import USAGE, ArcosError
from arcos.site.diagnostics import SiteErrors
from arcos.site.release import UNRESOLVED, load_release, release_names

TEXT = """\
kubernetes: "1.37"
supported: {from: 2026-11-01, until: 2027-12-31}
images:
  pause:
    version: "1.0"
    digest: sha256:%s
  welcome: {version: "0.1.0", digest: null}
""" % ("ab" * 32)


@pytest.fixture
def releases(tmp_path: Path) -> Path:
    (tmp_path / "2026.11.yaml").write_text(TEXT)
    return tmp_path


def test_a_reference_is_by_digest(releases: Path) -> None:
    release = load_release("2026.11", releases)
    assert release.image("r.example.org/arcos", "pause") == f"r.example.org/arcos/pause:1.0@sha256:{'ab' * 32}"


def test_an_unresolved_digest_is_shown_and_cannot_run(releases: Path) -> None:
    release = load_release("2026.11", releases)
    assert release.image("r", "welcome") == f"r/welcome:0.1.0@{UNRESOLVED}", "never a tag alone"
    assert release.unresolved() == ("welcome",)


def test_an_image_that_is_not_in_the_release(releases: Path) -> None:
    with pytest.raises(ArcosError, match="has no image `nginx`") as raised:
        load_release("2026.11", releases).image("r", "nginx")
    assert "pause, welcome" in raised.value.why


def test_a_release_that_does_not_exist(releases: Path) -> None:
    with pytest.raises(ArcosError, match=r"no release `2026\.12`") as raised:
        load_release("2026.12", releases)
    assert raised.value.exit_code == USAGE
    assert "2026.11" in raised.value.fix


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("sha256:", "sha512:", 6, "`digest` is not spelled"),
        ("  pause:", "  Pause:", 4, "`Pause` is not a DNS label"),
        ('version: "0.1.0"', "version: 0.1", 7, "`version` is a number with a fraction"),
        ('version: "0.1.0"', "versoin: x", 7, "unknown key `versoin`"),
        ("supported:", "name: x\nsupported:", 2, "unknown key `name`"),
        ("2027-12-31", "2026-10-31", 2, "`until` is before `from`"),
    ],
)
def test_mistakes_have_their_place(old: str, new: str, line: int, what: str, releases: Path) -> None:
    (releases / "2026.11.yaml").write_text(TEXT.replace(old, new))
    with pytest.raises(SiteErrors) as raised:
        load_release("2026.11", releases)
    (finding,) = raised.value.findings
    assert finding.line == line
    assert what in finding.what


def test_every_release_of_the_checkout_loads() -> None:
    for name in release_names():
        release = load_release(name)
        assert release.supported.first < release.supported.until
        assert {"pause", "coredns", "traefik", "welcome", "seeder"} <= set(release.images)
