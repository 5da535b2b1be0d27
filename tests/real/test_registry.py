"""The registry of a real site: a token from the page, a robot that only reads, tags that stay, garbage that goes."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.apps.registry.running import image
from tests.real.browser import chromium, picture, sign_in, wait_for
from tests.real.people import PASSWORD, Browser, address, make_accounts
from tests.real.site import RealSite

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

    def copy(self, source: str, target: str, *options: str, fails: bool = False) -> str:
        """Copy an image, or be refused."""
        inside = f'mount --bind {self.folder}/hosts /etc/hosts && exec skopeo --insecure-policy copy "$@"'
        command = ["unshare", "--mount", "sh", "-c", inside, "skopeo", *options, source, target]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=self.env)
        said = done.stdout + done.stderr
        assert (done.returncode != 0) == fails, said
        return said

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
