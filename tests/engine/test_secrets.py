"""What opens a cluster is in no state, in nothing that the engine keeps beside it, and in nothing that anybody says.

By values that can be told apart from anything else. The same for a running site: `tests/real/test_secrets.py`.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.engine.conftest import ENGINE, need
from tests.engine.half import SEED, Half, make_half

pytestmark = pytest.mark.engine

_KEY = "-----BEGIN PRIVATE KEY-----\nY2FuYXJ5IG9mIGEgY2x1c3RlcidzIGtleQo\n-----END PRIVATE KEY-----\n"
_TOKEN = "canary-of-a-cluster-s-token"
#: What takes part in a cluster, as it stands in the user data of machines.
_IN_USER_DATA = (re.compile(r"token: (\S+)"), re.compile(r"PRIVATE KEY-----\s+(\S{20,})"))


def kubeconfig(file: Path) -> Path:
    """Of a cluster that Magnum made."""
    user = {"client-key-data": base64.b64encode(_KEY.encode()).decode(), "token": _TOKEN}
    cluster = {"server": "https://203.0.113.10:6443"}
    file.write_text(yaml.safe_dump({"clusters": [{"cluster": cluster}], "users": [{"user": user}]}), encoding="utf-8")
    return file


@pytest.fixture(params=["openstack-magnum", "openstack-vm"])
def half(request: pytest.FixtureRequest, tmp_path: Path, schemas: Path) -> Half:
    """EKS gives out no credential at all: who signs in does so as somebody of AWS."""
    need(*ENGINE)
    made = make_half(tmp_path, request.param, schemas)
    # Here it writes its logs, as it does for an operator.
    (tmp_path / "pulumi-home" / "logs").unlink()
    made.cloud.steering.reach(kubeconfig(tmp_path / "kubeconfig"))
    return made


def secrets(half: Half) -> set[str]:
    """What nobody may read: of the cluster, and of what its machines are told."""
    found = {SEED, _TOKEN, base64.b64encode(_KEY.encode()).decode(), _KEY.splitlines()[1]}
    given = yaml.safe_load(half.project.pulumi("stack", "output", "kubeconfig", "--show-secrets"))
    user = given["users"][0]["user"]
    found |= {user["client-key-data"], base64.b64decode(user["client-key-data"]).decode().splitlines()[1]}
    for machine in half.account.of_type(":Instance"):
        told = machine.properties["userData"]
        found |= {one for pattern in _IN_USER_DATA for one in pattern.findall(told)}
    return found


def kept(half: Half) -> Iterator[tuple[str, str]]:
    """Every file of the engine's: state, history, copies, logs; and the stack's own."""
    base = half.project.folder.parent
    files = [one for name in ("state", "pulumi-home") for one in (base / name).rglob("*") if one.is_file()]
    for file in [*files, half.site_file]:
        yield str(file.relative_to(base)), file.read_text(encoding="utf-8", errors="replace")


def said(half: Half) -> Iterator[tuple[str, str]]:
    """What an operator sees, or a pipeline writes down."""
    pulumi, arcosctl = half.project.pulumi, half.project.arcosctl
    yield "preview", pulumi("preview", "--diff", "--show-sames")
    yield "first up", half.up("--diff")
    half.change(lambda config: config["arcos:site"]["cluster"]["nodePools"][0].update(flavor="m3.small"))
    yield "preview for scripts", pulumi("preview", "--json", "--diff")
    yield "plan", arcosctl("plan", half.kind)
    yield "plan for scripts", arcosctl("plan", half.kind, "--json")
    yield "second up", half.up("--diff", "--show-sames", "--debug")
    yield "refresh", pulumi("refresh", "--yes", "--diff")
    yield "mend", half.mend()
    yield "outputs", pulumi("stack", "output", "--json")
    yield "export", pulumi("stack", "export")


def test_no_secret_is_kept_or_said(half: Half) -> None:
    texts = [*said(half), *kept(half)]
    wanted = secrets(half)
    assert len(wanted) >= 4
    assert len(texts) > 15, "state, history and copies"
    assert any("/logs/" in where for where, _ in texts)

    found = {(where, one[:12]) for where, text in texts for one in wanted if one in text or one in _unescaped(text)}

    assert not found


def _unescaped(text: str) -> str:
    """With the breaks of JSON in JSON as breaks."""
    return text.replace("\\\\n", "\n").replace("\\n", "\n")
