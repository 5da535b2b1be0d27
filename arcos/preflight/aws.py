"""What AWS's answers mean for a site: each difference at its field, with the way out.

Pure: from what AWS said to checks. Asking is `aws_cloud.py`; which questions an EKS site has is `aws_eks.py`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from arcos.checks import Check, fail, ok, warn
from components.clusters.aws_eks.addresses import CONTROL_ZONES, NO_CONTROL_PLANE
from components.clusters.aws_eks.config import AwsNodePool
from components.clusters.aws_eks.names import cluster_name
from components.clusters.aws_eks.principals import SIGN_ON, whole_name
from components.clusters.ranges import meet

#: EC2's quotas of running vCPUs by the letters that a machine type begins with: on demand, and spare capacity.
#: https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html
_STANDARD = ("L-1216C47A", "L-34B43A08")
_GRAPHICS, _ACCELERATED = ("L-DB2E81BA", "L-3819A6DF"), ("L-417A185B", "L-7212CCBC")
_QUOTAS = dict.fromkeys("acdhimrtz", _STANDARD) | dict.fromkeys(("im", "is"), _STANDARD)
_QUOTAS |= dict.fromkeys(("g", "gr", "vt"), _GRAPHICS) | {"p": _ACCELERATED}
#: Networks of a region, and public addresses that stay. https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
VPCS, ADDRESSES = ("vpc", "L-F678F1CE"), ("ec2", "L-0263D0A3")
_BUCKET_POLICY = "docs/permissions/aws-eks-buckets.json"


def role_of(arn: str) -> str:
    """The role behind a session, as `aws sts get-caller-identity` prints it; anything else as it is."""
    session = re.fullmatch(r"arn:(aws[a-z-]*):sts::(\d{12}):assumed-role/([^/]+)/.*", arn)
    return f"arn:{session[1]}:iam::{session[2]}:role/{session[3]}" if session else arn


def principal(arn: str, admins: Collection[str]) -> str:
    """Who asks, by the whole name: a session does not tell its role's path, the site's administrators do."""
    role = role_of(arn)
    same = [one for one in admins if role != arn and _short(one) == _short(role)]
    return same[0] if same else role


def _short(arn: str) -> tuple[str, str]:
    return arn.split(":")[4], arn.rpartition("/")[2]


def caller(arn: str, admins: Collection[str]) -> Iterator[Check]:
    """Who asks, and whether that is an administrator of the cluster."""
    who = principal(arn, admins)
    yield ok("credentials", f"signed in as {who}")
    if who in admins:
        yield ok("cluster.admins", "who asks is an administrator")
    else:
        what = f"{who} is no administrator of the cluster: `up` would make it, and not get in"
        yield fail("cluster.admins", what, f"{_as_administrator(who)} or sign in as one of them")


def _as_administrator(who: str) -> str:
    """How who asks would be named in the site file: the account itself cannot be, a session tells no path."""
    name = who.rpartition("/")[2]
    if name.startswith(SIGN_ON):
        return f"cluster.admins: {whole_name(name)};"
    return f'cluster.admins: ["{who}"],' if re.search(r":iam::\d+:(role|user)/", who) else "a role for it,"


def program(found: str | None) -> Check:
    """Asking needs no program; signing in to the cluster afterwards does."""
    if found:
        return ok("aws", f"{found} signs in to the cluster")
    what = "the program `aws` is not on the PATH: kubectl and `pulumi up` sign in to the cluster with it"
    return warn("aws", what, "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html")


def version(minor: str, offered: Iterable[Mapping[str, Any]]) -> Check:
    """Whether EKS makes clusters of this minor, and at which price."""
    known = {one["clusterVersion"]: str(one.get("versionStatus") or one.get("status", "")).upper() for one in offered}
    if "UNSUPPORTED" in known.get(minor, "UNSUPPORTED"):
        there = ", ".join(sorted(name for name, status in known.items() if "UNSUPPORTED" not in status)) or "none"
        return fail("kubernetes", f"EKS does not offer {minor} in this region", f"a release for one of: {there}")
    if "EXTENDED" in known[minor]:
        what = f"{minor} has extended support only: the control plane costs six times as much"
        return warn("kubernetes", what, "a newer release")
    return ok("kubernetes", f"EKS offers {minor}")


def zones(wanted: Sequence[str], up: Mapping[str, str]) -> Check:
    """Whether the zones are there (`up` are ids by name), and the first ones take a control plane."""
    if missing := [name for name in wanted if name not in up]:
        there = ", ".join(sorted(name[-1] for name in up)) or "none"
        return fail("cluster.zones", f"{', '.join(missing)}: not available to this account", f"zones of: {there}")
    if without := [name for name in wanted[:CONTROL_ZONES] if up[name] in NO_CONTROL_PLANE]:
        what = f"EKS puts no control plane into {without[0]} ({up[without[0]]})"
        return fail("cluster.zones", what, f"other letters for the first {CONTROL_ZONES}; machines may be there")
    return ok("cluster.zones", ", ".join(wanted))


def machine(pool: AwsNodePool, wanted: Sequence[str], offered: Collection[tuple[str, str]]) -> Check:
    """Whether a pool's machine type is offered in its zones: in one is enough to run, in all to be spread."""
    at = f"cluster.nodePools.{pool.name}.instanceType"
    there = [zone for zone in wanted if (pool.instance_type, zone) in offered]
    if not there:
        return fail(at, f"{pool.instance_type} is offered in none of the zones", "another machine type, or region")
    if len(there) < len(wanted):
        lacking = ", ".join(zone for zone in wanted if zone not in there)
        return warn(at, f"{pool.instance_type} is not offered in {lacking}", "another type, or other zones")
    return ok(at, f"{pool.instance_type} is offered in all zones")


def cores_needed(pools: Iterable[AwsNodePool], cores: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """vCPUs at the pools' least and at their most, by the quota that they count against, where that is known."""
    needed: dict[str, tuple[int, int]] = {}
    for pool in pools:
        family = re.match(r"[a-z]+", pool.instance_type)
        codes = _QUOTAS.get(family[0]) if family else None
        if codes and pool.instance_type in cores:
            code, each = codes[pool.spot], cores[pool.instance_type]
            low, high = needed.get(code, (0, 0))
            needed[code] = (low + each * pool.min, high + each * pool.max)
    return needed


def quota(kind: tuple[str, str], what: str, least: int, most: int, limit: float) -> Check:
    """Whether the account may have so many. What others in the account run counts too, and is not seen in vCPUs."""
    service, code = kind
    wanted = f"--service-code {service} --quota-code {code} --desired-value {most}"
    fix = f"aws service-quotas request-service-quota-increase {wanted}"
    at = f"quota: {what}"
    if limit < least:
        return fail(at, f"the account may have {limit:g}, the site begins with {least}", fix)
    if limit < most:
        return warn(at, f"the account may have {limit:g}, the site may grow to {most}", fix)
    return ok(at, f"the account may have {limit:g}, the site takes {least} to {most}")


def ranges(wanted: str, vpcs: Iterable[Mapping[str, Any]], site: str) -> Check:
    """Whether another network of the account has the same addresses: then the two can never be connected."""
    at = "cluster.network.range"
    for vpc in vpcs:
        for one in [] if named(vpc, site) else vpc.get("CidrBlockAssociationSet", ()):
            if meet(wanted, one["CidrBlock"]):
                what = f"{wanted} meets {vpc['VpcId']} ({one['CidrBlock']}): the two can never be connected"
                return warn(at, what, "another range, unless they never will be")
    return ok(at, f"{wanted} meets no other network of the account")


def named(vpc: Mapping[str, Any], site: str) -> bool:
    """Whether this network is the site's own."""
    return any(tag["Key"] == "Name" and tag["Value"] == cluster_name(site) for tag in vpc.get("Tags", ()))


def files(wanted: str, there: Iterable[Mapping[str, Any]]) -> Check:
    """Whether the file system is there, and encrypted."""
    at = "cluster.sharedFileSystem"
    found = {one["FileSystemId"]: one for one in there}
    if wanted not in found:
        return fail(at, f"there is no file system {wanted} in this region", "docs/clouds/aws.md: how it is made")
    if only := found[wanted].get("AvailabilityZoneName"):
        what = f"{wanted} is in the zone {only} only, and has no door in the others"
        return fail(at, what, "a regional file system: docs/clouds/aws.md: how it is made")
    if not found[wanted].get("Encrypted"):
        return fail(at, f"{wanted} is not encrypted, which cannot be changed", "make another one, and copy the files")
    return ok(at, f"{wanted}, encrypted")


def zone(wanted: str, name: str | None, domain: str) -> Check:
    """Whether the zone for the site's names is there (`name` is None where not), and holds them."""
    at = "cluster.hostedZone"
    if name is None:
        return fail(at, f"this account has no zone {wanted}", "aws route53 list-hosted-zones")
    held = name.rstrip(".")
    if domain != held and not domain.endswith(f".{held}"):
        return fail(
            at, f"{wanted} is the zone {held}, and {domain} does not lie in it", "the zone of the site's domain"
        )
    return ok(at, f"{wanted} is the zone {held}")


def bucket(name: str, region: str, found: str | None) -> Check:
    """Whether a bucket is ours or can be made: `found` is the region of ours, "" is somebody's, None nobody's.

    Who may not look is told what is told of somebody else's.
    """
    at = f"bucket {name}"
    if found is None:
        return ok(at, "nobody has this name")
    if not found:
        what = "S3 does not let us look: another account has this name, or we have no right to ask"
        fix = f"another `prefix` of objectstore's binding before the first `up`; or attach {_BUCKET_POLICY}"
        return fail(at, what, fix)
    if found != region:
        what = f"it is ours, in {found}: a bucket stays in its region, and S3 gives no name twice"
        return fail(at, what, "another `prefix` of objectstore's binding")
    return ok(at, "it is there, and ours")


def growth(pools: Iterable[AwsNodePool], *, autoscaling: bool) -> Check:
    """Whether something starts the machines of a pool that begins with none."""
    at, empty = "cluster.autoscaling", [pool.name for pool in pools if not pool.min]
    if autoscaling:
        return ok(at, "pools grow and shrink between `min` and `max`")
    if empty:
        what = f"pools begin with no machine, and nothing starts one: {', '.join(empty)}"
        return warn(at, what, f"{at}: true, or `min: 1`, or start machines by hand (docs/clouds/aws.md)")
    return ok(at, "off; every pool begins with machines")


def standing(cluster: Mapping[str, Any], groups: Iterable[Mapping[str, Any]]) -> Iterator[Check]:
    """How a cluster that is there stands, and each of its node groups; of what failed, why."""
    name, status = cluster["name"], cluster["status"]
    yield _state(f"cluster {name}", status, cluster.get("health", {}), f"aws eks describe-cluster --name {name}")
    for one in groups:
        group = one["nodegroupName"]
        more = f"aws eks describe-nodegroup --cluster-name {name} --nodegroup-name {group}"
        yield _state(f"node group {group}", one["status"], one.get("health", {}), more)


def _state(at: str, status: str, health: Mapping[str, Any], more: str) -> Check:
    why = "; ".join(f"{one.get('code')}: {one.get('message')}" for one in health.get("issues", ()))
    if why or status.endswith("FAILED") or status == "DEGRADED":
        return fail(at, f"{status}: {why or 'EKS does not say why'}", f"mend that, then `pulumi up`; {more}")
    if status == "ACTIVE":
        return ok(at, status)
    return warn(at, f"{status}, and nothing has failed so far", "wait; a control plane takes ten to fifteen minutes")


def simulation(statement: Mapping[str, Any], region: str, account: str, site: str) -> dict[str, Any]:
    """The question to IAM whether a statement of our policy holds: its actions, on what a site would name and tag."""
    named = [_concrete(one, region, account, site) for one in statement["Resource"] if one != "*"]
    context = [
        {
            "ContextKeyName": key,
            "ContextKeyType": "string",
            "ContextKeyValues": [value if isinstance(value, str) else value[0]],
        }
        for keys in statement.get("Condition", {}).values()
        for key, value in keys.items()
    ]
    asked: dict[str, Any] = {"ActionNames": list(statement["Action"])}
    return asked | ({"ResourceArns": named} if named else {}) | ({"ContextEntries": context} if context else {})


def _concrete(pattern: str, region: str, account: str, site: str) -> str:
    """An ARN that a site could have, of a pattern in our policy. IAM simulates on things, not on patterns."""
    arn = pattern.split(":", 5)
    arn[3], arn[4] = (region if arn[3] == "*" else arn[3]), (account if arn[4] == "*" else arn[4])
    arn[5] = arn[5].replace("arcos-*", cluster_name(site)).replace("*", "x")
    return ":".join(arn)


def denied(results: Iterable[Mapping[str, Any]]) -> list[str]:
    """Actions that are allowed on nothing that was asked about: an action knows one kind of thing only."""
    asked, allowed = set(), set()
    for one in results:
        asked.add(one["EvalActionName"])
        on = [one["EvalDecision"], *(each["EvalResourceDecision"] for each in one.get("ResourceSpecificResults", ()))]
        if "allowed" in on:
            allowed.add(one["EvalActionName"])
    return sorted(asked - allowed)


def rights(asked: int, lacking: Sequence[str], documents: Sequence[str]) -> Check:
    """Whether we may do what `up` does, by the policies that this site needs."""
    all_of = " and ".join(documents)
    if not lacking:
        return ok("rights", f"all {asked} actions of {all_of}")
    more = f" and {len(lacking) - 5} more" if len(lacking) > 5 else ""
    what = f"IAM would refuse {', '.join(lacking[:5])}{more}"
    return fail("rights", what, f"attach {all_of} to the role (docs/clouds/aws.md)")
