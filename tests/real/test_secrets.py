"""No secret of a running site is in what anybody says: each was born in it, so each is its own canary.

The same with values that a test has chosen, and in what is rendered and kept: `tests/arcos/cli/test_canaries.py`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest

from tests.real.site import RealSite

pytestmark = pytest.mark.real

#: Keys of Secrets that hold no secret: certificates, and names.
PUBLIC = {"tls.crt", "ca.crt", "access-key"}
ROTATED = "registry/registry-robot-reader"


@pytest.fixture(scope="module")
def rotated(site: RealSite) -> tuple[dict[str, str], str]:
    """All secrets before and after one is made anew, by `namespace/name/key`; and what was said of it."""
    before = _secrets(site)
    said = site.arcosctl("secrets", "rotate", site.name, ROTATED)
    after = _secrets(site)
    assert before[f"{ROTATED}/password"] != after[f"{ROTATED}/password"]
    old = {f"{where} (old)": value for where, value in before.items() if after.get(where) != value}
    return after | old, said


def _secrets(site: RealSite) -> dict[str, str]:
    listed = json.loads(site.kubectl("get", "secrets", "--all-namespaces", "--output=json"))["items"]
    return {
        f"{one['metadata']['namespace']}/{one['metadata']['name']}/{key}": base64.b64decode(value).decode("latin-1")
        for one in listed
        for key, value in (one.get("data") or {}).items()
        if key not in PUBLIC and value
    }


def _ways(value: str) -> Iterator[str]:
    """How it may be written: as it is, as Kubernetes writes it, and one line of a key."""
    yield value.strip()
    yield base64.b64encode(value.encode("latin-1")).decode()
    if "PRIVATE KEY" in value:
        yield value.splitlines()[1]


def _seen(secrets: dict[str, str], text: str) -> set[str]:
    return {where for where, value in secrets.items() if any(way in text for way in _ways(value))}


def test_they_are_there_to_be_found(site: RealSite, rotated: tuple[dict[str, str], str]) -> None:
    secrets, _ = rotated
    assert len({where.rpartition("/")[0] for where in secrets}) > 25
    assert min(map(len, secrets.values())) >= 16, "no text is long enough to hold one by chance"
    shown = site.kubectl("get", "secrets", "--all-namespaces", "--output=json")
    assert _seen(secrets, shown) >= {where for where in secrets if "(old)" not in where}


def test_no_pod_logs_any(site: RealSite, rotated: tuple[dict[str, str], str]) -> None:
    listed = site.kubectl(
        "get",
        "pods",
        "--all-namespaces",
        "--no-headers",
        "--output=custom-columns=A:.metadata.namespace,B:.metadata.name",
    )
    logs = {}
    for line in listed.splitlines():
        namespace, pod = line.split()
        running = site.start("kubectl", site.name, "--", "logs", pod, "-n", namespace, "--all-containers")
        logs[f"{namespace}/{pod}"], _ = running.communicate(timeout=120)
    assert sum(map(len, logs.values())) > 10_000, "there is something to look at"
    assert {pod: found for pod, text in logs.items() if (found := _seen(rotated[0], text))} == {}


def test_no_command_says_any(site: RealSite, rotated: tuple[dict[str, str], str]) -> None:
    secrets, said = rotated
    answers = {"secrets rotate": said, "up": "\n".join(site.up_said)}
    for command in (("status",), ("status", "--json"), ("diff",), ("secrets", "list"), ("doctor",)):
        verb, *options = command
        arguments = ("secrets", "list", site.name) if verb == "secrets" else (verb, site.name, *options)
        answers[" ".join(command)], _ = site.start(*arguments).communicate(timeout=300)
    assert all(answers.values()), "every command said something"
    assert {command: found for command, text in answers.items() if (found := _seen(secrets, text))} == {}


def test_nothing_else_in_the_cluster_holds_any(site: RealSite, rotated: tuple[dict[str, str], str]) -> None:
    kinds = site.kubectl("api-resources", "--verbs=list", "--output=name").split()
    others = ",".join(sorted(set(kinds) - {"secrets"}))
    text = site.kubectl(
        "get", others, "--all-namespaces", "--output=json", "--show-managed-fields", "--ignore-not-found"
    )
    assert f"arcos-inventory-{site.name}" in text
    assert _seen(rotated[0], text) == set()
