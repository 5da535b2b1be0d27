"""Running one of a site's jobs by hand: a Job made from a CronJob's template, waited for, with its log as the answer.

https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from arcos.apply.kubectl import Kubectl
from arcos.errors import ArcosError
from arcos.progress import Step

#: How Kubernetes marks a Job that a person asked for, as `kubectl create job --from=cronjob/...` does.
BY_HAND = ("cronjob.kubernetes.io/instantiate", "manual")
#: Seconds between two looks at the Job.
_PAUSE = 1.0


def job_from(cron_job: dict[str, Any], arguments: Sequence[str], now: datetime) -> dict[str, Any]:
    """The Job: named after the CronJob and the time, so that two runs never meet under one name."""
    meta, spec = cron_job["metadata"], copy.deepcopy(cron_job["spec"]["jobTemplate"]["spec"])
    if arguments:
        spec["template"]["spec"]["containers"][0]["args"] = list(arguments)
    # Asked for by a person, who sees at once that it failed.
    spec["backoffLimit"] = 0
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": f"{meta['name']}-{now:%Y%m%d-%H%M%S}",
            "namespace": meta["namespace"],
            "labels": meta.get("labels", {}),
            "annotations": dict([BY_HAND]),
        },
        "spec": spec,
    }


def by_hand(job: dict[str, Any]) -> bool:
    """Whether a person asked for it: they saw how it ended, and it says nothing of how the site is."""
    name, value = BY_HAND
    return bool((job["metadata"].get("annotations") or {}).get(name) == value)


def run_job(
    kubectl: Kubectl, namespace: str, cron_job: str, arguments: Sequence[str], step: Step, timeout: float
) -> str:
    """Start the job, wait for its end, and return what it said.

    Raises:
        ArcosError: It failed (its last words are the reason), or did not end within `timeout` seconds.
    """
    template = kubectl.json("get", "cronjob", cron_job, "-n", namespace)
    job = job_from(template, arguments, datetime.now(UTC))
    name = job["metadata"]["name"]
    kubectl.run("create", "-f", "-", stdin=json.dumps(job))
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        status = kubectl.json("get", "job", name, "-n", namespace).get("status", {})
        conditions = {one["type"]: one for one in status.get("conditions", []) if one["status"] == "True"}
        if "Complete" in conditions:
            return kubectl.run("logs", f"job/{name}", "-n", namespace)
        if "Failed" in conditions:
            said = kubectl.call("logs", f"job/{name}", "-n", namespace, "--tail=5").stdout.strip()
            raise ArcosError(
                f"{cron_job} failed",
                where=f"Job {namespace}/{name}",
                why=said or conditions["Failed"].get("message", ""),
                fix=kubectl.hint("logs", f"job/{name}", namespace=namespace),
            )
        step.note(f"job {name}")
        time.sleep(_PAUSE)
    raise ArcosError(
        f"{cron_job} did not end within {timeout:.0f} s",
        where=f"Job {namespace}/{name}",
        why="it goes on in the cluster",
        fix=kubectl.hint("describe", f"job/{name}", namespace=namespace),
    )
