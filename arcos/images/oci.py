"""Writing and reading OCI images as files, the same bytes for the same content on every machine.

Owns the layer, the configuration, the manifest and the folder they lie in; knows nothing of recipes.
https://specs.opencontainers.org/image-spec/ (layer, config, manifest, image-layout)
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
EMPTY = "application/vnd.oci.empty.v1+json"


@dataclass(frozen=True)
class Blob:
    """Content by its digest: how OCI's files refer to each other."""

    media_type: str
    digest: str
    size: int

    def descriptor(self) -> dict[str, Any]:
        """As it stands in a manifest or an index."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size}


@dataclass(frozen=True)
class File:
    """A file of a layer: where its bytes are, and its mode. All belong to root, so that no program changes itself."""

    content: bytes | Path
    mode: int = 0o644


def sha256(stream: IO[bytes]) -> str:
    """The digest of a stream, as OCI writes it."""
    return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"  # type: ignore[arg-type]


def write_tar(files: Mapping[str, File], out: Path) -> None:
    """Write files (by absolute path) and their folders in order, without times, names of owners or gaps."""
    folders = {str(parent).lstrip("/") for path in files for parent in Path(path).parents} - {""}
    entries: dict[str, File | None] = dict.fromkeys(folders)
    entries.update({path.lstrip("/"): file for path, file in files.items()})
    with tarfile.open(out, "w", format=tarfile.USTAR_FORMAT) as tar:
        for path, file in sorted(entries.items()):
            entry = tarfile.TarInfo(path)
            if file is None:
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(entry)
                continue
            entry.mode = file.mode
            if isinstance(file.content, bytes):
                entry.size = len(file.content)
                tar.addfile(entry, io.BytesIO(file.content))
            else:
                entry.size = file.content.stat().st_size
                with file.content.open("rb") as content:
                    tar.addfile(entry, content)


def canonical(data: Mapping[str, Any]) -> bytes:
    """JSON in the one form that gives one digest."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


class Layout:
    """A folder in OCI's image layout, with one manifest."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def blob(self, digest: str) -> Path:
        """Where content lies."""
        return self.folder / "blobs" / digest.replace(":", "/")

    def add(self, media_type: str, content: bytes | Path) -> Blob:
        """Put content in; a file is moved."""
        if isinstance(content, bytes):
            digest = sha256(io.BytesIO(content))
        else:
            with content.open("rb") as stream:
                digest = sha256(stream)
        place = self.blob(digest)
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            place.write_bytes(content)
        else:
            shutil.move(content, place)
        place.chmod(0o644)
        return Blob(media_type, digest, place.stat().st_size)

    def finish(self, manifest: Mapping[str, Any]) -> Blob:
        """Add the manifest and the two files that make the folder a layout."""
        blob = self.add(MANIFEST, canonical(manifest))
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [blob.descriptor()]}
        (self.folder / "index.json").write_bytes(canonical(index))
        (self.folder / "oci-layout").write_bytes(canonical({"imageLayoutVersion": "1.0.0"}))
        return blob

    def manifest_blob(self) -> Blob:
        """The manifest's own descriptor."""
        entry = json.loads((self.folder / "index.json").read_bytes())["manifests"][0]
        return Blob(entry["mediaType"], entry["digest"], entry["size"])

    def manifest(self) -> dict[str, Any]:
        """The manifest."""
        data: dict[str, Any] = json.loads(self.blob(self.manifest_blob().digest).read_bytes())
        return data

    def blobs(self) -> tuple[Blob, ...]:
        """All content, the manifest first."""
        manifest = self.manifest()
        entries = (manifest["config"], *manifest["layers"])
        return (self.manifest_blob(), *(Blob(one["mediaType"], one["digest"], one["size"]) for one in entries))

    def damaged(self) -> tuple[str, ...]:
        """Digests of content that is missing or not what its name says."""
        return tuple(blob.digest for blob in self.blobs() if not _intact(self.blob(blob.digest), blob))


def _intact(file: Path, blob: Blob) -> bool:
    if not file.is_file() or file.stat().st_size != blob.size:
        return False
    with file.open("rb") as stream:
        return sha256(stream) == blob.digest
