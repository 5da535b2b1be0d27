"""What AWS is asked about a site before a cent is spent: who we are, what there is, what we may. Reads only.

Each question is one function that yields checks; one that may not be asked, or that nobody answers, is a warning and
keeps no other from being asked. Asking is `aws_cloud.py`, what the answers mean is `aws.py`.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from arcos.checks import Check, fail, warn
from arcos.paths import ROOT
from arcos.platform.gather import cloud_buckets
from arcos.preflight import aws
from arcos.preflight.aws_cloud import Aws, AwsError
from arcos.site.loader import beside
from arcos.site.model import Site
from arcos.site.release import Release
from components.clusters.aws_eks.config import AwsEks
from components.clusters.aws_eks.names import cluster_name

POLICY = ROOT / "docs" / "permissions" / "aws-eks.json"
#: What a site with buckets in S3 needs besides.
BUCKET_POLICY = POLICY.with_name("aws-eks-buckets.json")


def checks(site: Site, release: Release) -> Iterator[Check]:
    """All questions; none beside the first when AWS does not know who asks."""
    config = site.cluster
    if not isinstance(config, AwsEks):
        return
    around = beside(site.name)
    region = around.get("aws:region")
    if not region:
        yield fail("aws:region", "the stack file names no region", f"./arcosctl check {site.name}")
        return
    cloud = Aws(region, around.get("aws:profile"))
    try:
        arn = str(cloud.ask("sts", "GetCallerIdentity")["Arn"])
    except AwsError as error:
        yield fail("credentials", f"AWS does not know who asks: {error.why}", error.fix)
        return
    yield from aws.caller(arn, config.admins)
    yield aws.program(shutil.which("aws"))
    yield aws.growth(config.node_pools, autoscaling=config.autoscaling)
    wanted = [one.name for one in cloud_buckets(site)]
    policies = [POLICY, BUCKET_POLICY] if wanted else [POLICY]
    questions: dict[str, Callable[[], Iterator[Check]]] = {
        "kubernetes": lambda: versions(cloud, release.kubernetes),
        "cluster.zones": lambda: zones(cloud, config, region),
        "cluster.nodePools": lambda: machines(cloud, config, region),
        "cluster.network": lambda: networks(cloud, config, site.name),
        "cluster.sharedFileSystem": lambda: files(cloud, config),
        "cluster.hostedZone": lambda: names(cloud, config, site.domain),
        "buckets": lambda: buckets(cloud, wanted, region, arn.split(":")[4]),
        "rights": lambda: rights(cloud, aws.principal(arn, config.admins), region, site.name, policies),
        f"cluster {cluster_name(site.name)}": lambda: standing(cloud, site.name),
    }
    for name, question in questions.items():
        yield from _asked(name, question)


def _asked(name: str, question: Callable[[], Iterator[Check]]) -> Iterator[Check]:
    try:
        yield from question()
    except AwsError as error:
        fix = f"{POLICY.relative_to(ROOT)} lists what is asked" if error.denied else error.fix
        yield warn(name, f"{error.what}: {error.why}", fix)


def versions(cloud: Aws, minor: str) -> Iterator[Check]:
    """Whether EKS makes clusters of the release's minor, and at which price."""
    yield aws.version(minor, cloud.all("eks", "DescribeClusterVersions", "clusterVersions", includeAll=True))


def zones(cloud: Aws, config: AwsEks, region: str) -> Iterator[Check]:
    """Whether the zones are there for this account."""
    there = cloud.all("ec2", "DescribeAvailabilityZones", "AvailabilityZones")
    up = {zone["ZoneName"]: str(zone.get("ZoneId", "")) for zone in there if zone["State"] == "available"}
    yield aws.zones(_zones(config, region), up)


def machines(cloud: Aws, config: AwsEks, region: str) -> Iterator[Check]:
    """Whether each pool's machine type is offered in the zones, and the account may run as many cores."""
    wanted = sorted({pool.instance_type for pool in config.node_pools})
    only = [{"Name": "instance-type", "Values": wanted}]
    told = cloud.all(
        "ec2",
        "DescribeInstanceTypeOfferings",
        "InstanceTypeOfferings",
        LocationType="availability-zone",
        Filters=only,
    )
    where = {(one["InstanceType"], one["Location"]) for one in told}
    yield from (aws.machine(pool, _zones(config, region), where) for pool in config.node_pools)
    # EC2 refuses the whole question where one type does not exist.
    if offered := sorted({name for name, _ in where}):
        known = cloud.all("ec2", "DescribeInstanceTypes", "InstanceTypes", InstanceTypes=offered)
        cores = {one["InstanceType"]: int(one["VCpuInfo"]["DefaultVCpus"]) for one in known}
        for code, (least, most) in aws.cores_needed(config.node_pools, cores).items():
            yield _quota(cloud, ("ec2", code), f"vCPUs ({code})", least, most)


def networks(cloud: Aws, config: AwsEks, site: str) -> Iterator[Check]:
    """Whether the addresses are free, and one more network and its gateways' addresses can be had."""
    vpcs = cloud.all("ec2", "DescribeVpcs", "Vpcs")
    yield aws.ranges(config.network.range, vpcs, site)
    if any(aws.named(vpc, site) for vpc in vpcs):
        return  # what the site takes, it has already
    addresses = len(cloud.all("ec2", "DescribeAddresses", "Addresses"))
    gateways = len(config.zones) if config.network.nat == "each-zone" else 1
    for kind, what, count in ((aws.VPCS, "VPCs", len(vpcs) + 1), (aws.ADDRESSES, "elastic IPs", addresses + gateways)):
        yield _quota(cloud, kind, what, count, count)


def files(cloud: Aws, config: AwsEks) -> Iterator[Check]:
    """Whether the file system is there, and encrypted."""
    if config.shared_file_system:
        yield aws.files(config.shared_file_system, cloud.all("efs", "DescribeFileSystems", "FileSystems"))


def names(cloud: Aws, config: AwsEks, domain: str) -> Iterator[Check]:
    """Whether the zone that `dns` gets a role for is there, and is the site's."""
    if not config.hosted_zone:
        return
    try:
        name = str(cloud.ask("route53", "GetHostedZone", Id=config.hosted_zone)["HostedZone"]["Name"])
    except AwsError as error:
        if not error.missing:
            raise
        yield aws.zone(config.hosted_zone, None, domain)
    else:
        yield aws.zone(config.hosted_zone, name, domain)


def buckets(cloud: Aws, wanted: Iterable[str], region: str, account: str) -> Iterator[Check]:
    """Whether each bucket's name, which is the whole world's, can be had; or the bucket is there already."""
    for name in wanted:
        try:
            # botocore itself goes on to the region that a bucket is in.
            there = cloud.ask("s3", "HeadBucket", Bucket=name, ExpectedBucketOwner=account)
        except AwsError as error:
            if not (error.missing or error.denied):
                raise
            yield aws.bucket(name, region, None if error.missing else "")
        else:
            yield aws.bucket(name, region, str(there.get("BucketRegion") or region))


def rights(cloud: Aws, principal: str, region: str, site: str, policies: Sequence[Path]) -> Iterator[Check]:
    """Whether IAM would let us do what `up` does, asked of IAM itself, a statement of our policies at a time."""
    statements = [one for file in policies for one in json.loads(file.read_text(encoding="utf-8"))["Statement"]]
    lacking: list[str] = []
    for statement in statements:
        question = aws.simulation(statement, region, principal.split(":")[4], site)
        told = cloud.all("iam", "SimulatePrincipalPolicy", "EvaluationResults", PolicySourceArn=principal, **question)
        lacking += aws.denied(told)
    documents = [str(file.relative_to(ROOT)) for file in policies]
    yield aws.rights(sum(len(one["Action"]) for one in statements), sorted(lacking), documents)


def standing(cloud: Aws, site: str) -> Iterator[Check]:
    """How the cluster stands where there is one already, or one is being made."""
    name = cluster_name(site)
    try:
        cluster = cloud.ask("eks", "DescribeCluster", name=name)["cluster"]
    except AwsError as error:
        if error.missing:
            return
        raise
    groups = [
        cloud.ask("eks", "DescribeNodegroup", clusterName=name, nodegroupName=group)["nodegroup"]
        for group in cloud.all("eks", "ListNodegroups", "nodegroups", clusterName=name)
    ]
    yield from aws.standing(cluster, groups)


def _quota(cloud: Aws, kind: tuple[str, str], what: str, least: int, most: int) -> Check:
    try:
        answer = cloud.ask("service-quotas", "GetServiceQuota", ServiceCode=kind[0], QuotaCode=kind[1])
    except AwsError as error:
        return warn(f"quota: {what}", f"{error.what}: {error.why}", error.fix)
    return aws.quota(kind, what, least, most, float(answer["Quota"]["Value"]))


def _zones(config: AwsEks, region: str) -> list[str]:
    return [f"{region}{letter}" for letter in config.zones]
