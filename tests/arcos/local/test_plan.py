"""What a node consists of, and what it is told."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
import yaml

from arcos.local import bootstrap, identities, images, mounts, network, plan, waiting
from arcos.local.state import NodeState, ProcessState
from tests.arcos.local.conftest import make_site

REAL = plan.real_node("x")
SIMULATED = plan.simulated_node("x", Path("/data/x"), Path("/programs"), plan.Ports(api=1001, etcd=1002, peer=1003))


def argv(node: plan.Node, name: str) -> list[str]:
    return next(one["argv"] for one in plan.processes(node, "x") if one["name"] == name)


@pytest.mark.parametrize("node", [REAL, SIMULATED], ids=["real", "simulated"])
def test_everything_a_process_waits_for_is_started_and_every_file_it_names_is_made(node: plan.Node) -> None:
    listed = plan.processes(node, "x")
    names = {one["name"] for one in listed}
    made = {node.etc(name) for name in plan.configuration(node)} | {node.pki("encryption.yaml")}
    for leaf in identities.leaves(node.site):
        made |= {node.pki(f"{leaf.name}.{kind}") for kind in ("crt", "key")}
    made |= {node.pki(f"{client}.kubeconfig") for client in identities.CLIENTS}
    made |= {node.pki(f"{name}.{kind}") for name in ("ca", "etcd-ca", "front-proxy-ca") for kind in ("crt", "key")}
    made |= {node.pki(f"service-accounts.{kind}") for kind in ("key", "pub")}

    assert {name for one in listed for name in one["after"]} <= names
    told = {word.partition("=")[2] or word for one in listed for word in one["argv"][1:]}
    asked = {path for path in told if path.startswith(f"{node.folder}/") and "/simulated/" not in path}
    assert asked - made == set(), "no process is told of a file that nobody makes"
    assert asked, "or this test looks at nothing"


def test_no_secret_stands_in_a_command_line() -> None:
    for node in (REAL, SIMULATED):
        words = [word for one in plan.processes(node, "x") for word in one["argv"]]
        assert not [word for word in words if "PRIVATE" in word or "token-auth" in word or "password" in word]


def test_a_simulated_site_listens_on_the_loopback_address_only() -> None:
    words = " ".join(word for one in plan.processes(SIMULATED, "x") for word in one["argv"])

    assert "0.0.0.0" not in words
    assert "--bind-address=127.0.0.1" in argv(SIMULATED, "kube-apiserver")


def test_only_the_loopback_address_is_published_and_the_machines_own_is_out_of_reach() -> None:
    command = network.command("slirp4netns", 7, 4, "s")

    assert "--disable-host-loopback" in command
    assert network.forwards(80, 443, 6443) == {80: 30080, 443: 30443, 6443: 6443}


def test_configuration_files_are_valid_and_whole() -> None:
    files = plan.configuration(REAL, cgroup="arcos-x-1", pause="p@sha256:1", runc="/usr/sbin/runc", disk="ext4")

    runtime = tomllib.loads(files["containerd.toml"])["plugins"]
    assert runtime["io.containerd.cri.v1.images"]["pinned_images"]["sandbox"] == "p@sha256:1"
    assert runtime["io.containerd.cri.v1.runtime"]["restrict_oom_score_adj"] is True
    kubelet = yaml.safe_load(files["kubelet.yaml"])
    assert kubelet["cgroupRoot"] == "/arcos-x-1"
    assert kubelet["authentication"]["anonymous"]["enabled"] is False
    assert json.loads(files["cni/pods.conflist"])["plugins"][0]["type"] == "bridge"
    assert not [name for name, text in files.items() if "$" in text], "nothing is left to fill in"


def test_use_of_an_unknown_kind_of_disk_is_not_counted() -> None:
    files = plan.configuration(REAL, disk="overlay")

    assert yaml.safe_load(files["kubelet.yaml"])["localStorageCapacityIsolation"] is False, "or the kubelet ends"


def test_where_the_site_lies_does_not_matter_inside_a_real_node() -> None:
    assert REAL.folder == mounts.SITE
    assert [one for one in plan.processes(REAL, "x") if not one["argv"][0].startswith(f"{mounts.PROGRAMS}/")] == []


def test_simulated_nodes_are_numbered_and_a_real_one_is_named_as_its_site() -> None:
    assert plan.node_names(make_site("x", nodes=3), simulate=True) == ["x-0001", "x-0002", "x-0003"]
    assert plan.node_names(make_site("x", nodes=3), simulate=False) == ["x"]


def test_the_authority_reaches_the_cluster_as_the_secret_that_seeding_jobs_read(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("certificate")
    (tmp_path / "ca.key").write_text("key")

    secret = next(one for one in bootstrap.objects(tmp_path / "ca.crt") if one["kind"] == "Secret")

    assert (secret["metadata"]["namespace"], secret["metadata"]["name"]) == ("kube-system", "arcos-local-ca")
    assert secret["data"] == {"ca.crt": "Y2VydGlmaWNhdGU=", "ca.key": "a2V5"}


def test_every_image_that_the_manifests_run_is_named_once() -> None:
    def pods(*names: str) -> dict[str, object]:
        return {"containers": [{"image": name} for name in names], "initContainers": [{"image": "init"}]}

    manifests = [
        {"kind": "Pod", "spec": pods("a")},
        {"kind": "Deployment", "spec": {"template": {"spec": pods("b", "a")}}},
        {"kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": {"spec": pods("c")}}}}},
        {"kind": "ConfigMap", "data": {"spec": "x"}},
        {"kind": "Service", "spec": {"template": None}},
    ]

    assert images.named(manifests) == ["a", "b", "c", "init"]


def process(**changed: object) -> ProcessState:
    values = {"name": "etcd", "pid": 1, "ready": False, "restarts": 0, "ended": ""} | changed
    return ProcessState(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        (NodeState(site="x"), "its process has ended"),
        (NodeState(site="x", running=True, phase="failed", problems=("no mounts",)), "no mounts"),
        (
            NodeState(site="x", running=True, phase="starting", processes=(process(restarts=4, ended="exit code 1"),)),
            "etcd ends again and again (exit code 1)",
        ),
        (NodeState(site="x", running=True, phase="starting", problems=("port 80: taken",)), "port 80: taken"),
        (NodeState(site="x", running=True, phase="starting", processes=(process(restarts=1),)), ""),
        (NodeState(site="x", running=True, phase="ready", processes=(process(restarts=9),)), ""),
    ],
)
def test_waiting_ends_when_it_is_in_vain_and_not_before(known: NodeState, reason: str) -> None:
    assert waiting.hopeless(known) == reason
