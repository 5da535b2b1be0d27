"""The registry of a real site: a token from the page, a robot that only reads, tags that stay, garbage that goes, and
copies of another registry that outlive it."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from tests.apps.registry.running import image
from tests.certificates import served
from tests.real.browser import chromium, picture, sign_in, wait_for
from tests.real.people import PASSWORD, Browser, address, make_accounts
from tests.real.site import FULL, RealSite, full_with
from tests.real.upstream import HOST, Upstream

pytestmark = pytest.mark.real

PERSON = "rosalind"
_TOKEN = re.compile(r"arcos_[A-Za-z0-9_-]{43}")


class Images:
    """skopeo at one site, as people have it on their own machines."""

    def __init__(self, site: RealSite, folder: Path) -> None:
        if not shutil.which("skopeo"):
            pytest.skip("needs skopeo (apt-get install skopeo)")
        self.name = f"registry.{site.domain}"
        self.host, self.folder = f"{self.name}:{site.https}", folder
        # A bare glibc does not know *.localhost; a file of names of its own does no harm to this machine's.
        (folder / "hosts").write_text(f"127.0.0.1 localhost {self.name}\n")
        self.env = {**os.environ, "HOME": str(folder), "SSL_CERT_FILE": str(site.authority)}

    def copy(self, source: str, target: str, *options: str, fails: bool = False, way: Sequence[str] = ()) -> str:
        """Copy an image, or be refused; `way` is what leads the command to another network."""
        inside = f'mount --bind {self.folder}/hosts /etc/hosts && exec skopeo --insecure-policy copy "$@"'
        command = [*way, "unshare", "--mount", "sh", "-c", inside, "skopeo", *options, source, target]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=self.env)
        said = done.stdout + done.stderr
        assert (done.returncode != 0) == fails, said
        return said

    def pull_when_there(self, name: str, folder: Path, login: str, seconds: float = 90) -> None:
        """Pull as somebody, again until it succeeds."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with suppress(AssertionError):
                self.pull(name, folder, login)
                return
            time.sleep(2)
        self.pull(name, folder, login)

    def push(self, folder: Path, name: str, login: str, *, fails: bool = False) -> str:
        """Push as somebody: `user:secret`."""
        return self.copy(f"oci:{folder}", f"docker://{self.host}/{name}", f"--dest-creds={login}", fails=fails)

    def pull(self, name: str, folder: Path, login: str = "", *, fails: bool = False) -> str:
        """Pull as somebody, or as nobody."""
        who = f"--src-creds={login}" if login else "--src-no-creds"
        return self.copy(f"docker://{self.host}/{name}", f"oci:{folder}", who, fails=fails)


@pytest.fixture(scope="module")
def images(site: RealSite, tmp_path_factory: pytest.TempPathFactory) -> Images:
    return Images(site, tmp_path_factory.mktemp("skopeo"))


@pytest.fixture(scope="module")
def person(site: RealSite) -> Iterator[str]:
    """A researcher's login with a token from the registry's page."""
    make_accounts(site, [PERSON])
    browser, page = Browser(), address(site, "registry")
    status, _, at = browser.sign_in(f"{page}/", PERSON)
    assert (status, at) == (200, f"{page}/")
    _, said, _ = browser.ask(f"{page}/access/create", form={"label": "a test"})
    found = _TOKEN.search(said)
    assert found, said
    yield f"{PERSON}:{found[0]}"
    [one] = re.findall(r'name="id" value="(\d+)"', browser.ask(f"{page}/")[1])
    browser.ask(f"{page}/access/revoke", form={"id": one})
    login = {"Authorization": "Basic " + base64.b64encode(f"{PERSON}:{found[0]}".encode()).decode()}
    service = page.removeprefix("https://")
    assert Browser().ask(f"{page}/token?service={service}", headers=login)[0] == 401, "a revoked token opens nothing"


@pytest.fixture(scope="module")
def robot(site: RealSite) -> str:
    name = ("get", "secret", "registry-robot-reader", "-n", "registry", "-o", "jsonpath={.data.password}")
    return f"reader:{base64.b64decode(site.kubectl(*name)).decode()}"


def test_a_person_pushes_to_their_own_space_and_a_robot_only_reads(
    images: Images, person: str, robot: str, tmp_path: Path
) -> None:
    some, other = image(tmp_path / "some", os.urandom(1_000_000)), image(tmp_path / "other", os.urandom(1_000_000))
    images.push(some, f"{PERSON}/tool:1.0", person)
    images.pull(f"{PERSON}/tool:1.0", tmp_path / "pulled", robot)
    assert "denied" in images.push(other, f"{PERSON}/tool:2.0", robot, fails=True)
    assert "denied" in images.push(other, "grace/tool:1.0", person, fails=True), "the space of somebody else"
    assert "stays so" in images.push(other, f"{PERSON}/tool:1.0", person, fails=True)
    assert "denied" in images.pull(f"{PERSON}/tool:1.0", tmp_path / "stranger", fails=True)


def test_garbage_goes_by_the_sites_own_job_and_images_stay(
    site: RealSite, images: Images, person: str, tmp_path: Path
) -> None:
    kept, gone = image(tmp_path / "kept", os.urandom(500_000)), image(tmp_path / "gone", os.urandom(500_000))
    images.push(gone, f"{PERSON}/moving:latest", person)
    images.push(kept, f"{PERSON}/moving:latest", person)
    site.kubectl("create", "job", "collect-now", "-n", "registry", "--from=cronjob/registry-collect")
    site.kubectl("wait", "job/collect-now", "-n", "registry", "--for=condition=Complete", "--timeout=180s")
    said = site.kubectl("logs", "-n", "registry", "job/collect-now")
    layers = {file.name for file in (gone / "blobs/sha256").iterdir()} - {
        f.name for f in (kept / "blobs/sha256").iterdir()
    }
    assert all(f"blob eligible for deletion: sha256:{layer}" in said for layer in layers), said
    images.pull(f"{PERSON}/moving:latest", tmp_path / "pulled", person)
    started = time.monotonic()
    images.push(gone, f"{PERSON}/moving:again", person)
    assert time.monotonic() - started < 60, "everybody may write again"


def test_the_page_shows_what_there_is(site: RealSite, images: Images, person: str, tmp_path: Path) -> None:
    images.push(image(tmp_path / "some", os.urandom(100_000)), f"{PERSON}/shown:1.0", person)
    with chromium(tmp_path / "profile") as browser:
        browser.get(f"{address(site, 'registry')}/")
        sign_in(browser, PERSON, PASSWORD)
        wait_for(browser, "#repositories")
        picture(browser, "registry")
        browser.get(f"{address(site, 'registry')}/repository?name={PERSON}/shown")
        assert "stays as it is" in wait_for(browser, "table").text


@pytest.fixture(scope="module")
def upstream(site: RealSite, robot: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    """Another registry that the site keeps copies of, and that is not there yet."""
    made = Upstream(site, tmp_path_factory.mktemp("upstream"), served(HOST))
    copied = {
        "robots": [
            {"name": "reader", "repositories": ["rosalind/*", "mirror/*"]},
            {"name": "other", "repositories": ["rosalind/*"]},
        ],
        "private": ["mirror/closed/*"],
        "upstreams": [{"name": "mirror", "url": made.url}],
        "authorities": [made.known.authority],
    }
    site.write(full_with(registry=copied))
    try:
        site.arcosctl("up", site.name)  # which waits until all is ready
        yield made
    finally:
        made.goes()
        site.write(FULL)
        site.arcosctl("up", site.name)


def test_copies_of_another_registry_come_when_it_does_and_outlive_it(
    site: RealSite, images: Images, person: str, robot: str, upstream: Upstream, tmp_path: Path
) -> None:
    cache, layers = "deployment/registry-cache-mirror", image(tmp_path / "some", os.urandom(1_000_000))
    assert "the upstream does not answer" in site.kubectl("logs", cache, "-n", "registry"), "the operator is told"
    assert "503" in images.pull("mirror/open/tool:1.0", tmp_path / "early", robot, fails=True), "not unknown, not yet"

    upstream.comes()
    there, way = upstream.reached()
    for name in ("open", "closed"):
        target = f"docker://{there}/{name}/tool:1.0"
        images.copy(f"oci:{layers}", target, "--dest-tls-verify=false", "--dest-no-creds", way=way)
    # The cluster's DNS remembers for a while that nobody had that name.
    images.pull_when_there("mirror/open/tool:1.0", tmp_path / "first", robot)
    images.pull("mirror/open/tool:1.0", tmp_path / "persons", person)

    upstream.goes()
    images.pull("mirror/open/tool:1.0", tmp_path / "second", robot)
    site.kubectl("rollout", "restart", cache, "-n", "registry")
    site.kubectl("rollout", "status", cache, "-n", "registry", "--timeout=120s")
    images.pull("mirror/open/tool:1.0", tmp_path / "third", robot)
    for pulled in ("first", "persons", "second", "third"):
        assert _blobs(tmp_path / pulled) == _blobs(layers)
    assert "503" in images.pull("mirror/closed/tool:1.0", tmp_path / "never", robot, fails=True), "nobody had pulled it"
    restarts = "jsonpath={.items[*].status.containerStatuses[*].restartCount}"
    label = "app.kubernetes.io/name=registry-cache-mirror"
    assert set(site.kubectl("get", "pods", "-n", "registry", "-l", label, "-o", restarts).split()) == {"0"}


def test_a_copy_is_for_those_who_may_pull_it(
    site: RealSite, images: Images, person: str, upstream: Upstream, tmp_path: Path
) -> None:
    secret = ("get", "secret", "registry-robot-other", "-n", "registry", "-o", "jsonpath={.data.password}")
    other = f"other:{base64.b64decode(site.kubectl(*secret)).decode()}"
    assert "unauthorized" in images.pull("mirror/open/tool:1.0", tmp_path / "a", other, fails=True)
    assert "unauthorized" in images.pull("mirror/closed/tool:1.0", tmp_path / "b", person, fails=True)
    images.pull("mirror/open/tool:1.0", tmp_path / "c", fails=True)
    pushed = image(tmp_path / "some", b"content")
    images.push(pushed, "mirror/open/tool:1.0", person, fails=True)


def _blobs(folder: Path) -> set[str]:
    return {file.name for file in (folder / "blobs/sha256").iterdir()}
