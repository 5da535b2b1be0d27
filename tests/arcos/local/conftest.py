"""Local sites of the tests' own: a home in a temporary folder, programs from the user's cache."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from arcos.apply.kubectl import Kubectl
from arcos.local import images, node, ports
from arcos.local.state import NodeState
from arcos.paths import cache_dir
from arcos.progress import Progress
from arcos.site.model import Site
from arcos.toolchain.go import go
from tests.arcos.local import oci

PAUSE = "arcos.localhost/tests/tool"


def make_site(name: str, nodes: int = 1, **chosen: int) -> Site:
    """A local site on free ports."""
    http, https, api = ports.free_ports(3)
    cluster = {"kind": "local", "httpPort": http, "httpsPort": https, "apiPort": api, "nodes": nodes} | chosen
    return Site.model_validate(
        {
            "name": name,
            "title": "A site of the tests",
            "domain": f"{name}.arcos.localhost",
            "contact": "tests@arcos.localhost",
            "release": "2026.11",
            "cluster": cluster,
            "apps": {},
        }
    )


@dataclass
class Local:
    """One site's node, as a test works with it."""

    site: Site
    simulate: bool = False
    image: tuple[str, Path] | None = None

    def up(self) -> NodeState:
        state = node.start(self.site, Progress(quiet=True), simulate=self.simulate)
        if self.image:
            node.import_images(self.site, [self.image], Progress(quiet=True))
        return state

    def down(self, *, delete_data: bool = False) -> None:
        node.stop(self.site, Progress(quiet=True), delete_data=delete_data)

    @property
    def state(self) -> NodeState:
        return node.state(self.site)

    def process(self, name: str) -> int:
        """The number of one of the node's processes on this machine."""
        return next(one.pid for one in self.state.processes if one.name == name)

    def kubectl(self, *arguments: str, stdin: object = None) -> str:
        command = Kubectl(node.kubeconfig(self.site.name)).command(*arguments)
        done = subprocess.run(
            command, input=json.dumps(stdin) if stdin else None, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
        return done.stdout

    def get(self, *arguments: str) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.kubectl("get", *arguments, "-o", "json"))
        return content


def eventually(check: Callable[[], object], seconds: float = 60) -> object:
    """What `check` returns once it is true; its last error or value otherwise."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if value := check():
                return value
            problem: object = "still false"
        except (OSError, AssertionError) as error:
            problem = error
        assert time.monotonic() < deadline, f"not within {seconds} s: {problem}"
        time.sleep(0.1)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """ARCOS_HOME for all sites of these tests."""
    folder = tmp_path_factory.mktemp("home")
    cache_dir().mkdir(parents=True, exist_ok=True)
    (folder / "cache").symlink_to(cache_dir())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARCOS_HOME", str(folder))
        yield folder


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The tests' image; it is the sandbox image as well, so that these tests need no other image to be built."""
    folder = tmp_path_factory.mktemp("image")
    program = oci.build_tool(folder, go(Progress(quiet=True)))
    reference = oci.archive(program, PAUSE, folder / "tool.tar")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(images, "sandbox_image", lambda site: reference)
        yield reference, folder / "tool.tar"


def _need_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root: a real node makes namespaces, mounts and control groups")
    if missing := [name for name in ("unshare", "nft") if not shutil.which(name)]:
        pytest.skip(f"needs {', '.join(missing)}")


@pytest.fixture(scope="session")
def real(home: Path, image: tuple[str, Path]) -> Iterator[Local]:
    """A running real node that tests leave running."""
    _need_root()
    local = Local(make_site("real-a"), image=image)
    try:
        local.up()
        yield local
    finally:
        local.down(delete_data=True)


@pytest.fixture
def other(home: Path, image: tuple[str, Path]) -> Iterator[Local]:
    """A real node, not started, that a test may break."""
    _need_root()
    local = Local(make_site("real-b"), image=image)
    try:
        yield local
    finally:
        local.down(delete_data=True)


@pytest.fixture
def simulated(home: Path) -> Iterator[Local]:
    """A simulated site, not started."""
    local = Local(make_site("simulated", nodes=3), simulate=True)
    try:
        yield local
    finally:
        local.down(delete_data=True)
