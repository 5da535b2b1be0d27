"""What is found out about the machine before a node starts, and what is refused in one sentence."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections import namedtuple
from pathlib import Path

import pytest

from arcos.errors import ArcosError
from arcos.local import cgroups, lock, ports, preflight
from arcos.local.supervisor import answers


def test_a_port_in_use_is_named_with_its_field_and_the_process_that_has_it() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(ArcosError, match=f"port {port} is in use") as refused:
            ports.refuse_taken({"httpsPort": port}, "local")

    assert "cluster.httpsPort" in refused.value.where
    assert f"(process {os.getpid()})" in refused.value.why
    assert "httpsPort: 8443" in refused.value.fix


def test_a_port_that_all_addresses_share_is_in_use_as_well() -> None:
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()

        assert ports.in_use(taken.getsockname()[1])


def test_free_ports_are_free_and_different() -> None:
    found = ports.free_ports(20)

    assert len(set(found)) == 20
    assert not [port for port in found if ports.in_use(port)]


def test_of_two_at_work_the_second_is_told_who_the_first_is(tmp_path: Path) -> None:
    with (
        lock.hold(tmp_path / "lock", "site x"),
        pytest.raises(ArcosError, match="site x is being worked on") as refused,
        lock.hold(tmp_path / "lock", "site x"),
    ):
        raise AssertionError("never held twice")

    assert refused.value.exit_code == 3
    assert f"process {os.getpid()} of" in refused.value.why


def test_a_dead_holders_lock_is_free(tmp_path: Path) -> None:
    if not (child := os.fork()):
        with lock.hold(tmp_path / "lock", "site x"):
            os._exit(0)
    os.waitpid(child, 0)

    with lock.hold(tmp_path / "lock", "site x"):
        assert str(os.getpid()) in (tmp_path / "lock").read_text()


def test_a_lock_that_a_dead_holder_passed_on_is_waited_for_and_not_refused(tmp_path: Path) -> None:
    """As when `up` is killed while the node's process that it started has not said yet who it is."""
    if not (child := os.fork()):
        with lock.hold(tmp_path / "lock", "site x") as held:
            subprocess.Popen(["sleep", "1"], pass_fds=(held,))
            os._exit(0)
    os.waitpid(child, 0)
    began = time.monotonic()

    with lock.hold(tmp_path / "lock", "site x"):
        assert time.monotonic() - began > 0.5, "not before that process let it go"


def test_a_full_disk_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10, 9, 1))

    with pytest.raises(ArcosError, match="the disk is full") as refused:
        preflight.refuse_full_disk(tmp_path / "not" / "yet" / "there", simulate=True)

    assert "ARCOS_HOME" in refused.value.fix


def test_the_file_system_of_a_folder_that_is_not_there_yet_is_its_parents(tmp_path: Path) -> None:
    assert preflight.file_system(tmp_path / "a" / "b") == preflight.file_system(tmp_path)
    assert preflight.file_system(Path("/proc/sys/x")) == "proc"


def test_two_sites_of_one_name_have_control_groups_of_their_own() -> None:
    assert cgroups.name("/home/a/sites/local") != cgroups.name("/home/b/sites/local")
    assert cgroups.name("/home/a/sites/local").startswith("arcos-local-")


def test_on_version_2_all_that_the_kubelet_wants_is_enabled_and_what_is_missing_is_named(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory hugetlb")

    assert cgroups.unified(str(tmp_path))
    assert cgroups.missing(str(tmp_path)) == ["pids"]
    cgroups.make("arcos-x", str(tmp_path))
    assert (tmp_path / "cgroup.subtree_control").read_text().split() == ["+cpu", "+cpuset", "+memory", "+hugetlb"]
    (tmp_path / "arcos-x" / "kubepods" / "pod1").mkdir(parents=True)
    assert cgroups.remove("arcos-x", str(tmp_path)) == []
    assert not (tmp_path / "arcos-x").exists()


def test_a_probe_tells_whether_somebody_listens() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        assert not answers(f"tcp:{port}")
        listening.listen()
        assert answers(f"tcp:{port}")
        assert not answers("unix:/no/such/socket")
        assert answers(""), "a process without a probe is ready when it runs"
