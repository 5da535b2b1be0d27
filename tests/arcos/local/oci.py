"""An image for the node's tests, made of one static Go program in an OCI layout; no builder, no registry."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

from arcos.toolchain.go import Go

TOOL = Path(__file__).parent / "tool"


def build_tool(folder: Path, go: Go) -> Path:
    """Compile the program of `tool/`."""
    go.run(["build", "-ldflags=-s -w", "-o", str(folder / "tool"), "."], TOOL)
    return folder / "tool"


def archive(program: Path, repository: str, into: Path) -> str:
    """Write the image into the file `into` and return its reference, by digest."""
    layer = _tar({"tool": (program.read_bytes(), 0o755)})
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Entrypoint": ["/tool"], "User": "65532:65532"},
        "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
    }
    blobs = {"config": json.dumps(config).encode(), "layer": layer}
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": _descriptor("application/vnd.oci.image.config.v1+json", blobs["config"]),
        "layers": [_descriptor("application/vnd.oci.image.layer.v1.tar", layer)],
    }
    blobs["manifest"] = json.dumps(manifest).encode()
    reference = f"{repository}@{_digest(blobs['manifest'])}"
    listed = _descriptor(manifest["mediaType"], blobs["manifest"])
    listed["annotations"] = {"io.containerd.image.name": reference}
    files = {f"blobs/sha256/{_digest(blob)[7:]}": (blob, 0o644) for blob in blobs.values()}
    files["oci-layout"] = (b'{"imageLayoutVersion": "1.0.0"}', 0o644)
    files["index.json"] = (json.dumps({"schemaVersion": 2, "manifests": [listed]}).encode(), 0o644)
    into.write_bytes(_tar(files))
    return reference


def _descriptor(kind: str, blob: bytes) -> dict[str, Any]:
    return {"mediaType": kind, "digest": _digest(blob), "size": len(blob)}


def _digest(blob: bytes) -> str:
    return f"sha256:{hashlib.sha256(blob).hexdigest()}"


def _tar(files: dict[str, tuple[bytes, int]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, (content, mode) in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), mode
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
