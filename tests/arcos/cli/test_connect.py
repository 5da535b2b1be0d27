"""How a site's cluster is reached: by file, context, environment or stack; and the kubeconfig is seen by nobody."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import yaml

from arcos.apply.credentials import file_of
from arcos.cli import connect
from arcos.cli.connect import kubectl_for, variable
from arcos.errors import ArcosError, NotYetError
from arcos.paths import ROOT
from arcos.site.loader import load_site
from arcos.site.model import Site

TEXT = "clusters: [{name: c, cluster: {server: 'https://10.0.0.1'}}]\nusers: [{name: u, user: {token: SECRET}}]\n"
HPC, CLOUD = load_site("hpc-perth"), load_site("aws-sydney")


def changed(**values: str) -> Site:
    return HPC.model_copy(update={"cluster": HPC.cluster.model_copy(update=values)})


def test_a_file_and_a_context_are_taken_as_the_site_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "perth.yaml").write_text(TEXT)
    kubectl = kubectl_for(changed(kubeconfig="~/perth.yaml", context="admin"))
    assert (kubectl.kubeconfig, kubectl.context) == (tmp_path / "perth.yaml", "admin")
    assert kubectl.hint("get", "pods") == "./arcosctl kubectl hpc-perth -- get pods", "errors name the site"


def test_a_relative_path_begins_at_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same site is the same cluster, wherever the command is given."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "README.md").write_text("another cluster's")
    assert kubectl_for(changed(kubeconfig="README.md")).kubeconfig == ROOT / "README.md"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("/nowhere/config", "there is no file /nowhere/config"),
        ("/tmp", "it is a folder"),
        ("~nobody-here/c", "no file"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_at_its_field(given: str, why: str) -> None:
    with pytest.raises(ArcosError, match="cannot be read") as refused:
        kubectl_for(changed(kubeconfig=given))
    assert not isinstance(refused.value, NotYetError), "no cluster that comes later"
    assert refused.value.where == "stacks/Pulumi.hpc-perth.yaml: cluster.kubeconfig"
    assert why in refused.value.why


def test_in_ci_the_variable_stands_for_the_file_of_the_operators_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCOS_KUBECONFIG_HPC_PERTH", TEXT)
    kubectl = kubectl_for(changed(kubeconfig="/home/me/perth.yaml"))
    assert kubectl.where == "ARCOS_KUBECONFIG_HPC_PERTH, context hpc-perth", "and errors name it, not a file in memory"


def test_without_a_file_kubectl_looks_itself() -> None:
    assert kubectl_for(HPC).kubeconfig is None


def test_the_environment_holds_one_variable_a_site(monkeypatch: pytest.MonkeyPatch) -> None:
    assert variable("hpc-perth") == "ARCOS_KUBECONFIG_HPC_PERTH"
    monkeypatch.setenv("ARCOS_KUBECONFIG_HPC_PERTH", TEXT)
    kubectl = kubectl_for(HPC)
    assert kubectl.kubeconfig is not None
    assert kubectl.kubeconfig.read_text() == TEXT
    assert "SECRET" not in " ".join(kubectl.command("get", "nodes"))
    assert "SECRET" not in repr(kubectl)
    with pytest.raises(ArcosError):
        kubectl_for(CLOUD)  # another site's variable is not this one's


def test_kubectl_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable("hpc-perth"), TEXT + "contexts: [{name: hpc-perth, context: {cluster: c, user: u}}]\n")
    view = kubectl_for(HPC).json("config", "view", "--minify")
    assert view["clusters"][0]["cluster"]["server"] == "https://10.0.0.1"


def test_a_path_in_its_place_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable("hpc-perth"), "/home/me/.kube/config")
    with pytest.raises(ArcosError, match="holds no kubeconfig") as refused:
        kubectl_for(HPC)
    assert refused.value.fix == 'export ARCOS_KUBECONFIG_HPC_PERTH="$(cat FILE)"'


def test_the_text_is_in_no_folder_and_nobody_else_may_read_it() -> None:
    path = file_of("secret")
    assert path.read_text() == "secret"
    assert str(path).startswith("/proc/"), "in memory, so nothing is left by a killed process"
    assert path.stat().st_nlink == 0
    assert stat.S_ISREG(path.stat().st_mode)


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in that writes its words down and answers with what stands in `answer`."""
    program = tmp_path / "bin" / "pulumi"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$*" >>{tmp_path}/log\ncat {tmp_path}/answer || exit 255\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return tmp_path


def test_a_clouds_cluster_is_reached_by_its_stacks_output(pulumi: Path) -> None:
    (pulumi / "answer").write_text(TEXT)
    kubectl = kubectl_for(CLOUD)
    assert kubectl.kubeconfig is not None
    assert kubectl.kubeconfig.read_text() == TEXT
    asked = (pulumi / "log").read_text()
    assert asked == "stack output kubeconfig --show-secrets --stack aws-sydney --non-interactive\n"


def test_before_the_first_up_the_next_command_is_said(pulumi: Path) -> None:
    with pytest.raises(NotYetError, match="has no cluster to reach yet") as refused:
        kubectl_for(CLOUD)
    assert refused.value.fix == "pulumi up -s aws-sydney"
    assert "aws-eks" in refused.value.where


def test_without_pulumi_the_other_way_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ArcosError, match="nothing here says how") as refused:
        kubectl_for(CLOUD)
    assert "ARCOS_KUBECONFIG_AWS_SYDNEY" in refused.value.fix


def test_an_existing_clusters_kubeconfig_may_be_a_secret_of_the_stack(
    pulumi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect, "_kept_by_stack", lambda name: name == "hpc-perth")
    (pulumi / "answer").write_text(TEXT)
    kubectl = kubectl_for(HPC)
    assert kubectl.kubeconfig is not None
    assert kubectl.kubeconfig.read_text() == TEXT
    assert kubectl.context == "hpc-perth"
    assert (pulumi / "log").read_text() == "config get arcos:kubeconfig --stack hpc-perth --non-interactive\n"


def test_a_secret_that_cannot_be_opened_is_no_cluster_that_comes_later(
    pulumi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`pulumi up` would not make it: the passphrase is wrong, or the secret is somebody else's."""
    monkeypatch.setattr(connect, "_kept_by_stack", lambda name: name == "hpc-perth")
    with pytest.raises(ArcosError, match="the kubeconfig of site 'hpc-perth' cannot be read") as refused:
        kubectl_for(HPC)
    assert not isinstance(refused.value, NotYetError)
    assert "pulumi config set --secret arcos:kubeconfig -s hpc-perth" in refused.value.fix


def test_whether_a_stack_keeps_one_is_read_without_its_value(tmp_path: Path) -> None:
    from arcos.site.loader import stack_secrets

    kept = {"config": {"arcos:kubeconfig": {"secure": "v1:AAAA"}, "arcos:site": {"title": "x"}}}
    (tmp_path / "Pulumi.x.yaml").write_text(yaml.safe_dump(kept))
    assert stack_secrets("x", tmp_path) == {"arcos:kubeconfig"}
    assert stack_secrets("nowhere", tmp_path) == frozenset()
