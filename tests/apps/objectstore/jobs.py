"""The Job that a site has for a bucket in a cloud's store or at somebody else's: its files and its command."""

from __future__ import annotations

from dataclasses import replace

from apps.objectstore.config import ObjectStoreConfig
from apps.objectstore.objectstore import ObjectStore, ObjectStoreArgs
from arcos.render.evaluate import run
from components.bucket import Bucket, ObjectStorage
from components.facts import Facts

FACTS = Facts(name="x", title="X", contact="a@b.org", domain="x.org", storage_class="block")
URL = "https://s3.example.org"


def job(bucket: Bucket, cloud: str | None = None) -> tuple[dict[str, str], list[str]]:
    """What stands in its /etc/arcos, and what it runs; `URL` stands where a test has another address.

    `cloud` is the region of the cloud's own storage; without, the store is somebody else's.
    """
    binding = {"kind": "cloud"} if cloud else {"kind": "s3", "url": URL, "prefix": "site-"}
    config = ObjectStoreConfig.model_validate({"binding": binding})
    facts = replace(FACTS, object_storage=ObjectStorage(url=URL, region=cloud) if cloud else None)
    args = ObjectStoreArgs(config=config, facts=facts, images=lambda name: f"r/{name}@sha256:0", buckets=[bucket])
    made = run(lambda: ObjectStore("objectstore", args), stack="toy")
    [files] = [one["data"] for one in made if one["kind"] == "ConfigMap"]
    [its] = [one for one in made if one["kind"] == "Job"]
    [container] = its["spec"]["template"]["spec"]["containers"]
    return files, [*container["command"], *container["args"]]
