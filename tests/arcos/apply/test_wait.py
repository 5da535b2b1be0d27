"""Waiting on a real control plane with simulated pods: it ends when all is ready, and early when it never will be."""

from __future__ import annotations

import json
import threading
import time

import pytest

from arcos.apply import wait as waiting
from arcos.errors import ArcosError

pytestmark = pytest.mark.api


@pytest.fixture
def soon(monkeypatch):
    """Give up two seconds after a sure cause, not twenty."""
    monkeypatch.setattr(waiting, "GRACE", 2.0)
    monkeypatch.setattr(waiting, "LOOK", 1.0)


#: No simulated node has it, so that a test decides what the pod's status says.
NOWHERE = {"nodeSelector": {"none": "such"}}


def until(question, seconds=30):
    end = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < end, "the control plane did not get there"
        time.sleep(0.2)
    return answer


def only_pod(cluster):
    pods = until(lambda: cluster.kubectl.objects("get", "pods", "-n", cluster.site))
    return pods[0]["metadata"]["name"]


def set_status(cluster, pod, **status):
    patch = json.dumps({"status": status})
    cluster.kubectl.run("patch", "pod", pod, "-n", cluster.site, "--subresource=status", "-p", patch)


def behave(cluster, **status):
    """Give the only pod this status as soon as it is there, as a kubelet would."""

    def work():
        set_status(cluster, only_pod(cluster), **status)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_it_waits_until_deployments_and_jobs_are_done(cluster):
    job = {
        "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "reg.example/j:1"}]}}
    }
    wanted = [cluster.make("Namespace", cluster.site), cluster.deployment("web", replicas=3),
              cluster.make("Job", "seed", "batch/v1", spec=job)]  # fmt: skip
    cluster.apply(wanted, wait=True, timeout=60)
    assert cluster.get("deployment", "web")["status"]["availableReplicas"] == 3
    assert cluster.get("job", "seed")["status"]["succeeded"] == 1


def test_an_image_that_cannot_be_pulled_ends_the_wait_early_and_is_named(cluster, soon):
    state = {"name": "main", "image": "registry.example/none:1", "imageID": "", "ready": False, "restartCount": 0,
             "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such host"}}}  # fmt: skip
    helper = behave(cluster, containerStatuses=[state])
    start = time.monotonic()
    wanted = [cluster.make("Namespace", cluster.site), cluster.deployment("web", pod=NOWHERE)]
    with pytest.raises(ArcosError) as caught:
        cluster.apply(wanted, wait=True, timeout=120)
    helper.join()
    error = caught.value
    assert error.what.startswith(f"Deployment {cluster.site}/web is not ready: the image registry.example/none:1")
    assert "no such host" in error.what
    assert error.fix.startswith(f"./arcosctl kubectl {cluster.site} -- -n {cluster.site} describe pod web-")
    assert time.monotonic() - start < 60, "long before the time is over"


def test_a_used_up_quota_is_named(cluster, soon):
    quota = cluster.make("ResourceQuota", "none-left", spec={"hard": {"pods": "0"}})
    cluster.apply([cluster.make("Namespace", cluster.site), quota])
    until(lambda: cluster.get("resourcequota", "none-left").get("status", {}).get("hard"))
    with pytest.raises(ArcosError, match="the quota 'none-left' is used up"):
        cluster.apply(
            [cluster.make("Namespace", cluster.site), quota, cluster.deployment("web")], wait=True, timeout=60
        )


def test_pods_that_pod_security_refuses_are_explained(cluster, soon):
    space = cluster.make("Namespace", cluster.site)
    space["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] = "restricted"
    with pytest.raises(ArcosError, match="Pod Security refuses its pods") as caught:
        cluster.apply([space, cluster.deployment("web")], wait=True, timeout=60)
    assert "runAsNonRoot" in caught.value.what


def test_a_pod_no_node_can_take_says_why_when_the_time_is_over(cluster):
    wanted = [
        cluster.make("Namespace", cluster.site),
        cluster.deployment("web", pod=NOWHERE),
        cluster.deployment("fine"),
    ]
    with pytest.raises(ArcosError, match=r"is not ready after .* no node can take the pod") as caught:
        cluster.apply(wanted, wait=True, timeout=8)
    assert "node affinity/selector" in caught.value.what
    assert "fine" not in str(caught.value), "what is ready is not blamed"


def test_a_job_that_failed_ends_the_wait_at_once(cluster, soon):
    job = {"backoffLimit": 0, "template": {"spec": {**NOWHERE, "restartPolicy": "Never",
           "containers": [{"name": "main", "image": "registry.example/none:1"}]}}}  # fmt: skip
    ended = {"name": "main", "image": "i", "imageID": "", "ready": False, "restartCount": 0,
             "state": {"terminated": {"exitCode": 3, "reason": "Error"}}}  # fmt: skip
    helper = behave(cluster, phase="Failed", containerStatuses=[ended])
    wanted = [cluster.make("Namespace", cluster.site), cluster.make("Job", "seed", "batch/v1", spec=job)]
    with pytest.raises(ArcosError, match=r"Job .*/seed is not ready: .*exit code 3"):
        cluster.apply(wanted, wait=True, timeout=60)
    helper.join()


def test_an_object_somebody_deletes_while_we_wait_is_reported(cluster):
    def delete():
        only_pod(cluster)
        cluster.kubectl.run("delete", "deployment", "web", "-n", cluster.site)

    helper = threading.Thread(target=delete)
    helper.start()
    wanted = [cluster.make("Namespace", cluster.site), cluster.deployment("web", pod=NOWHERE)]
    with pytest.raises(ArcosError, match="web is not ready"):
        cluster.apply(wanted, wait=True, timeout=60)
    helper.join()
