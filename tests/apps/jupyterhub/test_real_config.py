"""The hub's own Python reads our file, and its KubeSpawner makes the pods: what they may, and who gets which."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from apps.jupyterhub.config import JupyterHubConfig
from apps.jupyterhub.jupyterhub import JupyterHubArgs, config_files
from arcos.images.build import build
from arcos.images.catalogue import find
from arcos.images.inside import inside
from arcos.images.oci import Layout
from arcos.images.unpack import unpack
from arcos.progress import Progress
from components.facts import Facts
from tests.program.pod_security import violations

pytestmark = pytest.mark.api  # makes the image, as that tier compiles

FACTS = Facts(
    name="x",
    title="X",
    contact="a@b.org",
    domain="x.org",
    storage_class="block",
    rwx_storage_class="files",
    gpu=("nvidia",),
)
CONFIG = JupyterHubConfig.model_validate(
    {
        "profiles": [
            {"name": "small", "image": "notebook-minimal", "memory": "1Gi", "memoryRequest": "256Mi"},
            {"name": "gpu", "image": "notebook-scipy", "gpu": 1, "longest": "12h", "groups": ["chem"]},
        ],
        "shared": [{"group": "chem"}, {"group": "bio"}],
        "idle": "30m",
        "namedServers": 3,
    }
)
#: The spawner wants to know a cluster when it is made; it is never asked.
KUBECONFIG = """\
current-context: none
contexts: [{name: none, context: {cluster: none, user: none}}]
clusters: [{name: none, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: none, user: {}}]
"""
ASKED: list[tuple[list[str], dict[str, str]]] = [
    (["researchers"], {}),
    (["researchers", "chem"], {"profile": "gpu"}),
    (["researchers"], {"profile": "gpu"}),
    (["strangers"], {}),
    (["a b", "researchers"], {}),
]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    root = tmp_path_factory.mktemp("hub")
    root.chmod(0o755)
    unpack(Layout(build(find("jupyterhub"), Progress(quiet=True)).layout), root)
    files = config_files(JupyterHubArgs(config=CONFIG, facts=FACTS, images=lambda name: f"r/{name}@sha256:0"))
    here = root / "etc" / "jupyterhub"
    here.mkdir(parents=True)
    for name, text in files.items():
        (here / name).write_text(text)
    shutil.copy(Path(__file__).parent / "servers.py", here / "servers.py")
    key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
    for name in ("database/password", "keys/cookie", "keys/crypt", "proxy/password", "oidc/client-secret"):
        file = root / "run" / "secrets" / "arcos" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(key)
    (here / "kubeconfig").write_text(KUBECONFIG)
    (root / "tmp").mkdir(exist_ok=True)
    (root / "tmp").chmod(0o1777)
    program = ["/opt/venv/bin/python3", "/etc/jupyterhub/servers.py", "/etc/jupyterhub/jupyterhub_config.py"]
    done = subprocess.run(
        inside(root, [*program, json.dumps(ASKED)], "10085:10085"),
        capture_output=True,
        text=True,
        cwd="/",
        env={"PATH": "/opt/venv/bin:/usr/bin:/bin", "KUBECONFIG": "/etc/jupyterhub/kubeconfig"},
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def test_a_server_meets_the_bar_of_the_platform(said):
    for pod in said["pods"][:2]:
        assert violations(pod) == []
        [container] = pod["spec"]["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert pod["spec"]["automountServiceAccountToken"] is False
        assert pod["spec"]["enableServiceLinks"] is False
        assert not pod["spec"].get("serviceAccountName")


def test_a_server_starts_its_images_own_program_and_asks_the_hub_twice_a_minute_who_may_come_in(said):
    [container] = said["pods"][0]["spec"]["containers"]
    assert "command" not in container
    assert container["args"] == ["--HubOAuth.cache_max_age=30"]


def test_a_profile_sets_what_a_server_may_take(said):
    small, gpu, *_ = (pod["spec"]["containers"][0] for pod in said["pods"][:2])
    assert small["image"] == "r/notebook-minimal@sha256:0", "the first one, where nobody chooses"
    memory = (small["resources"]["limits"]["memory"], small["resources"]["requests"]["memory"])
    assert memory == (2**30, 2**28)
    assert gpu["resources"]["limits"]["nvidia.com/gpu"] == "1"


def test_a_run_time_limit_is_kept_by_the_cluster_itself(said):
    small, gpu = said["pods"][:2]
    assert gpu["spec"]["activeDeadlineSeconds"] == 12 * 3600, "also while the hub is down"
    assert "activeDeadlineSeconds" not in small["spec"]


def test_a_server_has_the_folders_of_its_persons_groups_and_no_other(said):
    sources = [
        [volume.get("persistentVolumeClaim", {}).get("claimName") for volume in pod["spec"]["volumes"]]
        for pod in said["pods"][:2]
    ]
    claims = [set(names) - {None} for names in sources]
    assert claims == [{"home-ada"}, {"home-ada", "group-chem"}]
    mounts = {mount["mountPath"] for mount in said["pods"][1]["spec"]["containers"][0]["volumeMounts"]}
    assert mounts == {"/home/jovyan", "/tmp", "/home/jovyan/shared/chem"}


def test_a_server_counts_for_a_group_of_its_persons_own_where_there_is_one(said):
    counted = [said["pods"][number]["metadata"]["labels"].get("arcos.dev/group") for number in (0, 1, 4)]
    assert counted == ["researchers", "chem", None], "a name that is no label must not keep a server from starting"


def test_a_home_folder_counts_for_the_group_of_its_first_server(said):
    homes = [said["pods"][number]["home"]["metadata"] for number in (0, 1, 4)]
    assert [home["labels"].get("arcos.dev/group") for home in homes] == ["researchers", "chem", None]
    assert {home["labels"]["hub.jupyter.org/username"] for home in homes} == {"ada"}, "and it is somebody's"


def test_nobody_gets_a_profile_of_others_or_an_image_of_no_profile(said):
    assert "No such profile" in said["pods"][2]["refused"]
    assert "no group" in said["pods"][3]["refused"], "KubeSpawner would start an image of its own choice"


def test_what_nobody_uses_is_stopped_and_how_many_one_may_have_is_bounded(said):
    config = said["config"]
    [culler] = config["JupyterHub"]["services"]
    assert "--timeout=1800" in culler["command"]
    [role] = config["JupyterHub"]["load_roles"]
    assert "delete:servers" in role["scopes"]
    assert not [scope for scope in role["scopes"] if scope.startswith("admin")], "it only stops servers"
    assert config["JupyterHub"]["allow_named_servers"] is True
    assert config["JupyterHub"]["named_server_limit_per_user"] == 3
    assert config["JupyterHub"]["active_server_limit"] == 100


def test_files_are_never_deleted_with_a_server(said):
    assert said["config"]["KubeSpawner"]["delete_pvc"] is False


def test_with_the_session_ends_what_opens_somebodys_server_and_nothing_else(said):
    assert said["ended"] == {"jupyterhub": False, "jupyterhub-user-ada": True}, "the server itself still reports"
