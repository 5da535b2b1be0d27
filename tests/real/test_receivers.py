"""Who is told of alerts over https: one whose authority the site file names, and not one whom nobody vouches for."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.certificates import Served, served
from tests.real.site import FULL, RealSite, full_with

pytestmark = pytest.mark.real

HOST = "told.default.svc.cluster.local"
KNOWN, UNKNOWN = 8443, 9443
#: Alertmanager waits for half a minute whether more is to be told.
PATIENCE = 150
#: Serves https at both ports, each with its own certificate, and prints what it is told.
SERVER = f"""
import http.server, ssl, threading
class Told(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        said = self.rfile.read(int(self.headers["Content-Length"])).decode()
        print("told at", self.server.server_port, self.headers["Authorization"], said, flush=True)
        self.send_response(200)
        self.end_headers()
    def log_message(self, *args):
        pass
for port in ({KNOWN}, {UNKNOWN}):
    server = http.server.ThreadingHTTPServer(("", port), Told)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"/tls/{{port}}.crt", f"/tls/{{port}}.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever).start()
print("listening", flush=True)
"""
TOKEN = "the-token-of-a-receiver"


def _objects(image: str, certificates: dict[int, Served]) -> list[dict[str, Any]]:
    files = {f"{port}.crt": one.certificate for port, one in certificates.items()}
    files |= {f"{port}.key": one.key for port, one in certificates.items()}
    container = {
        "name": "main",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["/usr/bin/python3.11", "-c", SERVER],
        "volumeMounts": [{"name": "tls", "mountPath": "/tls", "readOnly": True}],
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "64Mi"}},
    }
    volume = {"name": "tls", "secret": {"secretName": "told"}}
    meta = {"name": "told", "namespace": "default", "labels": {"app": "told"}}
    ports = [{"name": f"at-{port}", "port": port} for port in certificates]
    token = {"name": "chat", "namespace": "monitoring"}
    return [
        {"apiVersion": "v1", "kind": "Secret", "metadata": token, "stringData": {"token": TOKEN}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": files},
        {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": [container], "volumes": [volume]}},
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": meta,
            "spec": {"selector": {"app": "told"}, "ports": ports},
        },
    ]


@pytest.fixture(scope="module")
def told(site: RealSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSite]:
    """A server in the cluster, and a site that names it as its receiver at both of its ports."""
    certificates = {port: served(HOST) for port in (KNOWN, UNKNOWN)}
    images = "jsonpath={.spec.template.spec.initContainers[*].image}"
    brought = site.kubectl("get", "daemonset", "notebook-images", "-n", "notebooks", "-o", images).split()
    minimal = next(image for image in brought if "/notebook-minimal" in image)
    file: Path = tmp_path_factory.mktemp("told") / "objects.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": _objects(minimal, certificates)}))
    receivers = [
        {"kind": "webhook", "name": "known", "url": f"https://{HOST}:{KNOWN}/", "secret": "chat"},
        {"kind": "webhook", "name": "unknown", "url": f"https://{HOST}:{UNKNOWN}/"},
    ]
    authorities = [certificates[KNOWN].authority]
    site.write(full_with(monitoring={"receivers": receivers, "authorities": authorities}))
    try:
        site.kubectl("apply", "--filename", str(file))
        site.kubectl("wait", "pod/told", "-n", "default", "--for=condition=Ready", "--timeout=120s")
        site.arcosctl("up", site.name)
        yield site
    finally:
        site.write(FULL)
        site.arcosctl("up", site.name)
        site.kubectl("delete", "--filename", str(file), "--ignore-not-found", "--wait=false")


def _fire(site: RealSite) -> None:
    """An alert, sent as Prometheus would from inside the cluster."""
    alert = {"labels": {"alertname": "ToldByATest", "severity": "critical", "app": "test"}}
    script = (
        "import sys, urllib.request as ask\n"
        "url = 'http://alertmanager.monitoring.svc.cluster.local:9093/api/v2/alerts'\n"
        "sent = ask.Request(url, sys.argv[1].encode(), {'Content-Type': 'application/json'})\n"
        "print(ask.urlopen(sent, timeout=10).status)"
    )
    command = ("/usr/bin/python3.11", "-c", script, json.dumps([alert]))
    assert site.kubectl("exec", "told", "-n", "default", "--", *command).strip() == "200"


def test_a_receiver_by_https_is_told_if_its_authority_is_known_and_only_then(told: RealSite) -> None:
    _fire(told)
    end = time.monotonic() + PATIENCE
    while "ToldByATest" not in (said := told.kubectl("logs", "told", "-n", "default")):
        assert time.monotonic() < end, told.kubectl("logs", "alertmanager-0", "-n", "monitoring", "--tail=20")
        time.sleep(3)
    assert f"told at {KNOWN} Bearer {TOKEN}" in said, "and it knows who tells it"
    assert f"told at {UNKNOWN}" not in said
    complaint = "certificate signed by unknown authority"
    while complaint not in told.kubectl("logs", "alertmanager-0", "-n", "monitoring"):
        assert time.monotonic() < end, "the operator finds out why"
        time.sleep(3)
