"""Cluster DNS of the local site: the real CoreDNS reads our Corefile and leads the site's names to its ingress."""

from __future__ import annotations

import re
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from arcos.images.build import build
from arcos.images.catalogue import find
from arcos.images.oci import Layout
from arcos.images.unpack import unpack
from arcos.paths import IMAGES
from arcos.progress import Progress
from arcos.render.evaluate import run
from components.coredns import CLUSTER_DNS_IP, CoreDns, CoreDnsArgs, corefile_for
from tests.real.site import free_port

ARGS = CoreDnsArgs(
    image="r/coredns:1@sha256:0",
    domain="local.arcos.localhost",
    ingress_service="ingress.ingress.svc.cluster.local",
)
#: What the answers in this test lead to.
INGRESS_IP = "10.1.2.3"


def test_every_plugin_of_the_corefile_is_in_our_image():
    main = (IMAGES / "coredns" / "main.go").read_text(encoding="utf-8")
    built = set(re.findall(r'plugin/(\w+)"', main))
    used = set(re.findall(r"^ {4}([a-z]+)", corefile_for(ARGS), flags=re.MULTILINE))
    assert {"kubernetes", "rewrite", "forward", "ready"} <= used <= built


def test_the_service_has_the_address_that_every_pod_is_told():
    [service] = [m for m in run(lambda: CoreDns("d", ARGS), stack="toy") if m["kind"] == "Service"]
    assert service["metadata"]["name"] == "kube-dns", "by this name tools find it"
    assert service["spec"]["clusterIP"] == CLUSTER_DNS_IP
    assert {(port["port"], port["protocol"]) for port in service["spec"]["ports"]} == {(53, "UDP"), (53, "TCP")}


def test_it_may_read_services_and_no_secret():
    [role] = [m for m in run(lambda: CoreDns("d", ARGS), stack="toy") if m["kind"] == "ClusterRole"]
    assert {resource for rule in role["rules"] for resource in rule["resources"]} == {
        "services",
        "namespaces",
        "endpointslices",
    }
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"list", "watch"}


def test_it_asks_the_nodes_resolver_and_not_itself():
    [deployment] = [m for m in run(lambda: CoreDns("d", ARGS), stack="toy") if m["kind"] == "Deployment"]
    assert deployment["spec"]["template"]["spec"]["dnsPolicy"] == "Default"


@pytest.fixture(scope="module")
def coredns(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program out of our own image, with no plugin but ours; the first time it is built, in minutes."""
    root = tmp_path_factory.mktemp("image")
    unpack(Layout(build(find("coredns"), Progress(quiet=True)).layout), root)
    return root / "coredns"


@pytest.fixture(scope="module")
def dns(coredns: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a real CoreDNS with our Corefile, but for the API server: a hosts entry stands for the Service."""
    port, health, ready = free_port(), free_port(), free_port()
    hosts = f"hosts {{\n        {INGRESS_IP} {ARGS.ingress_service}\n        fallthrough\n    }}\n"
    text = re.sub(r"kubernetes .*?\n    }\n", hosts, corefile_for(ARGS), flags=re.DOTALL)
    text = text.replace(".:1053", f".:{port}").replace(":8080", f"127.0.0.1:{health}").replace("lameduck 5s", "")
    text = text.replace(":8181", f"127.0.0.1:{ready}").replace("/etc/resolv.conf", f"127.0.0.1:{free_port()}")
    file = tmp_path_factory.mktemp("coredns") / "Corefile"
    file.write_text(text)
    process = subprocess.Popen([coredns, "-conf", file], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        _wait_until_it_answers(port, process)
        yield port
    finally:
        process.terminate()
        process.communicate(timeout=30)


def _wait_until_it_answers(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(100):
        assert process.poll() is None, "CoreDNS refuses our Corefile"
        try:
            _ask(port, ARGS.ingress_service)
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("CoreDNS does not answer")


def _ask(port: int, name: str) -> str | None:
    """The IPv4 address a name leads to. A query by hand, RFC 1035 section 4, spares a DNS library."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    query = struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.connect(("127.0.0.1", port))
        sock.send(query)
        answer = sock.recv(4096)
    answers = struct.unpack(">H", answer[6:8])[0]
    assert answer[12 : 12 + len(labels)] == labels, "the answer is about the name that was asked for"
    return ".".join(str(byte) for byte in answer[-4:]) if answers else None


@pytest.mark.api
@pytest.mark.parametrize("name", ["local.arcos.localhost", "hub.local.arcos.localhost", "a.b.local.arcos.localhost"])
def test_the_sites_names_lead_to_its_ingress(dns, name):
    assert _ask(dns, name) == INGRESS_IP


@pytest.mark.api
@pytest.mark.parametrize("name", ["notlocal.arcos.localhost", "localxarcos.localhost", "arcos.localhost"])
def test_other_names_do_not(dns, name):
    assert _ask(dns, name) is None
