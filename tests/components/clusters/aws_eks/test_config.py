"""What a site file may say of an EKS cluster; every mistake is found at its line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import botocore.session
import pytest

from arcos.site.diagnostics import Finding
from arcos.site.loader import check_sites
from components.clusters.aws_eks.regions import jurisdiction
from tests.components.clusters.aws_eks.recording import config

SITE = """\
config:
  aws:region: ap-southeast-2
  arcos:site:
    title: A site
    domain: a.example.org
    contact: ops@example.org
    release: "2026.11"
    registry: registry.example.org/arcos
    cluster:
      kind: aws-eks
      admins: ["arn:aws:iam::111122223333:role/arcos-operator"]
      apiRanges: [203.0.113.0/24]
      zones: [a, b, c]
      network: {range: 10.64.0.0/16, serviceRange: 172.20.0.0/16, nat: one}
      sharedFileSystem: fs-0123456789abcdef0
      nodePools:
        - {name: core, instanceType: m7i.large, min: 3, max: 6}
        - {name: gpu, instanceType: g6.xlarge, min: 0, max: 4, gpu: nvidia, taints: [gpu]}
    apps: {}
"""


@pytest.fixture
def check(tmp_path: Path) -> Callable[..., list[Finding]]:
    def run(old: str = "", new: str = "", today: date = date(2026, 11, 25)) -> list[Finding]:
        assert SITE.count(old) == 1 or not old
        (tmp_path / "Pulumi.a.yaml").write_text(SITE.replace(old, new) if old else SITE)
        return check_sites(["a"], tmp_path, today=today)

    return run


def test_a_site_that_says_all_of_it_is_right(check):
    assert check() == []


@pytest.mark.parametrize(
    ("old", "new", "place", "said"),
    [
        ("10.64.0.0/16", "10.64.0.0/24", (14, 24), "cannot be a VPC's"),
        ("10.64.0.0/16", "8.8.0.0/16", (14, 24), "cannot be a VPC's"),
        ("10.64.0.0/16", "10.64.1.0/16", (14, 24), "is not how this range is written"),
        ("10.64.0.0/16", "ten", (14, 24), "is not a range of addresses"),
        ("10.64.0.0/16", "172.20.0.0/16", (14, 53), "meets the VPC's `range`"),
        ("172.20.0.0/16", "100.64.0.0/16", (14, 52), "cannot be the Services'"),
        ("[a, b, c]", "[a, a]", (13, 14), "names a zone twice"),
        ("[a, b, c]", "[a]", (13, 14), "too few entries"),
        ("203.0.113.0/24", "0.0.0.0/0", (12, 18), "opens the Kubernetes API to 0.0.0.0/0"),
        ("203.0.113.0/24", "127.0.0.0/8", (12, 18), "from where nobody comes"),
        ("203.0.113.0/24", "169.254.169.254/32", (12, 18), "from where nobody comes"),
        ("203.0.113.0/24", "203.0.113.0/24, 203.0.113.0/24", (12, 18), "names a range twice"),
        ("203.0.113.0/24", ", ".join(f"203.0.113.{n}/32" for n in range(41)), (12, 18), "too many public ranges"),
        ("iam::111122223333:role/arcos-operator", "iam::1:root", (11, 16), "is no IAM role or user"),
        ("role/arcos-operator", "role/büro", (11, 16), "is no IAM role or user"),
        ("min: 3", "min: 0", (17, 9), "has no pool for what every cluster runs"),
        ("max: 6", "max: 6, taints: [core]", (17, 9), "has no pool for what every cluster runs"),
        ("m7i.large", "m7g.large", (17, 38), "has an ARM processor"),
        ("g6.xlarge", "m7i.xlarge", (18, 37), "has no GPU of nvidia"),
        ("gpu: nvidia", "gpu: amd", (18, 37), "has no GPU of amd"),
        ("aws:region: ap-southeast-2", "aws:region: sydney", (2, 15), "is no region of AWS"),
        ("  aws:region: ap-southeast-2\n", "", (9, 13), "`aws:region` is missing"),
    ],
)
def test_a_mistake_is_found_at_its_place(old, new, place, said, check):
    [finding] = check(old, new)
    assert said in finding.what
    assert (finding.line, finding.column) == place


@pytest.mark.parametrize(
    ("border", "region", "said"),
    [
        ("jurisdiction: AU", "ap-southeast-2", ""),
        ("jurisdiction: AU-NSW", "ap-southeast-2", ""),
        ("jurisdiction: EU", "eu-west-1", ""),
        ("{jurisdiction: AU, region: ap-southeast-2}", "ap-southeast-2", ""),
        ("jurisdiction: AU", "eu-west-1", "IE is outside of the site's jurisdiction AU: the cluster's volumes"),
        ("jurisdiction: EU", "eu-west-2", "GB is outside"),
        ("jurisdiction: AU-QLD", "ap-southeast-2", "AU-NSW is outside"),
        ("jurisdiction: AU", "xx-new-1", "nobody knows where this region is"),
        ("region: ap-southeast-4", "ap-southeast-2", "ap-southeast-2 is not the site's region ap-southeast-4"),
    ],
)
def test_a_cluster_lies_inside_of_the_sites_border(border, region, said, tmp_path):
    """A typing error in one key would put every volume, and the buckets and dumps on them, under another law."""
    lines = border.strip("{}").split(", ")
    text = SITE.replace("ap-southeast-2", region).replace(
        "    title:", "".join(f"    {one}\n" for one in lines) + "    title:"
    )
    (tmp_path / "Pulumi.a.yaml").write_text(text)
    found = check_sites(["a"], tmp_path, today=date(2026, 11, 25))
    assert [(one.line, one.column, said in one.what) for one in found] == ([(2, 15, True)] if said else [])

    excused = '    deviations: [{path: jurisdiction, reason: "agreed for a move", expires: 2027-06-30}]\n'
    (tmp_path / "Pulumi.a.yaml").write_text(text + excused)
    assert check_sites(["a"], tmp_path, today=date(2026, 11, 25)) == []


def test_every_region_that_there_is_has_a_place():
    """A new one in the SDK's list is missing in ours until somebody looks where it is."""
    endpoints = botocore.session.Session()
    known = [one for part in ("aws", "aws-us-gov", "aws-cn") for one in endpoints.get_available_regions("eks", part)]
    assert len(known) > 30
    assert [one for one in known if jurisdiction(one) is None] == []


def test_the_session_that_aws_prints_is_mended_into_its_role(check):
    [finding] = check("iam::111122223333:role/arcos-operator", "sts::111122223333:assumed-role/arcos-operator/me")
    assert finding.hint == "did you mean `arn:aws:iam::111122223333:role/arcos-operator`?"


def test_who_signed_on_once_for_all_is_told_how_to_learn_the_whole_name(check):
    """Such a role stands at a path; its ARN without that is refused by EKS, and nobody could get in."""
    role = "AWSReservedSSO_Admin_0123456789abcdef"
    [finding] = check("iam::111122223333:role/arcos-operator", f"sts::111122223333:assumed-role/{role}/me")
    assert finding.hint == ""
    assert f"aws iam get-role --role-name {role}" in finding.accepted


@pytest.mark.parametrize("second", ["role/a/b", "role/a-b"], ids=["the same", "one that is called the same here"])
def test_every_administrator_is_one_resource(second, check):
    two = f'arn:aws:iam::111122223333:role/a/b", "arn:aws:iam::111122223333:{second}'
    [finding] = check("arn:aws:iam::111122223333:role/arcos-operator", two)
    assert "twice, or another one so much like it" in finding.what


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ("{key: Cost, value: a}, {key: cost, value: b}", "has `cost` twice"),
        ("{key: 'aws:cost', value: a}", "begins as AWS's own tags do"),
        ("{key: cost, value: 'R&D'}", "has a character that AWS takes in no tag"),
        ("{key: 'büro', value: 'Zürich 1/2: a+b=c@d'}", ""),
    ],
)
def test_a_tag_is_what_every_service_takes(tags, said, check):
    found = check("      zones: [a, b, c]\n", f"      zones: [a, b, c]\n      tags: [{tags}]\n")
    assert [said in finding.what for finding in found] == ([True] if said else [])


def test_a_release_whose_kubernetes_eks_does_not_run_is_refused(check, monkeypatch):
    monkeypatch.setattr(
        "components.clusters.aws_eks.versions.EXTENDED_UNTIL", {"1.37": date(2026, 11, 24), "1.38": None}
    )
    [finding] = check()
    assert finding.what == "EKS ended the support of Kubernetes 1.37 on 2026-11-24"
    assert "1.38" in finding.accepted


def test_names_are_kept_in_the_zone_that_the_cluster_names(check):
    apps = "    apps: {ingress: {}, dns: {}}\n"
    [finding] = check("    apps: {}\n", apps)
    assert "`dns.provider` needs the cluster's `hostedZone`" in finding.what
    zone = "      sharedFileSystem: fs-0123456789abcdef0\n      hostedZone: {}\n      nodePools:\n"
    old = "      sharedFileSystem: fs-0123456789abcdef0\n      nodePools:\n"
    assert check(old, zone.format("Z0123456789ABCDEFGHIJ")) == []
    [finding] = check(old, zone.format("sydney.example.org"))
    assert (finding.line, finding.column) == (16, 19), "a zone's name is not its id"


def test_a_file_system_is_a_capability():
    assert config().capabilities.rwx_storage_class == "shared"
    assert config(sharedFileSystem=None).capabilities.rwx_storage_class is None
