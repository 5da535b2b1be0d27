"""A cloud's own object storage, for every app that keeps something there: started once, when the first test asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.apps.objectstore.cloud import Cloud, Project, serving


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with serving(tmp_path_factory.mktemp("openstack")) as served:
        yield served


@pytest.fixture
def project(cloud: Cloud, request: pytest.FixtureRequest) -> Project:
    """An empty one of somebody's own."""
    return cloud.project(request.node.name)
