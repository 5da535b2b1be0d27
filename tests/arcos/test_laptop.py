"""Images go into kind, k3d and minikube by those programs' own commands; stand-ins write down what they were given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from arcos.apply.kubectl import Kubectl
from arcos.errors import ArcosError
from arcos.images import importer
from arcos.laptop import Laptop, detect, load
from arcos.progress import Progress

_MINIKUBE = [{"name": "cluster_info", "extension": {"provider": "minikube.sigs.k8s.io", "version": "v1.38.0"}}]


def kubeconfig(context: str, cluster: str = "c", extensions: Any = None) -> dict[str, Any]:
    inside = {"server": "https://127.0.0.1:6443"} | ({"extensions": extensions} if extensions else {})
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "clusters": [{"name": cluster, "cluster": inside}],
        "contexts": [{"name": context, "context": {"cluster": cluster, "user": "u"}}],
        "users": [{"name": "u", "user": {"token": "SECRET"}}],
    }


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (kubeconfig("kind-arcos"), Laptop(program="kind", cluster="arcos")),
        (kubeconfig("k3d-lab"), Laptop(program="k3d", cluster="lab")),
        (kubeconfig("minikube", "minikube", _MINIKUBE), Laptop(program="minikube", cluster="minikube")),
        (kubeconfig("mine", "profile-2", _MINIKUBE), Laptop(program="minikube", cluster="profile-2")),
    ],
)
def test_the_kubeconfig_tells_which_program_made_the_cluster(config: dict[str, Any], expected: Laptop) -> None:
    assert detect(config, "here") == expected


@pytest.mark.parametrize("context", ["hpc-perth", "minikube", ""])
def test_another_cluster_takes_images_from_a_registry(context: str) -> None:
    with pytest.raises(ArcosError, match="no cluster of kind, k3d or minikube") as refused:
        detect(kubeconfig(context), "here")
    assert "images push" in refused.value.fix


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """kind, k3d and minikube on the PATH; each writes its words, one call a line. Archives are at hand already."""
    programs, log = tmp_path / "bin", tmp_path / "log"
    programs.mkdir()
    for name in ("kind", "k3d", "minikube"):
        file = programs / name
        file.write_text(f'#!/bin/sh\necho "{name} $*" >>{log}\n')
        file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    known = {"r/welcome:1@sha256:aa": tmp_path / "welcome.tar", "r/pause:1@sha256:bb": tmp_path / "pause.tar"}
    monkeypatch.setattr(importer, "archives_for", lambda wanted, _: [(one, known[one]) for one in sorted(wanted)])
    return log


MANIFESTS = [
    {"kind": "Deployment", "spec": {"template": {"spec": {"containers": [{"image": "r/welcome:1@sha256:aa"}]}}}},
    {"kind": "DaemonSet", "spec": {"template": {"spec": {"initContainers": [{"image": "r/pause:1@sha256:bb"}]}}}},
]


@pytest.mark.parametrize(
    ("config", "lines"),
    [
        (kubeconfig("kind-arcos"), ["kind load image-archive {} --name arcos"]),
        (kubeconfig("k3d-lab"), ["k3d image import {} --cluster lab"]),
        (kubeconfig("minikube", "minikube", _MINIKUBE), ["minikube image load {} --profile minikube"]),
    ],
)
def test_every_image_that_pods_run_is_loaded(
    config: dict[str, Any], lines: list[str], recorded: Path, tmp_path: Path
) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps(config))
    loaded = load(Kubectl(file), MANIFESTS, Progress(quiet=True))
    assert loaded == ["r/pause:1@sha256:bb", "r/welcome:1@sha256:aa"]
    wanted = [lines[0].format(tmp_path / name) for name in ("pause.tar", "welcome.tar")]
    assert recorded.read_text().splitlines() == wanted


def test_a_program_that_refuses_is_quoted(recorded: Path, tmp_path: Path) -> None:
    refusing = "#!/bin/sh\necho 'ERROR: no nodes found for cluster \"arcos\"' >&2\nexit 1\n"
    (tmp_path / "bin" / "kind").write_text(refusing)
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps(kubeconfig("kind-arcos")))
    with pytest.raises(ArcosError, match="kind did not take an image in") as refused:
        load(Kubectl(file), MANIFESTS, Progress(quiet=True))
    assert "no nodes found" in refused.value.why
    assert "SECRET" not in str(refused.value)


def test_a_missing_program_is_named(recorded: Path, tmp_path: Path) -> None:
    (tmp_path / "bin" / "k3d").unlink()
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps(kubeconfig("k3d-lab")))
    with pytest.raises(ArcosError, match="`k3d` is not on the PATH"):
        load(Kubectl(file), MANIFESTS, Progress(quiet=True))
