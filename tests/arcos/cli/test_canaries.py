"""No secret is seen outside the cluster: each one gets a value of its own, and none of them turns up anywhere.

Every Secret that a pod of the site mounts is made ahead, whoever would bring it: a person (federations, receivers,
mail, external S3, a certificate) or the seeder, which leaves alone what is there. Then commands are run as people do.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from arcos.apply.needed import secrets_needed
from arcos.render.evaluate import evaluate
from arcos.site.loader import load_site
from tests.real.site import SITE_FILE, RealSite

pytestmark = [pytest.mark.api, pytest.mark.long]

#: With everything that somebody brings a secret for.
SITE = (
    SITE_FILE.replace("ingress: {{}}", "ingress: {{tls: {{kind: secret, name: own-certificate}}}}")
    + """\
      objectstore:
        binding: {{kind: s3, url: "https://s3.example.org", prefix: arcos-}}
        buckets: [{{name: data, quota: 1Gi}}]
      database: {{}}
      auth:
        federations:
          - {{kind: oidc, name: aaf, issuer: "https://aaf.example.org", clientId: arcos}}
          - {{kind: orcid, name: orcid, clientId: arcos, secret: orcid-secret}}
      jupyterhub: {{}}
      monitoring:
        receivers:
          - {{kind: webhook, name: chat, url: "https://chat.example.org/h", secret: chat-token}}
          - {{kind: email, name: team, to: ops@x.org, sender: a@x.org, server: smtp.x.org, username: a, secret: smtp}}
        grafana: {{}}
      registry: {{robots: [{{name: builder, repositories: ["lab/*"], push: true}}]}}
"""
)
#: What every value starts with: nine letters, so that they stand at the start of what Kubernetes writes too.
MARK = "kanarinia"
#: What somebody has to bring.
BROUGHT = {
    "auth/federation-aaf",
    "auth/orcid-secret",
    "database/bucket-database-backup",
    "ingress/own-certificate",
    "monitoring/chat-token",
    "monitoring/smtp",
    "objectstore/bucket-data",
    "registry/bucket-registry",
}
#: Some of those that the seeder would make.
MADE = {"auth/auth-admin", "auth/oidc-grafana", "jupyterhub/jupyterhub-keys", "monitoring/grafana-key"}
#: What the programs of a Secret's users look for; a value goes into each.
KEYS = ("password", "token", "client-secret", "access-key", "secret-key", "tls.crt", "tls.key", "ca.crt", "ca.key")


@dataclass
class Planted:
    """A site, the value in each of its secrets, and all that was said."""

    site: RealSite
    values: dict[str, str] = field(default_factory=dict)
    """By `namespace/name/key`."""
    said: dict[str, str] = field(default_factory=dict)
    """Output by command."""

    def run(self, *arguments: str) -> None:
        """Run a command and keep what it says, however it ends."""
        running = self.site.start(*arguments)
        self.said[" ".join(arguments)], _ = running.communicate(timeout=600)

    def seen_in(self, text: str) -> set[str]:
        """The secrets whose value is in a text, plain or as Kubernetes writes it."""
        if MARK not in text and base64.b64encode(MARK.encode()).decode() not in text:
            return set()
        ways = {where: (value, base64.b64encode(value.encode()).decode()) for where, value in self.values.items()}
        return {where for where, both in ways.items() if any(one in text for one in both)}


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    base = tmp_path_factory.mktemp("canary")
    here = Planted(RealSite("canary", base))
    here.site.write(SITE)
    try:
        here.site.arcosctl("up", "canary", "--simulate", "--cluster-only")
        here.run("up", "canary", "--simulate")
        assert "secrets are missing" in here.said["up canary --simulate"], "nobody has brought them yet"
        _plant(here)
        here.run("check", "canary")
        here.run("render", "canary")
        here.run("render", "canary", "--out", str(base / "rendered"))
        here.run("diff", "canary")
        here.site.arcosctl("up", "canary", "--simulate", "--timeout", "300")
        here.run("up", "canary", "--simulate", "--timeout", "300")
        for command in (("diff", "--json"), ("status",), ("status", "--json"), ("doctor", "--json")):
            here.run(command[0], "canary", *command[1:])
        here.run("secrets", "list", "canary")
        yield here
    finally:
        here.site.arcosctl("down", "canary", "--delete-data")


def _plant(here: Planted) -> None:
    """Make every Secret that a pod mounts, with a value of its own behind each key."""
    manifests = evaluate(load_site("canary", here.site.file.parent))
    seeds = [
        json.loads(variable["value"])
        for manifest in manifests
        if manifest["kind"] == "Job"
        for container in manifest["spec"]["template"]["spec"]["containers"]
        for variable in container.get("env", ())
        if variable["name"] == "ARCOS_SEED"
    ]
    places = {(one["namespace"], one["name"]) for seed in seeds for one in (seed, *seed.get("copies", ()))}
    objects = []
    for namespace, name in sorted(places | secrets_needed(manifests)):
        values = {f"{namespace}/{name}/{key}": f"{MARK}{secrets.token_hex(16)}" for key in KEYS}
        here.values |= values
        data = {where.rpartition("/")[2]: value for where, value in values.items()}
        meta = {"name": name, "namespace": namespace}
        objects.append({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": data})
    spaces = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": one}}
        for one in sorted({one["metadata"]["namespace"] for one in objects})
    ]
    file = here.site.base / "secrets.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [*spaces, *objects]}))
    here.site.kubectl("create", "--filename", str(file))
    file.unlink()


def test_each_secret_that_somebody_brings_and_that_is_made_has_a_value_of_its_own(planted: Planted) -> None:
    planted_in = {where.rpartition("/")[0] for where in planted.values}
    assert planted_in >= BROUGHT | MADE
    assert len(planted_in) > 30
    live = json.loads(planted.site.kubectl("get", "secrets", "-A", "-o", "json"))
    found = planted.seen_in(json.dumps(live))
    assert found == set(planted.values), "they are there to be found: this test can fail"


def test_no_command_says_any_of_them(planted: Planted) -> None:
    assert all(text for text in planted.said.values()), "every command said something"
    assert '"summary": "ready"' in planted.said["status canary --json"], "and the site came up"
    assert {command: found for command, text in planted.said.items() if (found := planted.seen_in(text))} == {}


def test_none_is_in_what_was_rendered(planted: Planted) -> None:
    files = [file for file in (planted.site.base / "rendered").rglob("*") if file.is_file()]
    assert len(files) > 200
    assert {file.name: found for file in files if (found := planted.seen_in(file.read_text()))} == {}


def test_none_is_in_any_other_object_of_the_cluster(planted: Planted) -> None:
    """Neither in the record of what was applied, nor in annotations, events, or any pod's environment."""
    kinds = planted.site.kubectl("api-resources", "--verbs=list", "--output=name").split()
    names = [kind for kind in kinds if kind != "secrets" and re.fullmatch(r"[a-z.0-9]+", kind)]
    text = planted.site.kubectl(
        "get", ",".join(names), "-A", "--output=json", "--show-managed-fields", "--ignore-not-found"
    )
    assert "arcos-inventory-canary" in text
    assert planted.seen_in(text) == set()


def test_none_lies_on_this_machines_disk(planted: Planted) -> None:
    """The control plane's logs, its database (which it encrypts), and whatever ARCOS keeps."""
    home = planted.site.base / "home"
    files = [file for file in _files(home) if not file.is_relative_to(home / "cache")]
    assert any(file.suffix == ".log" for file in files), "the processes' logs"
    assert any("etcd" in str(file) for file in files), "the database"
    found = {str(file): seen for file in files if (seen := planted.seen_in(file.read_bytes().decode("latin-1")))}
    assert found == {}


def _files(folder: Path) -> Iterator[Path]:
    for one in folder.iterdir():
        if one.is_symlink():
            continue
        if one.is_dir():
            yield from _files(one)
        elif one.is_file():
            yield one
