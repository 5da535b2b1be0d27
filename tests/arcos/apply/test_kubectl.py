"""Which kubectl is taken, how long it may take, and that a silent server is tried again only when told to."""

from __future__ import annotations

import json
import stat
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from arcos.apply import kubectl as module
from arcos.apply.kubectl import Kubectl, find, items
from arcos.errors import ArcosError


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """A kubectl of our own on the PATH, and a cache of our own."""
    monkeypatch.setenv("ARCOS_HOME", str(tmp_path / "home"))
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    find.cache_clear()

    def write(script):
        program = folder / "kubectl"
        program.write_text(f"#!/bin/sh\necho run >>{tmp_path}/runs\n{script}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return program

    yield write
    find.cache_clear()


def version(number):
    return f"""echo '{{"clientVersion": {{"gitVersion": "v{number}"}}}}'"""


@pytest.mark.parametrize(("number", "taken"), [("1.36.4", True), ("1.38.0-gke.1", True), ("1.32.4-dispatcher", False)])
def test_the_one_on_the_path_is_taken_within_one_minor_of_the_cluster(fake, number, taken):
    program = fake(version(number))
    assert (find("1.37") == program) is taken


def test_one_that_cannot_say_its_version_is_passed_over(fake):
    program = fake("exit 1")
    assert find("1.37") != program


def test_its_version_is_asked_once_and_remembered(fake, tmp_path):
    fake(version("1.37.0"))
    for _ in range(2):
        find.cache_clear()  # as a new process would
        find("1.37")
    assert (tmp_path / "runs").read_text().count("run") == 1


def test_a_broken_memory_of_versions_is_no_harm(fake, tmp_path):
    program = fake(version("1.37.0"))
    memory = tmp_path / "home" / "cache" / "kubectl" / "versions.json"
    memory.parent.mkdir(parents=True)
    memory.write_text("{half")
    assert find("1.37") == program


def test_one_that_hangs_is_stopped_and_said(fake):
    program = fake("exec sleep 60")
    start = time.monotonic()
    with pytest.raises(ArcosError, match="does not answer") as caught:
        Kubectl(None, program=program).run("get", "pods", timeout=1)
    assert time.monotonic() - start < 10
    assert "gave no answer in 1 s" in caught.value.why


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_that_reaches_it_first_is_no_failure_of_the_cluster(fake):
    program = fake("kill -INT $$")
    with pytest.raises(KeyboardInterrupt):
        Kubectl(None, program=program).run("get", "pods")


def test_a_command_that_waits_by_itself_is_given_its_time(fake):
    program = fake('sleep 2; echo "$*"')
    said = Kubectl(None, program=program).run("wait", "--timeout=60s", "pod/x", timeout=1)
    assert "--request-timeout" not in said, "that would end its watch"


def test_a_silent_server_is_tried_again_for_as_long_as_patience_lasts(fake, tmp_path):
    mark = tmp_path / "second"
    refusal = "echo 'The connection to the server x was refused' >&2; exit 1"
    program = fake(f"[ -e {mark} ] && echo fine && exit 0\ntouch {mark}\n{refusal}")
    said = []
    with pytest.raises(ArcosError):
        Kubectl(None, program=program).run("get", "pods")
    mark.unlink()
    assert Kubectl(None, program=program).patient(5, said.append).run("get", "pods") == "fine\n"
    assert said == ["the cluster does not answer, trying again"]


def test_a_refusal_is_never_tried_again(fake, tmp_path):
    program = fake("echo 'Error from server (Forbidden): no' >&2; exit 1")
    with pytest.raises(ArcosError, match="may not do this"):
        Kubectl(None, program=program).patient(5).run("get", "pods")
    assert (tmp_path / "runs").read_text().count("run") == 1


def test_none_one_and_many_objects_are_read_alike():
    assert items("") == []
    assert items('{"kind": "Pod"}') == [{"kind": "Pod"}]
    assert items('{"kind": "List", "items": [{"kind": "Pod"}]}') == [{"kind": "Pod"}]


def test_the_command_names_the_cluster(tmp_path):
    command = Kubectl(tmp_path / "config", "ctx", program=tmp_path / "kubectl").command("get", "pods")
    assert command[0] == str(tmp_path / "kubectl")
    assert f"--kubeconfig={tmp_path / 'config'}" in command
    assert "--context=ctx" in command
    assert command[-2:] == ["get", "pods"]


def test_no_kubectl_at_all_says_how_to_get_one(fake, monkeypatch, tmp_path):
    monkeypatch.setattr(module.sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ArcosError, match="no kubectl that fits"):
        find("1.37")


class LoginPage(BaseHTTPRequestHandler):
    """What a proxy in front of a cluster answers to whoever is not signed in: a page, with status 200."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>Please sign in</html>")

    def log_message(self, *_):
        """Nothing."""


def test_a_page_is_no_answer_of_a_cluster(tmp_path):
    with ThreadingHTTPServer(("127.0.0.1", 0), LoginPage) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        config = tmp_path / "kubeconfig"
        config.write_text(json.dumps({
            "current-context": "x", "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
            "clusters": [{"name": "x", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
            "users": [{"name": "x", "user": {"token": "x"}}],
        }))  # fmt: skip
        with pytest.raises(ArcosError, match="is not what the kubeconfig expects") as refused:
            Kubectl(config).request("get", "/version")
        server.shutdown()
    assert "no object of Kubernetes: <html>Please sign in" in refused.value.why
