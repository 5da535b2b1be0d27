"""The address of a cloud's object storage: whether it is an S3's, and of which region, before anything is made there.

A real Swift is asked in `tests/apps/objectstore/test_swift.py`.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from arcos.checks import Level
from arcos.local.ports import free_ports
from arcos.preflight.openstack_storage import Answer, check, checks, judged, keys
from arcos.site.loader import load_site
from arcos.site.model import Site
from components.bucket import S3
from tests.certificates import Served, served

URL = "https://s3.example.edu.au"
#: As AWS's own documentation has it. https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
REFUSED = '<?xml version="1.0"?>\n<Error><Code>InvalidAccessKeyId</Code><Message>...</Message></Error>'
ELSEWHERE = "<Error><Code>AuthorizationHeaderMalformed</Code><Region>us-east-1</Region></Error>"
Serve = Callable[..., str]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Answers everything so, and keeps nothing open."""
    with ExitStack() as stack:

        def start(status: int, body: str, tls: Served | None = None) -> str:
            class Handler(BaseHTTPRequestHandler):
                def do_GET(self) -> None:
                    if "AWS4-HMAC-SHA256" not in self.headers["Authorization"]:
                        self.send_error(500)
                        return
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body.encode())

                def log_message(self, *_: object) -> None:
                    pass

            server = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
            if tls:
                (tmp_path / "tls.pem").write_text(tls.certificate + tls.key)
                context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
                context.load_cert_chain(tmp_path / "tls.pem")
                server.socket = context.wrap_socket(server.socket, server_side=True)
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            stack.callback(server.shutdown)
            return f"{'https://localhost' if tls else 'http://127.0.0.1'}:{server.server_port}"

        yield start


def test_an_s3_refuses_in_its_own_words(serve: Serve) -> None:
    found = check(serve(403, REFUSED), "us-east-1")
    assert (found.name, found.level) == ("cluster.objectStorage.url", Level.OK)


def test_a_region_that_is_not_the_stores_is_told_with_the_right_one(serve: Serve) -> None:
    found = check(serve(400, ELSEWHERE), "melbourne")
    assert (found.name, found.level) == ("cluster.objectStorage.region", Level.FAIL)
    assert (found.fix, "melbourne" in found.detail) == ("region: us-east-1", True)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, "<!doctype html><h1>Log in</h1>"),
        (404, "<html><h1>Not Found</h1></html>"),
        (300, '{"versions": []}'),
        (503, ""),
        (500, "<Error>no code</Error>"),
    ],
)
def test_whatever_else_answers_is_no_s3(serve: Serve, status: int, body: str) -> None:
    found = check(serve(status, body), "us-east-1")
    assert found.level is Level.FAIL
    assert f"not as an S3 (HTTP {status})" in found.detail
    assert "openstack catalog show s3" in found.fix


def test_nothing_that_answers_is_told_with_why() -> None:
    (port,) = free_ports(1)
    found = check(f"http://127.0.0.1:{port}", "us-east-1")
    assert found.level is Level.FAIL
    assert found.detail == f"http://127.0.0.1:{port} does not answer: [Errno 111] Connection refused"


def test_the_address_of_swifts_own_api_is_doubted_though_it_answers() -> None:
    found = judged(f"{URL}/v1/AUTH_abc", "us-east-1", Answer(status=403, words=REFUSED))
    assert (found.level, "/v1/AUTH_abc" in found.detail) == (Level.WARN, True)
    assert judged(f"{URL}/", "us-east-1", Answer(status=403, words=REFUSED)).level is Level.OK


def site(url: str, authority: str | None = None) -> Site:
    """The repository's own, with another address."""
    whole = load_site("nectar-qld")
    there = S3(url=url, authority=authority)
    return whole.model_copy(update={"cluster": whole.cluster.model_copy(update={"object_storage": there})})


def test_a_sites_own_storage_is_asked_by_the_authority_that_the_site_names(serve: Serve) -> None:
    tls = served("localhost")
    url = serve(403, REFUSED, tls)
    found, _ = checks(site(url, tls.authority))
    assert found.level is Level.OK
    found, _ = checks(site(url))
    assert (found.level, "CERTIFICATE_VERIFY_FAILED" in found.detail) == (Level.FAIL, True)


def test_keys_that_the_stack_does_not_hold_are_asked_for_before_the_cluster_is_made() -> None:
    found = keys("uni", {"arcos:bucketAccessKey"})
    assert found.level is Level.FAIL
    assert found.fix.endswith("; pulumi config set --secret arcos:bucketSecretKey -s uni")
    assert keys("uni", {"arcos:bucketAccessKey", "arcos:bucketSecretKey"}).level is Level.OK


def test_a_site_whose_buckets_are_elsewhere_asks_nobody() -> None:
    assert not [*checks(load_site("hpc-perth"))]
