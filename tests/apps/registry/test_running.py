"""The real registry behind its real gate, on this machine: who pushes and pulls, what stays, what is removed."""

from __future__ import annotations

import http.client
import json
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from tests.apps.registry.running import HERE, Running, basic, image, programs, running
from tests.real.site import free_port

pytestmark = [
    pytest.mark.api,  # compiles the programs, as that tier does
    pytest.mark.skipif(not shutil.which("skopeo"), reason="needs skopeo (apt-get install skopeo)"),
]


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("registry")
    with running(programs(folder), folder) as here:
        yield here


@pytest.fixture
def some(tmp_path: Path) -> Path:
    return image(tmp_path / "some", b"some content" * 1000)


@pytest.fixture
def other(tmp_path: Path) -> Path:
    return image(tmp_path / "other", b"other content" * 1000)


def test_what_a_robot_pushes_is_what_is_pulled(registry: Running, some: Path, tmp_path: Path):
    registry.push(some, "lab/analysis:1.0")
    registry.pull("lab/analysis:1.0", tmp_path / "pulled", "reader")
    pushed, pulled = ({f.name for f in (folder / "blobs/sha256").iterdir()} for folder in (some, tmp_path / "pulled"))
    assert pushed == pulled


def test_a_robot_that_only_pulls_cannot_push(registry: Running, some: Path):
    said = registry.push(some, "lab/analysis:2.0", "reader", fails=True)
    assert "denied" in said or "unauthorized" in said or "authentication required" in said


def test_a_robot_has_its_own_repositories_only(registry: Running, some: Path, tmp_path: Path):
    registry.push(some, "builds/tool:1.0")
    registry.pull("builds/tool:1.0", tmp_path / "pulled", "reader", fails=True)
    registry.push(some, "elsewhere/tool:1.0", fails=True)


def test_strangers_pull_what_is_public_and_nothing_else(registry: Running, some: Path, tmp_path: Path):
    registry.push(some, "public/tool:1.1")
    registry.push(some, "lab/tool:1.1")
    registry.pull("public/tool:1.1", tmp_path / "public")
    registry.pull("lab/tool:1.1", tmp_path / "lab", fails=True)


def test_a_wrong_secret_gets_no_token(registry: Running):
    for secret in ("", "wrong"):
        status, _, _ = registry.ask(
            "GET", f"/token?service={registry.host}", {"Authorization": basic("builder", secret)}
        )
        assert status == 401


def test_a_tag_stays_where_it_is(registry: Running, some: Path, other: Path, tmp_path: Path):
    registry.push(some, "lab/cited:1.0")
    registry.push(some, "lab/cited:1.0")  # the same again is no change
    assert "stays so" in registry.push(other, "lab/cited:1.0", fails=True)
    registry.delete("lab/cited:1.0", fails=True)
    bearer = registry.token("repository:lab/cited:pull,push,delete")
    assert registry.ask("DELETE", "/v2/lab/cited/manifests/1.0", bearer)[0] == 409
    registry.pull("lab/cited:1.0", tmp_path / "pulled", "reader")
    assert (tmp_path / "pulled/index.json").exists()


@pytest.mark.parametrize(
    "path", ["/v2/lab/odd/manifests/1%2e0", "/v2/lab//odd/manifests/1.0", "/v2/x/../lab/odd/manifests/1.0"]
)
def test_no_other_spelling_of_an_address_moves_a_tag(registry: Running, some: Path, other: Path, path: str):
    registry.push(some, "lab/odd:1.0")
    [blob] = json.loads((other / "index.json").read_text())["manifests"]
    body = (other / "blobs/sha256" / blob["digest"][7:]).read_bytes()
    bearer = registry.token("repository:lab/odd:pull,push")
    status, _, _ = registry.ask("PUT", path, bearer | {"Content-Type": blob["mediaType"]}, body)
    assert status == 404


def test_a_moving_tag_moves_and_can_be_deleted(registry: Running, some: Path, other: Path, tmp_path: Path):
    registry.push(some, "lab/nightly:latest")
    registry.push(other, "lab/nightly:latest")
    registry.pull("lab/nightly:latest", tmp_path / "pulled", "reader")
    assert (tmp_path / "pulled/index.json").read_text().find(_digest_of(other)) > 0
    bearer = registry.token("repository:lab/nightly:pull,push,delete")
    assert registry.ask("DELETE", "/v2/lab/nightly/manifests/latest", bearer)[0] == 202
    registry.pull("lab/nightly:latest", tmp_path / "gone", "reader", fails=True)


def test_garbage_is_removed_and_nothing_else(registry: Running, tmp_path: Path):
    old, new = (image(tmp_path / name, name.encode() * 500_000) for name in ("old", "new"))
    registry.push(old, "lab/big:latest")
    registry.push(new, "lab/big:latest")
    registry.push(old, "lab/kept:1.0")
    registry.run_collect()
    before = registry.blobs()
    registry.pull("lab/kept:1.0", tmp_path / "kept", "reader")
    late = image(tmp_path / "late", bytes(range(256)) * 4000)
    registry.push(late, "lab/big:latest")
    registry.push(new, "lab/big:latest")
    assert registry.blobs() > before
    registry.run_collect()
    assert registry.blobs() == before, "the layer that no tag leads to is gone"
    for name in ("lab/big:latest", "lab/kept:1.0"):
        registry.pull(name, tmp_path / name.replace("/", "-"), "reader")
    registry.push(late, "lab/big:again")
    registry.pull("lab/big:again", tmp_path / "again", "reader")


def test_a_push_waits_while_garbage_is_removed(registry: Running, tmp_path: Path):
    pushed = threading.Event()

    def push() -> None:
        registry.push(image(tmp_path / "late", b"late" * 1000), "lab/late:1.0")
        pushed.set()

    thread = threading.Thread(target=push)
    with registry.window():
        thread.start()
        assert not pushed.wait(3), "nobody writes while the collector holds the window"
    thread.join(60)
    assert pushed.is_set()
    registry.pull("lab/late:1.0", tmp_path / "pulled", "reader")


def test_garbage_removal_waits_for_a_push_under_way(registry: Running, some: Path, tmp_path: Path):
    bearer = registry.token("repository:lab/slow:pull,push")
    status, headers, _ = registry.ask("POST", "/v2/lab/slow/blobs/uploads/", bearer)
    assert status == 202
    started = time.monotonic()
    registry.run_collect()
    assert time.monotonic() - started > 0.9, "it begins when nobody has written for a while"
    assert headers["Location"].startswith("/v2/lab/slow/blobs/uploads/")


def test_pushes_and_garbage_removal_at_once_lose_nothing(registry: Running, tmp_path: Path):
    stop = threading.Event()

    def collect() -> None:
        while not stop.is_set():
            registry.run_collect()

    thread = threading.Thread(target=collect)
    thread.start()
    try:
        for number in range(6):
            registry.push(image(tmp_path / f"{number}", f"{number}".encode() * 5000), f"lab/busy:{number}")
            registry.push(image(tmp_path / f"x{number}", f"x{number}".encode() * 5000), "lab/busy:latest")
            time.sleep(0.7)
    finally:
        stop.set()
        thread.join(120)
    for number in range(6):
        registry.pull(f"lab/busy:{number}", tmp_path / f"pulled{number}", "reader")


def test_two_never_remove_garbage_at_once(registry: Running):
    with registry.window():
        assert "shut already" in registry.run_collect(fails=True)


def test_only_who_has_the_secret_shuts_the_registry(registry: Running):
    with closing(http.client.HTTPConnection("127.0.0.1", registry.internal, timeout=60)) as connection:
        connection.request("POST", "/read-only", headers={"Authorization": "Bearer wrong"})
        assert connection.getresponse().status == 401


def test_another_registry_is_pulled_through_and_kept(registry: Running, some: Path, tmp_path: Path):
    registry.skopeo("copy", "--dest-tls-verify=false", f"oci:{some}", f"docker://{registry.upstream}/science/base:1.0")
    registry.pull("mirror/science/base:1.0", tmp_path / "first", "reader")
    registry.pull("mirror/science/base:1.0", tmp_path / "stranger", fails=True)
    registry.push(some, "mirror/science/base:2.0", "reader", fails=True)
    registry.stop("upstream")
    registry.pull("mirror/science/base:1.0", tmp_path / "second", "reader")
    assert (tmp_path / "second/index.json").exists(), "the copy answers while the other registry is away"
    registry.stop("cache")
    registry.start("cache")
    registry.pull(f"mirror/science/base@{_digest_of(some)}", tmp_path / "third", "reader")
    assert (tmp_path / "third/index.json").exists(), "even if the cache starts meanwhile"
    assert "503" in registry.pull("mirror/science/other:1.0", tmp_path / "none", "reader", fails=True), "not unknown"
    bearer = registry.token("repository:mirror/science/other:pull", robot="reader")
    _, _, said = registry.ask("GET", "/v2/mirror/science/other/manifests/1.0", bearer)
    assert f"{registry.upstream} does not answer" in said


def test_a_cache_without_its_bucket_is_up_but_not_ready_and_says_why(registry: Running, tmp_path: Path):
    port, nobody = free_port(), free_port()
    ours = yaml.safe_load((HERE / "cache.yml").read_text())
    ours["http"] = {"addr": f"127.0.0.1:{port}"}
    ours["proxy"]["remoteurl"] = "https://registry.example.org"
    ours["storage"]["s3"] |= {"bucket": "x", "region": "us-east-1", "regionendpoint": f"http://127.0.0.1:{nobody}"}
    (tmp_path / "cache.yml").write_text(yaml.safe_dump(ours))
    registry.ports["alone"] = port
    registry.commands["alone"] = [registry.programs["registry"], "serve", tmp_path / "cache.yml"]
    registry.start("alone")
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
            connection.request("GET", "/")
            answer = connection.getresponse()
            assert (answer.status, b"store" in answer.read()) == (503, True)
        log = registry.folder / "alone.log"
        end = time.monotonic() + 60
        while "the store does not answer" not in log.read_text():
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.2)
        assert registry.processes["alone"].poll() is None
        assert "goroutine" not in log.read_text(), "a sentence, no trace"
    finally:
        registry.stop("alone")


def _digest_of(folder: Path) -> str:
    digest: str = json.loads((folder / "index.json").read_text())["manifests"][0]["digest"]
    return digest
