"""Notebook servers in real pods: what they hold, what they reach, and what groups share."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.real.people import HubUser, make_accounts
from tests.real.site import RealSite

pytestmark = pytest.mark.real

#: In the groups of their names, as the site file has them.
CHEMISTS, BIOLOGIST = ("marie", "irene"), "barbara"


@pytest.fixture(scope="module")
def people(site: RealSite) -> Iterator[dict[str, HubUser]]:
    """Two of one group and one of another, each with a running server."""
    make_accounts(site, CHEMISTS, ("researchers", "chemistry"))
    make_accounts(site, [BIOLOGIST], ("researchers", "biology"))
    found = {name: HubUser(site, name) for name in (*CHEMISTS, BIOLOGIST)}
    for person in found.values():
        person.start()
    for person in found.values():
        person.wait()
    yield found
    for person in found.values():
        person.stop()


def _run(site: RealSite, pod: str, *command: str) -> str:
    return site.kubectl("exec", "-n", "notebooks", pod, "--", *command)


def test_members_of_a_group_share_a_folder(site: RealSite, people: dict[str, HubUser]) -> None:
    script = "mkdir -p shared/chemistry/data && echo 42 > shared/chemistry/data/answer"
    _run(site, "notebook-marie", "sh", "-c", script)
    assert _run(site, "notebook-irene", "cat", "shared/chemistry/data/answer").strip() == "42"
    _run(site, "notebook-irene", "sh", "-c", "echo 43 > shared/chemistry/data/answer")
    assert _run(site, "notebook-marie", "cat", "shared/chemistry/data/answer").strip() == "43", "each may change it"


def test_another_group_does_not_see_it(site: RealSite, people: dict[str, HubUser]) -> None:
    assert _run(site, f"notebook-{BIOLOGIST}", "ls", "shared").split() == ["biology"]
    found = _run(site, f"notebook-{BIOLOGIST}", "sh", "-c", "find / -name answer -path '*data*' 2>/dev/null || true")
    assert not found.strip(), "not under any other name either"
    mounts = _run(site, f"notebook-{BIOLOGIST}", "cat", "/proc/self/mountinfo")
    assert "group-chemistry" not in mounts


def test_what_a_group_shares_outlives_every_server(site: RealSite, people: dict[str, HubUser]) -> None:
    claims = json.loads(site.kubectl("get", "pvc", "-n", "notebooks", "-o", "json"))["items"]
    shared = {one["metadata"]["name"]: one for one in claims if one["metadata"]["name"].startswith("group-")}
    assert set(shared) == {"group-chemistry", "group-biology"}
    assert all(not one["metadata"].get("ownerReferences") for one in shared.values()), "no pod takes it along"
    assert all(one["spec"]["accessModes"] == ["ReadWriteMany"] for one in shared.values())


def test_a_server_has_no_token_and_is_a_stranger_to_the_cluster(site: RealSite, people: dict[str, HubUser]) -> None:
    """The local site enforces no network policies, so the API can be dialled here: it must not talk."""
    script = (
        "import os, ssl, urllib.request, urllib.error\n"
        "assert not os.path.exists('/var/run/secrets/kubernetes.io'), 'a token is mounted'\n"
        "context = ssl._create_unverified_context()\n"
        "try:\n"
        "    urllib.request.urlopen('https://kubernetes.default.svc/api/v1/namespaces', context=context, timeout=5)\n"
        "except urllib.error.HTTPError as error:\n"
        "    print('refused', error.code)\n"
        "except OSError:\n"
        "    print('refused', 'unreachable')\n"
    )
    said = _run(site, "notebook-marie", "/opt/venv/bin/python3", "-c", script).split()
    assert said[0] == "refused", said
    assert said[1] in ("401", "403", "unreachable")


def test_the_namespace_lets_in_restricted_pods_only(site: RealSite, people: dict[str, HubUser]) -> None:
    labels = json.loads(site.kubectl("get", "namespace", "notebooks", "-o", "json"))["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    [container] = json.loads(site.kubectl("get", "pod", "notebook-marie", "-n", "notebooks", "-o", "json"))["spec"][
        "containers"
    ]
    running = site.start(
        *("kubectl", site.name, "--", "run", "intruder", "-n", "notebooks", "--dry-run=server"),
        *("--image", container["image"], "--privileged"),
    )
    said, _ = running.communicate(timeout=60)
    assert running.returncode != 0
    assert 'violates PodSecurity "restricted' in said


def test_a_person_may_have_a_second_server_with_the_same_files(site: RealSite, people: dict[str, HubUser]) -> None:
    marie = people["marie"]
    _run(site, "notebook-marie", "sh", "-c", "echo mine > note")
    marie.start("second")
    marie.wait("second")
    pods = site.kubectl("get", "pods", "-n", "notebooks", "-o", "name").split()
    [second] = [pod for pod in pods if "marie" in pod and pod != "pod/notebook-marie"]
    assert _run(site, second, "cat", "note").strip() == "mine"
    marie.stop("second")


def test_nobody_starts_anothers_server(people: dict[str, HubUser]) -> None:
    status, _ = people[BIOLOGIST].api("POST", "/users/marie/servers/third", {"profile": "minimal"})
    assert status in (403, 404)


def test_a_profile_that_there_is_not_starts_nothing(site: RealSite, people: dict[str, HubUser]) -> None:
    person = people[BIOLOGIST]
    # The hub takes the request before it looks at it, so its answer alone says nothing.
    person.api("POST", f"/users/{BIOLOGIST}/servers/odd", {"profile": "no-such"})
    end = time.monotonic() + 30
    while _server(person, "odd").get("pending"):
        assert time.monotonic() < end, "it is refused at once, not after the time that a start may take"
        time.sleep(0.5)
    assert not _server(person, "odd").get("ready")
    assert "odd" not in site.kubectl("get", "pods", "-n", "notebooks", "-o", "name")


def _server(person: HubUser, name: str) -> dict[str, Any]:
    found: dict[str, Any] = person.api("GET", f"/users/{person.name}")[1]["servers"].get(name, {})
    return found
