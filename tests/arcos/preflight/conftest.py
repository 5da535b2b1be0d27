"""A real control plane with three simulated nodes, and a site of kind `existing` on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from arcos.apply.kubectl import Kubectl
from arcos.local import node
from arcos.paths import cache_dir
from arcos.site.model import Site
from tests.arcos.local.conftest import Local, make_site


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubectl]:
    """Its administrator's kubectl."""
    home = tmp_path_factory.mktemp("preflight-home")
    cache = cache_dir()
    cache.mkdir(parents=True, exist_ok=True)
    (home / "cache").symlink_to(cache)
    local = Local(make_site("preflight", nodes=3), simulate=True)

    @contextmanager
    def at_home() -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("ARCOS_HOME", str(home))
            yield

    try:
        with at_home():
            local.up()
            kubeconfig = node.kubeconfig(local.site.name)
        yield Kubectl(kubeconfig)
    finally:
        with at_home():
            local.down(delete_data=True)


def existing(kubeconfig: Path | None, apps: dict[str, Any] | None = None, **capabilities: Any) -> Site:
    """A site on that cluster that says so much of it."""
    cluster: dict[str, Any] = {"kind": "existing", "capabilities": capabilities}
    return Site.model_validate(
        {
            "name": "theirs",
            "title": "Somebody else's cluster",
            "domain": "theirs.example.org",
            "contact": "ops@example.org",
            "release": "2026.11",
            "registry": "registry.example.org/arcos",
            "cluster": cluster | ({"kubeconfig": str(kubeconfig)} if kubeconfig else {}),
            "apps": {"welcome": {}} if apps is None else apps,
        }
    )


def as_user(kubectl: Kubectl, name: str, folder: Path) -> Kubectl:
    """The same cluster as another person sees it."""
    assert kubectl.kubeconfig
    config = yaml.safe_load(kubectl.kubeconfig.read_text(encoding="utf-8"))
    for user in config["users"]:
        user["user"] |= {"as": name, "as-groups": ["system:authenticated"]}
    file = folder / f"{name}.kubeconfig"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    file.chmod(0o600)
    return Kubectl(file)
