"""A real node: containers, storage, network and secrets as users meet them."""

from __future__ import annotations

import http.client
import ssl
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from arcos.errors import ArcosError
from arcos.local import node
from arcos.local.state import site_folder
from arcos.progress import Progress
from tests.arcos.local import manifests as make
from tests.arcos.local.conftest import Local, eventually, make_site

pytestmark = pytest.mark.real


def fetch(url: str, method: str = "GET", body: str = "") -> str:
    request = urllib.request.Request(url, data=body.encode() if body else None, method=method)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=5) as answer:
        text: str = answer.read().decode()
        return text


def test_a_pod_keeps_its_data_in_a_volume_over_a_restart_of_the_node(other: Local) -> None:
    image, _ = other.image or ("", Path())
    other.up()
    objects = (make.STORAGE, make.claim("data"), make.pod("web", image, "serve", "/data/note", claim="data"))
    other.kubectl("apply", "-f", "-", stdin=make.everything(*objects, make.service("web", 30080)))
    address = f"http://127.0.0.1:{other.state.ports['http']}/"
    eventually(lambda: fetch(address) == "nothing yet")
    fetch(address, "PUT", "remember")
    volumes = list((site_folder(other.site.name) / "data" / "volumes").iterdir())
    assert len(volumes) == 1, "a volume is a directory of its own in the site's folder"

    other.down()
    assert (volumes[0] / "note").read_text() == "remember", "`down` keeps data"
    other.up()

    assert eventually(lambda: fetch(address)) == "remember", "the pod comes back by itself, with its volume"


def test_pods_reach_each_other_and_themselves_by_the_service_address(real: Local) -> None:
    image, _ = real.image or ("", Path())
    real.kubectl(
        "apply", "-f", "-", stdin=make.everything(make.pod("served", image, "serve", "/x"), make.service("served"))
    )
    address = real.get("service", "served")["spec"]["clusterIP"]
    real.kubectl("apply", "-f", "-", stdin=make.pod("asks", image, "get", f"http://{address}/"))

    eventually(lambda: "nothing yet" in real.kubectl("logs", "asks"))

    own = real.kubectl("exec", "served", "--", "/tool", "once", f"http://{address}/")
    assert own.strip() == "nothing yet", "a pod reaches itself through its own service"


def test_a_pod_cannot_reach_the_machines_own_loopback_services(real: Local) -> None:
    image, _ = real.image or ("", Path())
    real.kubectl("apply", "-f", "-", stdin=make.pod("curious", image, "wait"))
    real.kubectl("wait", "--for=condition=Ready", "pod/curious", "--timeout=60s")

    address = f"http://10.0.2.2:{real.state.ports['api']}/"
    said = real.kubectl("exec", "curious", "--", "/tool", "once", address)

    assert "refused" in said or "unreachable" in said or "timeout" in said.lower(), said


def test_pods_that_could_reach_the_machine_are_refused_in_any_namespace(real: Local) -> None:
    bad = make.pod("bad", "any")
    bad["spec"]["hostNetwork"] = True

    with pytest.raises(AssertionError, match="violates PodSecurity"):
        real.kubectl("apply", "-f", "-", stdin=bad)


def test_nobody_gets_in_without_a_key(real: Local) -> None:
    port = real.state.ports["api"]

    def status(path: str) -> int:
        anybody = http.client.HTTPSConnection("127.0.0.1", port, context=ssl._create_unverified_context(), timeout=5)
        anybody.request("GET", path)
        code = anybody.getresponse().status
        anybody.close()
        return code

    assert status("/readyz") == 200, "health is public"
    assert status("/version") == 401, "all else is not"


def test_secrets_are_encrypted_on_disk_and_every_key_is_its_owners_only(real: Local) -> None:
    real.kubectl("create", "secret", "generic", "s", "--from-literal=word=unlikely-Zx81-word")
    folder = site_folder(real.site.name)
    found = subprocess.run(["grep", "-rql", "unlikely-Zx81-word", str(folder / "data" / "etcd")], check=False)
    loose = [path for path in folder.rglob("pki/*") if path.stat().st_mode & 0o077]

    assert found.returncode == 1, "etcd's files must not hold a Secret's text"
    assert loose == [], "keys and certificates belong to their owner"
    assert folder.stat().st_mode & 0o077 == 0, "nobody else looks into a site's folder"


def test_a_second_up_changes_nothing_and_says_so_at_once(real: Local) -> None:
    before = real.state

    began = time.monotonic()
    after = real.up()

    assert after.pid == before.pid
    assert [one.pid for one in after.processes] == [one.pid for one in before.processes], "no process is touched"
    assert time.monotonic() - began < 5, "and it does not take long"


def test_up_with_other_ports_says_what_differs_and_what_to_do(real: Local) -> None:
    changed = make_site(real.site.name)

    with pytest.raises(ArcosError, match="other settings") as refused:
        node.start(changed, Progress(quiet=True))

    assert "httpsPort" in refused.value.why
    assert f"./arcosctl down {real.site.name}" in refused.value.fix
    assert real.state.running, "the running node stays as it is"


def test_two_sites_run_side_by_side(real: Local, other: Local) -> None:
    other.up()

    for one in (real, other):
        assert [item["metadata"]["name"] for item in one.get("nodes")["items"]] == [one.site.name]
    other.down()
    assert real.kubectl("get", "--raw", "/readyz") == "ok", "the first does not notice that the second went"
