"""Where pods have roles instead of keys: the programs that use a bucket, with the rights that an app's role has."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from apps.registry.config import RegistryConfig
from apps.registry.distribution import DistributionArgs, store
from arcos.images.build import build
from arcos.images.catalogue import find
from arcos.images.inside import inside
from arcos.images.oci import Layout
from arcos.images.smoke import unpack
from arcos.paths import ROOT
from arcos.progress import Progress
from components.bucket import Bucket, BucketEndpoint
from components.facts import Facts
from tests.apps.objectstore.pod_identity import REGION, TOKEN, Role, role
from tests.apps.registry.running import ENVIRONMENT, _wait, image
from tests.real.site import free_port

pytestmark = [
    pytest.mark.api,  # makes the images, as that tier compiles
    pytest.mark.skipif(not shutil.which("unshare"), reason="needs unshare (apt-get install util-linux)"),
]

FACTS = Facts(name="x", title="X", contact="a@b.org", domain="x.org", storage_class="block")


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Role]:
    with role(tmp_path_factory.mktemp("role")) as here:
        yield here


@pytest.fixture(scope="module")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our image as a folder, with the scripts of the jobs and a pod's token, and no folder with keys."""
    root = tmp_path_factory.mktemp("postgresql")
    unpack(Layout(build(find("postgresql"), Progress(quiet=True)).layout), root)
    for folder in ("tmp", "etc/arcos", "run/roles"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "apps/database/common.sh", root / "etc/arcos")
    (root / "run/token").write_text(TOKEN)
    return root


def job(given: Role, root: Path, script: str, bucket: str = "arcos-x-dumps", **more: str) -> tuple[int, str]:
    """What a job of `database` does with its bucket: how it ended, and what it said."""
    told = {"PATH": "/usr/bin:/bin", "ARCOS_ENDPOINT": given.s3, "ARCOS_REGION": REGION, "ARCOS_BUCKET": bucket}
    command = inside(root, ["/bin/sh", "-c", f"set -eu; . /etc/arcos/common.sh; {script}"])
    environment = told | given.environment("/run/token") | more
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
    return done.returncode, done.stdout + done.stderr


def test_a_dump_goes_in_comes_out_and_is_removed_by_the_role_alone(given: Role, postgresql: Path) -> None:
    code, said = job(given, postgresql, 'echo whole >/tmp/a; store copyto /tmp/a "store:$ARCOS_BUCKET/hub/1.dump"')
    assert code == 0, said
    assert given.objects("arcos-x-dumps") == ["hub/1.dump"]
    back = 'store lsf "store:$ARCOS_BUCKET/hub/"; store copyto "store:$ARCOS_BUCKET/hub/1.dump" /tmp/b; cat /tmp/b'
    code, said = job(given, postgresql, back)
    assert (code, said.splitlines()) == (0, ["1.dump", "whole"])
    code, said = job(given, postgresql, 'store delete --min-age 0s --include "*.dump" "store:$ARCOS_BUCKET"')
    assert (code, given.objects("arcos-x-dumps")) == (0, []), said


def test_the_roles_keys_are_in_no_file_and_in_nothing_that_is_said(given: Role, postgresql: Path) -> None:
    code, said = job(given, postgresql, 'store copyto /etc/arcos/common.sh "store:$ARCOS_BUCKET/x"; env; export -p')
    assert code == 0, said
    secrets = (given.keys["SecretAccessKey"], given.keys["Token"])
    assert not [one for one in secrets if one in said]
    left = subprocess.run(["grep", "-rlF", secrets[0], str(postgresql / "tmp")], capture_output=True, text=True)
    assert not left.stdout


def test_another_apps_bucket_is_closed(given: Role, postgresql: Path) -> None:
    write = 'store copyto /etc/arcos/common.sh "store:$ARCOS_BUCKET/x"'
    code, said = job(given, postgresql, write, bucket="arcos-x-layers")
    assert code != 0
    assert "status code: 403" in said
    assert given.objects("arcos-x-layers") == []


def test_a_pod_without_a_role_and_without_keys_says_so(given: Role, postgresql: Path) -> None:
    read = 'store lsf "store:$ARCOS_BUCKET"'
    code, said = job(given, postgresql, f"unset AWS_CONTAINER_CREDENTIALS_FULL_URI; {read}")
    assert code != 0
    assert "neither keys nor a role for the bucket" in said
    (postgresql / "run/wrong").write_text("another pod's")
    code, said = job(given, postgresql, read, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE="/run/wrong")
    assert code != 0
    assert "the pod's role gave no keys" in said


@pytest.mark.skipif(not shutil.which("skopeo"), reason="needs skopeo (apt-get install skopeo)")
def test_the_registry_keeps_its_layers_by_the_role_alone(given: Role, tmp_path: Path) -> None:
    built = build(find("registry"), Progress(quiet=True))
    unpack(Layout(built.layout), tmp_path / "image")
    config = yaml.safe_load((ROOT / "apps/registry/config.yml").read_text())
    del config["auth"]
    port = free_port()
    config["http"] |= {"addr": f"127.0.0.1:{port}", "debug": {"addr": f"127.0.0.1:{free_port()}"}}
    (tmp_path / "config.yml").write_text(yaml.safe_dump(config))
    args = DistributionArgs(
        config=RegistryConfig(),
        facts=FACTS,
        images=str,
        endpoint=BucketEndpoint(url=given.s3, region=REGION, prefix="arcos-x-", keys=False),
        files={},
    )
    told = store(args, Bucket(name="dumps", app="registry", namespace="registry", quota="1Gi"))
    before = len(given.asked)
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [tmp_path / "image/registry", "serve", tmp_path / "config.yml"],
            stdout=log,
            stderr=subprocess.STDOUT,
            env=ENVIRONMENT | told | given.environment(str(given.token)),
        )
    try:
        _wait(tmp_path / "log", process, port)
        pushed = image(tmp_path / "some", b"content" * 1000)
        for source, target in (
            (f"oci:{pushed}", f"docker://127.0.0.1:{port}/lab/a:1"),
            (f"docker://127.0.0.1:{port}/lab/a:1", f"oci:{tmp_path / 'pulled'}"),
        ):
            insecure = ["--src-tls-verify=false", "--dest-tls-verify=false"]
            command = ["skopeo", "--insecure-policy", "copy", *insecure, source, target]
            done = subprocess.run(command, capture_output=True, text=True, timeout=120)
            assert done.returncode == 0, done.stderr + (tmp_path / "log").read_text()
        assert any(one.endswith("/data") for one in given.objects("arcos-x-dumps"))
        assert 200 in given.asked[before:], "by the keys of the role"
    finally:
        process.kill()
        process.wait(30)
