"""The real tier: root, containers, a browser. One site for all tests that only look at it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from tests.real.site import FULL, RealSite


@pytest.fixture(autouse=True)
def _needs_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root: a real node makes namespaces, mounts and cgroups")


@pytest.fixture(autouse=True, scope="session")
def _localhost_names() -> Iterator[None]:
    """Resolve *.localhost as RFC 6761 says, as browsers and curl do and a bare glibc does not."""
    real = socket.getaddrinfo

    def resolve(host, port, *args, **kwargs):  # type: ignore[no-untyped-def]
        name = "127.0.0.1" if isinstance(host, str) and host.endswith(".localhost") else host
        return real(name, port, *args, **kwargs)

    socket.getaddrinfo = resolve
    yield
    socket.getaddrinfo = real


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSite]:
    """A running site with all services."""
    made = RealSite("real", tmp_path_factory.mktemp("real"))
    made.write(FULL)
    try:
        made.arcosctl("up", made.name)
        yield made
    finally:
        made.arcosctl("down", made.name, "--delete-data")
