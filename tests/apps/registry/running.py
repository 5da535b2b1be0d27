"""The real registry and its gate on this machine, with our own files, and skopeo as people and programs use it."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import subprocess
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from arcos.images.build import build
from arcos.images.catalogue import find
from arcos.images.oci import CONFIG, LAYER, MANIFEST, Layout
from arcos.images.unpack import unpack
from arcos.paths import ROOT
from arcos.progress import Progress
from tests.apps.ingress.running import _certificate
from tests.arcos.local.oci import _descriptor, _digest
from tests.certificates import served
from tests.real.site import free_port

HERE = ROOT / "apps" / "registry"
ROBOTS = [
    {"name": "builder", "repositories": ["lab/*", "public/*", "builds/*"], "push": True},
    {"name": "reader", "repositories": ["lab/*", "mirror/*"], "push": False},
]
SECRETS = {name: f"{name}-secret-of-a-test" for name in ("builder", "reader")}


@dataclass
class Running:
    """One registry behind its gate, a copy of it behind the same gate, and where their files are."""

    folder: Path
    port: int
    internal: int
    store: Path
    cache: Path
    config: Path
    collect: Path
    programs: dict[str, Path]
    upstream: str
    #: Variables by which the registry, not the copy, keeps its images in a bucket; none: in `store`.
    bucket: dict[str, str]
    commands: dict[str, list[str | Path]] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def host(self) -> str:
        """What stands before a repository's name."""
        return f"127.0.0.1:{self.port}"

    def start(self, name: str) -> None:
        """Start one of the programs, and wait until it answers."""
        with (self.folder / f"{name}.log").open("ab") as log:
            known = {"AUTHORITIES_FILE": str(self.folder / "authority.pem")} if name == "cache" else {}
            told = ENVIRONMENT | known | (self.bucket if name == "registry" else {})
            process = subprocess.Popen(self.commands[name], stdout=log, stderr=subprocess.STDOUT, env=told)
        self.processes[name] = process
        _wait(self.folder / f"{name}.log", process, self.ports[name])

    def stop(self, name: str) -> None:
        """Kill one of them."""
        self.processes[name].kill()
        self.processes[name].wait(30)

    def skopeo(self, *arguments: str, fails: bool = False) -> str:
        """Run skopeo, which must do as it is told, or must not."""
        policy = "--insecure-policy"
        home = {**os.environ, "HOME": str(self.folder), "XDG_RUNTIME_DIR": str(self.folder)}
        done = subprocess.run(["skopeo", policy, *arguments], capture_output=True, text=True, timeout=120, env=home)
        assert (done.returncode != 0) == fails, f"skopeo {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def push(self, image: Path, name: str, robot: str = "builder", *, fails: bool = False) -> str:
        """Push an image as a robot."""
        target = f"docker://{self.host}/{name}"
        login = f"--dest-creds={robot}:{SECRETS[robot]}"
        return self.skopeo("copy", "--dest-tls-verify=false", login, f"oci:{image}", target, fails=fails)

    def pull(self, name: str, into: Path, robot: str = "", *, fails: bool = False) -> str:
        """Pull an image as a robot, or as nobody."""
        login = [f"--src-creds={robot}:{SECRETS[robot]}"] if robot else ["--src-no-creds"]
        source = f"docker://{self.host}/{name}"
        return self.skopeo("copy", "--src-tls-verify=false", *login, source, f"oci:{into}", fails=fails)

    def delete(self, name: str, robot: str = "builder", *, fails: bool = False) -> str:
        """Delete a tag's manifest by its digest, as skopeo does."""
        login = f"--creds={robot}:{SECRETS[robot]}"
        return self.skopeo("delete", "--tls-verify=false", login, f"docker://{self.host}/{name}", fails=fails)

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Any:
        """Ask the gate: status, headers, body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        told = answer.status, dict(answer.headers), answer.read().decode()
        connection.close()
        return told

    def token(self, *scopes: str, robot: str = "builder") -> dict[str, str]:
        """A token's header for some scopes."""
        query = "&".join([f"service={self.host}", *(f"scope={scope}" for scope in scopes)])
        login = {"Authorization": basic(robot, SECRETS[robot])}
        status, _, body = self.ask("GET", f"/token?{query}", login)
        assert status == 200, body
        return {"Authorization": f"Bearer {json.loads(body)['token']}"}

    def blobs(self) -> int:
        """How many bytes of layers and manifests are stored."""
        return sum(file.stat().st_size for file in self.store.rglob("blobs/*/*/*/data"))

    def run_collect(self, *, fails: bool = False) -> str:
        """Remove garbage as the site does by night."""
        command = self.collect_command()
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=ENVIRONMENT | self.bucket)
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout + done.stderr

    def collect_command(self) -> list[str]:
        """What the site's job runs."""
        window = f"--window=http://127.0.0.1:{self.internal}/read-only"
        return [str(self.programs["registry"]), "collect", window, f"--secret={self.collect}", str(self.config)]

    @contextmanager
    def window(self) -> Iterator[None]:
        """Be the collector: nobody writes until this is closed."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.internal, timeout=60)) as connection:
            connection.request("POST", "/read-only", headers={"Authorization": f"Bearer {self.collect.read_text()}"})
            with closing(connection.getresponse()) as answer:
                assert answer.status == 200, answer.read()
                yield


#: Nothing of this machine's own environment decides.
ENVIRONMENT = {"PATH": os.defpath, "OTEL_TRACES_EXPORTER": "none"}


def basic(name: str, secret: str) -> str:
    """A header with a name and a secret."""
    return "Basic " + b64encode(f"{name}:{secret}".encode()).decode()


def image(folder: Path, content: bytes) -> Path:
    """An OCI image with a layer of this content."""
    layer = gzip.compress(content, mtime=0)
    config = json.dumps(
        {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [_digest(content)]}}
    ).encode()
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": _descriptor(CONFIG, config),
            "layers": [_descriptor(LAYER, layer)],
        }
    ).encode()
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    for blob in (layer, config, manifest):
        (blobs / _digest(blob)[7:]).write_bytes(blob)
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [_descriptor(MANIFEST, manifest)]}))
    return folder


def programs(folder: Path) -> dict[str, Path]:
    """The registry and its gate, out of their images."""
    found = {}
    for name in ("registry", "registry-gate"):
        unpack(Layout(build(find(name), Progress(quiet=True)).layout), folder / f"image-{name}")
        found[name] = folder / f"image-{name}" / name
    return found


@contextmanager
def running(programs: dict[str, Path], folder: Path, bucket: dict[str, str] | None = None) -> Iterator[Running]:
    """The registry, a cache of another one with TLS of an authority of its own, and the gate before both."""
    port, internal, main, cache = free_port(), free_port(), free_port(), free_port()
    upstream = free_port()
    here = Running(
        folder=folder,
        port=port,
        internal=internal,
        store=folder / "store",
        cache=folder / "cache",
        config=folder / "config.yml",
        collect=folder / "collect",
        programs=programs,
        upstream=f"localhost:{upstream}",
        bucket=bucket or {},
    )
    _files(here, main=main, cache=cache, upstream=upstream)
    here.ports |= {"registry": main, "upstream": upstream, "cache": cache, "gate": port}
    here.commands |= {
        "registry": [programs["registry"], "serve", here.config],
        "upstream": [programs["registry"], "serve", folder / "upstream.yml"],
        "cache": [programs["registry"], "serve", folder / "cache.yml"],
        "gate": gate_command(here),
    }
    with ExitStack() as stack:
        for name in here.commands:
            stack.callback(lambda name=name: here.stop(name) if name in here.processes else None)
            here.start(name)
        yield here


def gate_command(here: Running) -> list[str | Path]:
    """The gate, as its pod runs it but for where its files are; impatient, since a test has no night."""
    folder = here.folder
    flags = {
        "config": f"{folder}/gate.json",
        "key": f"{folder}/tls.key",
        "robots": f"{folder}/robots",
        "collector": f"{here.collect}",
        "database": "postgres://nobody@127.0.0.1:1/none",
        "password": f"{here.collect}",
        "listen": here.host,
        "internal": f"127.0.0.1:{here.internal}",
        "starting": "1s",
        "quiet": "1s",
        "drain": "0s",
    }
    return [str(here.programs["registry-gate"]), *(f"-{name}={value}" for name, value in flags.items())]


def _files(here: Running, *, main: int, cache: int, upstream: int) -> None:
    folder = here.folder
    _certificate(folder)
    here.collect.write_text("secret-of-the-collector")
    for name, secret in SECRETS.items():
        (folder / "robots" / name).mkdir(parents=True)
        (folder / "robots" / name / "password").write_text(secret)
    config = {
        "url": f"http://{here.host}",
        "title": "A test",
        "contact": "ops@x.org",
        "registry": f"http://127.0.0.1:{main}",
        "caches": [{"name": "mirror", "address": f"http://127.0.0.1:{cache}", "upstream": "another registry"}],
        "robots": ROBOTS,
        "public": ["public/*"],
        "private": ["lab/secret*"],
        "moving": ["latest"],
        "operator": "operators",
        "reserved": ["lab"],
        "days": 30,
        "signOut": "/oauth2/sign-out",
    }
    (folder / "gate.json").write_text(json.dumps(config))
    ours = yaml.safe_load((HERE / "config.yml").read_text())
    token = ours["auth"]["token"]
    token |= {"realm": f"http://{here.host}/token", "service": here.host, "rootcertbundle": f"{folder}/tls.crt"}
    _place(ours, here.config, None if here.bucket else here.store, main)
    copy = yaml.safe_load((HERE / "cache.yml").read_text())
    copy["proxy"]["remoteurl"] = f"https://{here.upstream}"
    _place(copy, folder / "cache.yml", here.cache, cache)
    other = yaml.safe_load((HERE / "config.yml").read_text())
    del other["auth"]
    known = served("localhost")
    (folder / "authority.pem").write_text(known.authority)
    (folder / "upstream.crt").write_text(known.certificate)
    (folder / "upstream.key").write_text(known.key)
    other["http"]["tls"] = {"certificate": f"{folder}/upstream.crt", "key": f"{folder}/upstream.key"}
    _place(other, folder / "upstream.yml", folder / "upstream", upstream)


def _place(config: dict[str, Any], file: Path, store: Path | None, port: int) -> None:
    """A file of ours as it is, but for what only a pod has: the ports and, unless there is no `store`, the bucket."""
    if store:
        del config["storage"]["s3"]
        config["storage"]["filesystem"] = {"rootdirectory": str(store)}
    config["http"]["addr"] = f"127.0.0.1:{port}"
    config["http"]["debug"]["addr"] = f"127.0.0.1:{free_port()}"
    file.write_text(yaml.safe_dump(config))


def _wait(log: Path, process: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        assert process.poll() is None, f"it ended: {log.read_text()}"
        with suppress(OSError), closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
            connection.request("GET", "/v2/")
            connection.getresponse().read()
            return
        time.sleep(0.05)
    pytest.fail(f"it does not answer: {log.read_text()}")
