"""AWS on this machine: a real moto server over HTTP, and a stand-in before it for what moto does not know.

The stand-in answers three questions in AWS's own format, which botocore reads by AWS's model, and hands everything else
on to moto: EKS's versions, quotas, and IAM's simulation.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Account:
    """What the stand-in says: minors with their support, quotas by code, and the actions that IAM would refuse."""

    versions: dict[str, str] = field(default_factory=lambda: {"1.36": "STANDARD_SUPPORT", "1.37": "STANDARD_SUPPORT"})
    quotas: dict[str, float] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()
    silent: bool = False
    """It refuses all three questions, as AWS does who is not allowed to ask."""
    page: str = ""
    """What it says to everything, as the page of a network that wants somebody to sign in."""
    simulated: list[str] = field(default_factory=list)

    def answer(self, path: str, target: str, body: bytes) -> tuple[int, str, str] | None:
        """Status, type and text; None where moto knows better."""
        if self.page:
            return 503, "text/html", self.page
        if path.startswith("/cluster-versions"):
            if self.silent:
                return 403, "application/json", json.dumps({"__type": "AccessDeniedException", "message": "not you"})
            told = [{"clusterVersion": minor, "versionStatus": now} for minor, now in self.versions.items()]
            return 200, "application/json", json.dumps({"clusterVersions": told})
        if target.startswith("ServiceQuotas"):
            if self.silent:
                return 400, "application/x-amz-json-1.1", json.dumps({"__type": "AccessDeniedException"})
            code = json.loads(body)["QuotaCode"]
            quota = {"QuotaCode": code, "Value": self.quotas.get(code, 256.0)}
            return 200, "application/x-amz-json-1.1", json.dumps({"Quota": quota})
        form = urllib.parse.parse_qs(body.decode(errors="replace"))
        if form.get("Action") == ["SimulatePrincipalPolicy"]:
            return (403, "text/xml", _DENIED) if self.silent else (200, "text/xml", self._simulation(form))
        return None

    def _simulation(self, form: dict[str, list[str]]) -> str:
        names = [values[0] for key, values in form.items() if key.startswith("ActionNames.member.")]
        self.simulated += names
        members = "".join(
            f"<member><EvalActionName>{name}</EvalActionName>"
            f"<EvalDecision>{'implicitDeny' if name in self.refused else 'allowed'}</EvalDecision></member>"
            for name in names
        )
        result = f"<IsTruncated>false</IsTruncated><EvaluationResults>{members}</EvaluationResults>"
        return (
            '<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">'
            f"<SimulatePrincipalPolicyResult>{result}</SimulatePrincipalPolicyResult>"
            "</SimulatePrincipalPolicyResponse>"
        )


#: Where AWS's services that speak REST say which error it is, and S3 where a bucket is.
_TOLD = ("x-amzn-ErrorType", "x-amz-bucket-region")
_DENIED = (
    '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type>'
    "<Code>AccessDenied</Code><Message>not you</Message></Error></ErrorResponse>"
)


@contextmanager
def moto() -> Iterator[str]:
    """A moto server; the value is its address. Nobody may use another account's buckets, as in AWS."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    env = os.environ | {"MOTO_S3_ALLOW_CROSSACCOUNT_ACCESS": "false"}
    server = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{url}/moto-api/data.json", timeout=5).close()
                break
            except OSError:
                assert server.poll() is None, "moto ended"
                time.sleep(0.2)
        yield url
    finally:
        server.terminate()
        server.wait()


@contextmanager
def before(moto_url: str, account: Account) -> Iterator[str]:
    """The stand-in before a moto server; the value is its address."""

    class Handler(BaseHTTPRequestHandler):
        def _reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            found = account.answer(self.path, self.headers.get("X-Amz-Target", ""), body)
            status, kind, text, more = (*found, {}) if found else self._moto(body)
            raw = text.encode()
            self.send_response(status)
            for name, value in (more | {"Content-Type": kind, "Content-Length": str(len(raw))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(raw)

        def _moto(self, body: bytes) -> tuple[int, str, str, dict[str, str]]:
            headers = {key: value for key, value in self.headers.items() if key.lower() != "content-length"}
            asked = urllib.request.Request(
                moto_url + self.path, data=body or None, headers=headers, method=self.command
            )
            try:
                answer = urllib.request.urlopen(asked, timeout=60)
            except urllib.error.HTTPError as error:
                answer = error
            with answer:
                told = answer.headers
                more = {name: told[name] for name in _TOLD if name in told}
                return answer.status, told.get("Content-Type", ""), answer.read().decode(), more

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _reply  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
