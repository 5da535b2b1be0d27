"""Preflight against an API of AWS that runs here: botocore, over HTTP, to a real moto server (see `aws_api.py`)."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session

from apps.objectstore.config import CloudStorage, SeaweedFs, SiteBucket
from arcos.checks import Check, Level
from arcos.platform.gather import cloud_buckets
from arcos.preflight import aws_eks
from arcos.preflight.aws_cloud import CALLS, Aws, AwsError
from arcos.site.loader import load_site
from arcos.site.release import load_release
from tests.arcos.preflight.aws_api import Account, before, moto

#: Whom moto takes everybody for; AWS itself would say `iam` of a user.
REGION, MOTO = "ap-southeast-2", "arn:aws:sts::123456789012:user/moto"
SITE = load_site("aws-sydney")
#: The site with the administrator that moto takes everybody for.
OURS = SITE.model_copy(update={"cluster": SITE.cluster.model_copy(update={"admins": (MOTO,)})})


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    with moto() as url:
        yield url


@pytest.fixture(autouse=True)
def empty(moto_url: str) -> None:
    """An account in which nobody has made anything."""
    urllib.request.urlopen(urllib.request.Request(f"{moto_url}/moto-api/reset", method="POST")).close()


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Credentials of nobody, and none of this machine's files."""
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def ask(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Check]]:
    def run(account: Account | None = None, site: Any = OURS) -> dict[str, Check]:
        with before(moto_url, account or Account()) as url:
            monkeypatch.setenv("AWS_ENDPOINT_URL", url)
            return {one.name: one for one in aws_eks.checks(site, load_release(site.release))}

    return run


@pytest.fixture
def client(moto_url: str) -> Callable[..., Any]:
    """For what has to be there before it is asked about."""
    return lambda service, region=REGION, **more: Session().create_client(
        service, region_name=region, endpoint_url=moto_url, **more
    )


def test_a_site_is_asked_about_as_a_whole(ask) -> None:
    found = ask()
    assert found["credentials"].detail == f"signed in as {MOTO}"
    fine = ("cluster.admins", "kubernetes", "cluster.zones", "cluster.nodePools.core.instanceType", "rights")
    assert [name for name in fine if found[name].level is not Level.OK] == []
    assert found["quota: vCPUs (L-1216C47A)"].detail.endswith("the site takes 10 to 52")
    assert found["cluster.sharedFileSystem"].level is Level.FAIL, "nobody has made it"
    assert "cluster arcos-aws-sydney" not in found, "there is none yet"


def kept_in(binding: SeaweedFs | CloudStorage) -> Any:
    """The site with its buckets there, four of people's among them."""
    people = [SiteBucket.model_validate({"name": name, "quota": "1Gi"}) for name in ("free", "ours", "far", "theirs")]
    store = OURS.apps.objectstore.model_copy(update={"binding": binding, "buckets": tuple(people)})
    return OURS.model_copy(update={"apps": OURS.apps.model_copy(update={"objectstore": store})})


#: The site with its buckets in the cluster, and in S3.
INSIDE, IN_S3 = kept_in(SeaweedFs()), kept_in(CloudStorage(kind="cloud"))


@pytest.mark.parametrize(
    ("site", "files"), [(INSIDE, [aws_eks.POLICY]), (IN_S3, [aws_eks.POLICY, aws_eks.BUCKET_POLICY])]
)
def test_every_right_that_a_site_needs_is_asked_of_iam(site, files, ask) -> None:
    account = Account(refused=frozenset({"eks:CreateCluster", "ec2:CreateVpc"}))
    check = ask(account, site)["rights"]
    statements = [one for file in files for one in json.loads(file.read_text(encoding="utf-8"))["Statement"]]
    assert sorted(account.simulated) == sorted(name for one in statements for name in one["Action"])
    assert (check.level, "ec2:CreateVpc, eks:CreateCluster" in check.detail) == (Level.FAIL, True)
    assert ("aws-eks-buckets.json" in check.fix) is (site is IN_S3)


def test_each_bucket_must_be_ours_or_nobodys(ask, client) -> None:
    free, ours, far, theirs = (f"arcos-aws-sydney-{name}" for name in ("free", "ours", "far", "theirs"))
    another = client("sts").assume_role(RoleArn="arn:aws:iam::111122223333:role/a", RoleSessionName="somebody")[
        "Credentials"
    ]
    keys = {"aws_access_key_id": another["AccessKeyId"], "aws_secret_access_key": another["SecretAccessKey"]}
    told = {"CreateBucketConfiguration": {"LocationConstraint": REGION}}
    client("s3").create_bucket(Bucket=ours, **told)
    client("s3", "eu-west-1").create_bucket(Bucket=far, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    client("s3", **keys, aws_session_token=another["SessionToken"]).create_bucket(Bucket=theirs, **told)

    found = ask(site=IN_S3)

    levels = [found[f"bucket {name}"].level for name in (free, ours, far, theirs)]
    assert levels == [Level.OK, Level.OK, Level.FAIL, Level.FAIL]
    assert "eu-west-1" in found[f"bucket {far}"].detail
    asked = {name.removeprefix("bucket ") for name in found if name.startswith("bucket ")}
    assert asked == {one.name for one in cloud_buckets(IN_S3)}, "those of apps as well"
    assert not [name for name in ask(site=INSIDE) if name.startswith("bucket ")]


def test_who_is_no_administrator_would_make_a_cluster_and_not_get_in(ask) -> None:
    check = ask(site=SITE)["cluster.admins"]
    assert check.level is Level.FAIL
    assert MOTO in check.detail
    assert "a role" in check.fix, "this is nobody whom EKS lets in"


def test_what_the_account_may_not_have_is_told(ask) -> None:
    found = ask(Account(versions={"1.37": "EXTENDED_SUPPORT"}, quotas={"L-1216C47A": 8, "L-DB2E81BA": 0}))
    assert found["quota: vCPUs (L-1216C47A)"].level is Level.FAIL, "the pools begin with ten"
    assert found["quota: vCPUs (L-DB2E81BA)"].level is Level.WARN, "a new account has no GPUs; the pool begins with 0"
    assert found["kubernetes"].level is Level.WARN


def test_a_question_that_we_may_not_ask_is_told_and_stops_no_other(ask) -> None:
    found = ask(Account(silent=True))
    for name in ("kubernetes", "rights"):
        assert found[name].level is Level.WARN, name
        assert "docs/permissions/aws-eks.json" in found[name].fix
    assert found["cluster.zones"].level is Level.OK


def test_a_network_of_the_same_addresses_is_seen(ask, client) -> None:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.64.0.0/20")["Vpc"]["VpcId"]
    check = ask()["cluster.network.range"]
    assert (check.level, vpc in check.detail) == (Level.WARN, True)
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "Name", "Value": "arcos-aws-sydney"}])
    assert ask()["cluster.network.range"].level is Level.OK, "the site's own"


def test_a_file_system_must_be_encrypted(ask, client) -> None:
    made = client("efs").create_file_system(CreationToken="a", Encrypted=True)["FileSystemId"]
    plain = client("efs").create_file_system(CreationToken="b", Encrypted=False)["FileSystemId"]
    levels = []
    for name in (made, plain):
        cluster = OURS.cluster.model_copy(update={"shared_file_system": name})
        levels.append(ask(site=OURS.model_copy(update={"cluster": cluster}))["cluster.sharedFileSystem"].level)
    assert levels == [Level.OK, Level.FAIL]


def with_zone(zone: str, site: Any = OURS) -> Any:
    return site.model_copy(update={"cluster": site.cluster.model_copy(update={"hosted_zone": zone})})


def test_the_zone_for_the_sites_names_must_be_there_and_theirs(ask, client) -> None:
    made = client("route53").create_hosted_zone(Name="example.org", CallerReference="a")["HostedZone"]["Id"]
    other = client("route53").create_hosted_zone(Name="example.com", CallerReference="b")["HostedZone"]["Id"]
    zones = [made.rpartition("/")[2], other.rpartition("/")[2], "Z0000000000000"]
    levels = [ask(site=with_zone(zone))["cluster.hostedZone"].level for zone in zones]
    assert levels == [Level.OK, Level.FAIL, Level.FAIL]


def test_what_is_asked_is_all_that_may_be_asked(ask, client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The documents in `docs/permissions` follow CALLS: a right that nobody uses would stay there for ever."""
    eks = client("eks")
    vpc = {"subnetIds": ["subnet-1", "subnet-2"]}
    eks.create_cluster(name="arcos-aws-sydney", roleArn="arn:aws:iam::123456789012:role/a", resourcesVpcConfig=vpc)
    group = {"nodegroupName": "core", "nodeRole": "arn:aws:iam::123456789012:role/b", "subnets": ["subnet-1"]}
    eks.create_nodegroup(clusterName="arcos-aws-sydney", **group)
    asked: set[tuple[str, str]] = set()
    real = Aws.ask

    def listen(self: Aws, service: str, operation: str, **parameters: object) -> dict[str, Any]:
        asked.add((service, operation))
        return real(self, service, operation, **parameters)

    monkeypatch.setattr(Aws, "ask", listen)
    found = ask(site=with_zone("Z0000000000000", IN_S3))
    assert found["cluster arcos-aws-sydney"].level is Level.OK
    assert found["node group core"].level is Level.OK
    assert asked == CALLS


def test_without_credentials_one_thing_is_said(ask, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    [only] = ask().values()
    assert (only.level, "does not know who asks" in only.detail) == (Level.FAIL, True)


def test_a_page_where_aws_should_answer_is_no_traceback(ask) -> None:
    [only] = ask(Account(page="<!doctype html><title>Sign in to the guest network</title>")).values()
    assert only.level is Level.FAIL
    assert "guest network" in only.detail


def test_nothing_that_could_change_anything_is_asked() -> None:
    with pytest.raises(ValueError, match="not among what may be asked"):
        Aws(REGION).ask("ec2", "DeleteVpc", VpcId="vpc-1")


def test_an_address_where_nobody_answers_is_an_error_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(AwsError, match="cannot be asked"):
        Aws(REGION).ask("sts", "GetCallerIdentity")
