"""What machines are told at their birth is cloud-init's own format, and the files in it are their programs' own."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from arcos.paths import cache_dir
from components.clusters.openstack_vm import choices, userdata
from components.clusters.openstack_vm.authority import Keys
from components.clusters.openstack_vm.config import OpenStackVm
from tests.components.clusters.openstack.test_machines import PLAIN, SEED

CONFIG = OpenStackVm.model_validate(PLAIN)
KEYS = Keys(SEED, "uni")
BORN = userdata.Birth(volume="5f3a4a64-8d0b-4c43-9d3c-3a4f3f6a1b11", public="203.0.113.7")
FIRST, SECOND, _ = choices.control_plane(CONFIG, "uni")
TOLD = {
    "first": userdata.control(CONFIG, FIRST, KEYS, BORN, first=True),
    "second": userdata.control(CONFIG, SECOND, KEYS, BORN, first=False),
    "worker": userdata.worker(CONFIG, choices.workers(CONFIG, "uni")[-1], KEYS, BORN),
}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """cloud-init's own, out of Debian's package; the package is unpacked, never installed."""
    folder = cache_dir() / "cloud-init"
    found = list(folder.rglob("schema-cloud-config-v1.json"))
    if not found:
        if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
            pytest.skip("needs cloud-init's schema, which apt-get brings from Debian")
        folder.mkdir(parents=True, exist_ok=True)
        command = ["apt-get", "--quiet", "download", "cloud-init"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
        packages = list(folder.glob("cloud-init_*.deb"))
        if not packages:
            pytest.skip(f"needs cloud-init's schema: apt-get download cloud-init: {done.stderr[-200:]}")
        subprocess.run(["dpkg-deb", "-x", packages[0], folder / "unpacked"], check=True, timeout=60)
        found = list(folder.rglob("schema-cloud-config-v1.json"))
    read: dict[str, Any] = json.loads(found[0].read_text(encoding="utf-8"))
    return read


@pytest.mark.parametrize("who", TOLD)
def test_cloud_init_takes_it(who: str, schema: dict[str, Any]) -> None:
    jsonschema.Draft4Validator(schema).validate(yaml.safe_load(TOLD[who]))


@pytest.mark.parametrize(
    ("key", "value"), [("runcmd", [[1, {"a": "b"}]]), ("write_files", [{"content": "x"}]), ("ssh_pwauth", [1])]
)
def test_the_schema_sees_a_mistake(key: str, value: Any, schema: dict[str, Any]) -> None:
    wrong = yaml.safe_load(TOLD["worker"]) | {key: value}
    assert list(jsonschema.Draft4Validator(schema).iter_errors(wrong)), "a check that cannot fail proves nothing"


@pytest.mark.parametrize("who", TOLD)
def test_nothing_is_left_to_be_filled_in_and_nova_takes_it(who: str) -> None:
    data = yaml.safe_load(TOLD[who])
    plain = [one["content"] for one in data["write_files"] if one["path"].endswith((".yaml", ".service"))]
    assert not any("${" in text for text in [*plain, json.dumps(data["runcmd"])])
    assert len(base64.b64encode(TOLD[who].encode())) <= 65535


@pytest.mark.parametrize("who", TOLD)
def test_k3s_settings_are_yaml_and_only_their_owner_reads_them(who: str) -> None:
    for one in yaml.safe_load(TOLD[who])["write_files"]:
        if "token" in one["content"] or "PRIVATE KEY" in one["content"]:
            assert one["permissions"] == "0600", one["path"]
        if one["path"].endswith(".yaml"):
            assert isinstance(yaml.safe_load(one["content"]), dict), one["path"]


def test_scripts_are_scripts(tmp_path: Path) -> None:
    for one in yaml.safe_load(TOLD["first"])["write_files"]:
        if one["content"].startswith("#!/bin/sh"):
            file = tmp_path / "script"
            file.write_text(one["content"], encoding="utf-8")
            done = subprocess.run(["sh", "-n", file], capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            assert one["permissions"] == "0755"


def test_a_new_machine_is_known_by_what_the_old_one_left_on_its_volume(tmp_path: Path) -> None:
    """Its root disk is new, and with it K3s's password: the control plane would turn it away."""
    scripts = [
        one["content"] for one in yaml.safe_load(TOLD["worker"])["write_files"] if "keep_identity" in one["content"]
    ]
    [script] = scripts
    text = script[script.index("keep_identity()") : script.index("}\n", script.index("keep_identity()")) + 2]
    text = text.replace("/etc/rancher", f"{tmp_path}/root-1/etc/rancher")
    run = f"set -eu; data={tmp_path}/volume\n{text}\nkeep_identity; keep_identity; "
    subprocess.run(["sh", "-c", f"{run} echo secret >{tmp_path}/root-1/etc/rancher/node/password"], check=True)

    subprocess.run(["sh", "-c", run.replace("root-1", "root-2")], check=True)

    assert (tmp_path / "root-2/etc/rancher/node/password").read_text(encoding="utf-8") == "secret\n"
    assert script.index("\nkeep_identity\n") > script.index("\nmount_disk\n"), "the volume is there before"


def _files(who: str) -> dict[str, str]:
    return {one["path"]: one["content"] for one in yaml.safe_load(TOLD[who])["write_files"]}


def _function(name: str) -> str:
    """One of the script's, as it stands there."""
    script = _files("worker")["/usr/local/sbin/arcos-prepare"]
    start = script.index(f"{name}() {{")
    return script[start : script.index("\n}\n", start) + 3]


def test_only_a_disk_that_was_read_and_holds_nothing_is_formatted(tmp_path: Path) -> None:
    """A volume that cannot be read in this moment holds etcd, or everybody's files."""

    def formatted(disk: Path) -> bool:
        done = subprocess.run(["sh", "-c", f"set -eu\n{_function('is_empty')}\nis_empty {disk}"], check=False)
        return done.returncode == 0

    new, parted, full = (tmp_path / name for name in ("new", "parted", "full"))
    new.write_bytes(bytes(8 * 2**20))
    # A DOS partition table: one partition of type 83, and the signature. It holds no file system that blkid names.
    table = bytes(446) + bytes([0, 0, 2, 0, 0x83, 0, 0, 0]) + (1).to_bytes(4, "little") + (99).to_bytes(4, "little")
    parted.write_bytes(table + bytes(510 - len(table)) + b"\x55\xaa" + bytes(8 * 2**20))
    full.write_bytes(bytes(8 * 2**20))
    subprocess.run(["mkfs.ext4", "-q", full], check=True)
    assert formatted(new)
    assert not formatted(parted)
    assert not formatted(full)
    assert not formatted(tmp_path / "gone"), "what cannot be read is not empty"


@pytest.mark.parametrize("who", TOLD)
def test_a_volume_that_grew_is_used_when_the_machine_starts_again(who: str) -> None:
    """`runcmd` runs once in a machine's life; the mount is made at every start."""
    assert "x-systemd.growfs" in _function("mount_disk")


@pytest.mark.parametrize("who", TOLD)
def test_no_pod_runs_where_pods_could_ask_for_what_the_machine_was_told(who: str) -> None:
    service = _files(who)["/etc/systemd/system/k3s.service"].splitlines()
    guard = "ExecStartPre=/usr/sbin/nft --file /etc/arcos/metadata.nft"
    assert guard in service, "no `-` before it: without the rule K3s does not start"
    assert "169.254.169.254 drop" in _files(who)["/etc/arcos/metadata.nft"]


def test_the_rule_is_one_that_the_kernel_takes_twice(tmp_path: Path) -> None:
    if not shutil.which("nft") or subprocess.run(["unshare", "--net", "true"], check=False).returncode:
        pytest.skip("needs nft and a network namespace of its own")
    rule = tmp_path / "metadata.nft"
    rule.write_text(_files("worker")["/etc/arcos/metadata.nft"], encoding="utf-8")
    load = f"nft --file {rule} && nft --file {rule} && nft list table inet arcos"
    done = subprocess.run(["unshare", "--net", "sh", "-c", load], capture_output=True, text=True, check=True)
    assert done.stdout.count("169.254.169.254 drop") == 1, "a second start of K3s adds nothing"


@pytest.mark.parametrize("who", TOLD)
def test_k3s_starts_anew_before_its_certificates_end(who: str) -> None:
    """They last 365 days, and are renewed only when it starts, in their last 120 (docs.k3s.io/cli/certificate)."""
    service = _files(who)["/etc/systemd/system/k3s.service"].splitlines()
    [days] = [int(line.removeprefix("RuntimeMaxSec=").removesuffix("d")) for line in service if "RuntimeMax" in line]
    [more] = [int(line.partition("=")[2].removesuffix("d")) for line in service if "RuntimeRandomized" in line]
    assert 0 < days + more < 120, "each certificate sees a start in its last 120 days"
    assert more, "not all of a control plane in the same minute"
    assert "Restart=always" in service


def test_the_first_begins_the_cluster_and_the_others_join_it() -> None:
    first = {one["path"]: one["content"] for one in yaml.safe_load(TOLD["first"])["write_files"]}
    second = {one["path"]: one["content"] for one in yaml.safe_load(TOLD["second"])["write_files"]}
    assert first["/etc/arcos/first"] == "10.70.0.10", "where it looks whether a cluster answers already"
    assert yaml.safe_load(second["/etc/rancher/k3s/config.yaml.d/role.yaml"]) == {"server": "https://10.70.0.10:6443"}
    assert "/etc/arcos/first" not in second


def test_keys_are_the_same_every_time_and_others_for_another_site_or_seed() -> None:
    again, site = Keys(SEED, "uni"), Keys(SEED, "unu")
    seed = Keys(base64.b64encode(b"x" * 32).decode(), "uni")
    for name in ("client-ca", "server-ca"):
        assert again.authority(name) == KEYS.authority(name), "a second `up` changes nothing"
        assert site.authority(name).key != KEYS.authority(name).key
        assert seed.authority(name).key != KEYS.authority(name).key
    assert len({KEYS.authority("client-ca").key, KEYS.authority("server-ca").key, KEYS.administrator().key}) == 3
    assert KEYS.token("server").rpartition(":")[2] != KEYS.token("node").rpartition(":")[2]


def test_the_administrator_is_signed_by_the_clients_authority_and_only_a_client() -> None:
    person, authority = KEYS.administrator(), KEYS.authority("client-ca")
    certificate = x509.load_pem_x509_certificate(person.certificate.encode())
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.certificate.encode()))
    assert certificate.subject.rfc4514_string() == "CN=arcos-administrator,O=system:masters"
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [one._name for one in usage] == ["clientAuth"]
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    key = load_pem_private_key(person.key.encode(), None)
    assert key.public_key() == certificate.public_key()


@pytest.mark.parametrize("seed", ["", "c2hvcnQ=", "***"])
def test_a_seed_that_is_too_little_is_refused(seed: str) -> None:
    with pytest.raises(ValueError, match=r"bytes|base64"):
        Keys(seed, "uni")
