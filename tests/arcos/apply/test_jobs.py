"""A job that a person asks for: made from the CronJob's template, and told apart from what the site does by itself."""

from __future__ import annotations

from datetime import UTC, datetime

from arcos.apply.jobs import by_hand, job_from

CRON_JOB = {
    "metadata": {"name": "dump", "namespace": "db", "labels": {"app.kubernetes.io/part-of": "arcos"}},
    "spec": {"jobTemplate": {"spec": {"backoffLimit": 2, "template": {"spec": {"containers": [{"name": "dump"}]}}}}},
}
NOW = datetime(2026, 11, 24, 2, 3, 4, tzinfo=UTC)


def test_it_is_tried_once_with_the_words_of_the_person():
    job = job_from(CRON_JOB, ["restore", "auth"], NOW)
    assert job["metadata"]["name"] == "dump-20261124-020304"
    assert job["spec"]["backoffLimit"] == 0, "who asked sees at once that it failed"
    assert job["spec"]["template"]["spec"]["containers"][0]["args"] == ["restore", "auth"]
    assert "args" not in CRON_JOB["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]


def test_it_says_nothing_of_how_the_site_is():
    assert by_hand(job_from(CRON_JOB, [], NOW)), "a restore that was refused must not make `status` red for a week"
    assert not by_hand({"metadata": {"name": "dump-29012345"}}), "a nightly dump that failed does"
