"""The project's own registry program on this machine, over https, with an image of somebody else's in it."""

from __future__ import annotations

import gzip
import io
import json
import ssl
import subprocess
import tarfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from arcos.images.oci import CONFIG, INDEX, LAYER, MANIFEST
from arcos.paths import ROOT
from tests.arcos.local.oci import _descriptor, _digest
from tests.real.site import free_port


def layer(files: dict[str, bytes], mode: int = 0o755) -> bytes:
    """A compressed layer of these files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), mode
            tar.addfile(member, io.BytesIO(content))
    return gzip.compress(buffer.getvalue(), mtime=0)


def image(layers: list[bytes], architecture: str, **config: Any) -> dict[bytes, str]:
    """An image's contents with their media types; the manifest is the last."""
    about = {
        "architecture": architecture,
        "os": "linux",
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": [_digest(gzip.decompress(one)) for one in layers]},
    }
    text = json.dumps(about).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": _descriptor(CONFIG, text),
        "layers": [_descriptor(LAYER, one) for one in layers],
    }
    return {**dict.fromkeys(layers, LAYER), text: CONFIG, json.dumps(manifest).encode(): MANIFEST}


@dataclass
class Served:
    """A registry that speaks https only; its certificate is known to those who are given `authority`."""

    host: str
    authority: Path
    log: Path
    trust: ssl.SSLContext = field(repr=False)

    def put(self, repository: str, tag: str, images: dict[str, dict[bytes, str]]) -> dict[str, str]:
        """Publish an image for several architectures under one tag; the digest of each one's manifest."""
        listed, digests = [], {}
        for architecture, contents in images.items():
            *blobs, manifest = contents
            for blob in blobs:
                self._blob(repository, blob)
            digests[architecture] = _digest(manifest)
            self._ask("PUT", f"{repository}/manifests/{digests[architecture]}", manifest, MANIFEST)
            platform = {"os": "linux", "architecture": architecture}
            listed.append({**_descriptor(MANIFEST, manifest), "platform": platform})
        index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": listed}).encode()
        self._ask("PUT", f"{repository}/manifests/{tag}", index, INDEX)
        return digests

    def _blob(self, repository: str, blob: bytes) -> None:
        place = self._ask("POST", f"{repository}/blobs/uploads/", b"", "")["Location"]
        path = place.partition("/v2/")[2]
        self._ask("PUT", f"{path}&digest={_digest(blob)}", blob, "application/octet-stream")

    def _ask(self, method: str, path: str, body: bytes, kind: str) -> Any:
        headers = {"Content-Type": kind} if kind else {}
        request = urllib.request.Request(f"https://{self.host}/v2/{path}", body, headers, method=method)
        with urllib.request.urlopen(request, timeout=30, context=self.trust) as answer:
            return answer.headers


@contextmanager
def served(program: Path, folder: Path) -> Iterator[Served]:
    """The registry with our own configuration, but for the bucket and who may do what."""
    port = free_port()
    _certificate(folder)
    config = yaml.safe_load((ROOT / "apps" / "registry" / "config.yml").read_text())
    del config["auth"], config["storage"]["s3"]
    config["storage"]["filesystem"] = {"rootdirectory": str(folder / "store")}
    config["http"]["addr"] = f"127.0.0.1:{port}"
    config["http"]["debug"]["addr"] = f"127.0.0.1:{free_port()}"
    config["http"]["tls"] = {"certificate": str(folder / "tls.crt"), "key": str(folder / "tls.key")}
    (folder / "config.yml").write_text(yaml.safe_dump(config))
    here = Served(
        host=f"localhost:{port}",
        authority=folder / "tls.crt",
        log=folder / "log",
        trust=ssl.create_default_context(cafile=folder / "tls.crt"),
    )
    with here.log.open("wb") as log:
        command = [program, "serve", folder / "config.yml"]
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env={"OTEL_TRACES_EXPORTER": "none"})
    try:
        _wait(here, process)
        yield here
    finally:
        process.kill()
        process.wait(30)


def _wait(here: Served, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        assert process.poll() is None, here.log.read_text()
        try:
            here._ask("GET", "", b"", "")
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"the registry does not answer: {here.log.read_text()}")


def _certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "tls.crt").write_bytes(made.public_bytes(pem))
    (folder / "tls.key").write_bytes(key.private_bytes(pem, pkcs8, serialization.NoEncryption()))
