"""The order of questions: the release, the kind's own module, then the cluster where there is one."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from arcos.apply.kubectl import Kubectl
from arcos.checks import Level
from arcos.errors import ArcosError, NotYetError
from arcos.preflight.examine import examine
from arcos.site.loader import load_site
from arcos.site.release import load_release

SITE = load_site("hpc-perth")
UNTIL = load_release(SITE.release).supported.until


def nowhere() -> Kubectl:
    raise NotYetError("no cluster yet", fix="pulumi up")


@pytest.mark.parametrize(
    ("day", "level"),
    [(UNTIL - timedelta(200), Level.OK), (UNTIL, Level.WARN), (UNTIL + timedelta(1), Level.FAIL)],
)
def test_the_release_is_the_first_question(day: date, level: Level) -> None:
    first = examine(SITE, nowhere, today=day)[0]
    assert (first.name, first.level) == ("release", level)


def test_before_there_is_a_cluster_the_rest_is_asked_all_the_same() -> None:
    last = examine(SITE, nowhere)[-1]
    assert (last.name, last.level, last.fix) == ("cluster", Level.WARN, "pulumi up")


def test_a_cluster_that_does_not_answer_is_a_failure_with_its_address(tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(
        "apiVersion: v1\nkind: Config\ncurrent-context: a\n"
        "clusters: [{name: a, cluster: {server: 'http://127.0.0.1:9'}}]\n"
        "contexts: [{name: a, context: {cluster: a, user: a}}]\nusers: [{name: a, user: {token: t}}]\n"
    )
    last = examine(SITE, lambda: Kubectl(file))[-1]
    assert (last.name, last.level) == ("cluster", Level.FAIL)
    assert str(file) in last.detail


def test_what_should_lead_to_a_cluster_and_does_not_is_a_failure() -> None:
    """A script that goes on after exit code 0 must not go on here."""

    def broken() -> Kubectl:
        raise ArcosError("the kubeconfig cannot be read", where="cluster.kubeconfig", why="no such file", fix="a path")

    last = examine(SITE, broken)[-1]
    assert (last.name, last.level, last.fix) == ("cluster", Level.FAIL, "a path")
    assert last.detail == "the kubeconfig cannot be read: no such file (cluster.kubeconfig)"
