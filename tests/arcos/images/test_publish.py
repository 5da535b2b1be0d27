"""A registry gets the same image and its bill of materials, and getting them twice changes nothing."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator

import pytest

from arcos.errors import ArcosError
from arcos.images.build import build
from arcos.images.catalogue import find
from arcos.images.publish import push
from arcos.progress import Progress
from arcos.site.release import load_release, release_names
from arcos.toolchain.programs import ensure

pytestmark = pytest.mark.api  # needs crane, which is compiled

RELEASE = load_release(release_names()[-1])


@pytest.fixture
def registry(progress: Progress) -> Iterator[str]:
    """A registry on the loopback address, in memory."""
    crane = ensure(["crane"], progress) / "crane"
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [crane, "registry", "serve", "--address", address]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        try:
            _wait(address)
            yield address
        finally:
            running.terminate()


def _wait(address: str) -> None:
    host, port = address.split(":")
    for _ in range(100):
        try:
            socket.create_connection((host, int(port))).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the registry does not start")


def _manifest(registry: str, name: str, reference: str) -> tuple[str, dict[str, object]]:
    with urllib.request.urlopen(f"http://{registry}/v2/arcos/{name}/manifests/{reference}") as answer:
        return answer.headers["Docker-Content-Digest"], json.load(answer)


def test_the_digest_in_the_registry_is_that_of_the_build(registry: str, progress: Progress) -> None:
    image = find("pause")
    built = build(image, progress)
    first = push(image, f"{registry}/arcos", RELEASE, progress)
    assert push(image, f"{registry}/arcos", RELEASE, progress) == first
    assert first.reference == f"{registry}/arcos/pause:{image.version}@{built.digest}"
    assert _manifest(registry, "pause", image.version)[0] == built.digest
    kept = f"{image.version}-{built.digest.removeprefix('sha256:')[:12]}"
    assert _manifest(registry, "pause", kept)[0] == built.digest, "a tag of its own keeps the registry from tidying up"


def test_the_bill_of_materials_is_found_from_the_image(registry: str, progress: Progress) -> None:
    built = build(find("pause"), progress)
    push(find("pause"), f"{registry}/arcos", RELEASE, progress)
    # A registry without the referrers API keeps the list under this tag, says the distribution specification.
    _, index = _manifest(registry, "pause", built.digest.replace(":", "-"))
    assert [one["digest"] for one in index["manifests"]] == [built.sbom_digest]  # type: ignore[index,attr-defined]


def test_a_registry_that_does_not_answer_is_named(progress: Progress) -> None:
    with pytest.raises(ArcosError) as caught:
        push(find("pause"), "127.0.0.1:9/arcos", RELEASE, progress)
    assert "127.0.0.1:9/arcos/pause" in caught.value.where
    assert "refused" in caught.value.why
