"""What a site file may set for a cluster of kind `aws-eks`. No Pulumi here: checking a site file stays fast."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator, model_validator

from components.bucket import ObjectStorage
from components.clusters.aws_eks import machines, versions
from components.clusters.aws_eks.addresses import NARROWEST, WIDEST
from components.clusters.aws_eks.principals import SIGN_ON, principal_name, whole_name
from components.clusters.aws_eks.regions import jurisdiction, s3_url
from components.clusters.capabilities import SHARED_STORAGE, Capabilities, HostedZone
from components.clusters.pools import NodePool, cloud_capabilities
from components.clusters.ranges import IpRange, between, is_private, meet
from components.clusters.surroundings import Misfit, Surroundings
from components.locality import Location, Place
from components.units import Email, Line, Many, Settings, refuse

_PRINCIPAL = r"arn:aws[a-z-]*:iam::[0-9]{12}:(?:role|user)/[\w+=,.@/-]+"
_PRINCIPAL_ACCEPTED = "the ARN of an IAM role or user, as in `arn:aws:iam::111122223333:role/arcos-operator`"
_REGION = r"[a-z]{2}(?:-[a-z]+)+-[0-9]"
#: https://docs.aws.amazon.com/eks/latest/APIReference/API_KubernetesNetworkConfigRequest.html
_SERVICES = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
#: This machine, this link, many at once, nobody: no caller comes from there, and AWS refuses a list that names one.
_NOBODYS = ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3")
#: https://docs.aws.amazon.com/eks/latest/userguide/service-quotas.html
_PUBLIC_RANGES = 40
#: https://docs.aws.amazon.com/IAM/latest/APIReference/API_Tag.html
_TAG, _TAG_ACCEPTED = r"[\w .:/=+@-]+", "letters, digits, spaces and `_.:/=+-@`, as in `cost-centre`"


def _principal(value: str) -> str:
    if re.fullmatch(_PRINCIPAL, value, flags=re.ASCII):
        return value
    # What `aws sts get-caller-identity` prints is a session of a role, not the role.
    session = re.fullmatch(r"arn:(aws[a-z-]*):sts::(\d{12}):assumed-role/([\w+=,.@-]+)/.*", value)
    better = f"arn:{session[1]}:iam::{session[2]}:role/{session[3]}" if session else ""
    if session and session[3].startswith(SIGN_ON):
        raise refuse(f"is a session of the role {session[3]}, whose path it does not tell", whole_name(session[3]))
    raise refuse("is no IAM role or user", _PRINCIPAL_ACCEPTED, better)


Principal = Annotated[str, Field(max_length=300), AfterValidator(_principal)]
ZoneLetter = Annotated[str, StringConstraints(pattern=r"^[a-z]$")]


class AwsNodePool(NodePool):
    """A node pool of EC2 machines."""

    instance_type: Annotated[str, StringConstraints(pattern=machines.PATTERN)]
    """EC2 machine type of each machine, as in `m7i.large`."""

    disk_gib: Annotated[int, Field(ge=20, le=16000)] = 80
    """Disk of each machine in GiB, for images and what pods write outside of volumes. Room for large notebooks."""

    spot: bool = False
    """Spare capacity: two thirds cheaper, and AWS takes a machine back with two minutes' notice. Default: no."""

    @field_validator("instance_type")
    @classmethod
    def _runs_the_platform(cls, value: str, info: ValidationInfo) -> str:
        if machines.is_arm(value):
            raise refuse("has an ARM processor", "a machine with an x86 processor, which the images are built for")
        gpu = info.data.get("gpu")
        if gpu and not (gpu == "nvidia" and machines.has_nvidia(value)):
            raise refuse(
                f"has no GPU of {gpu}", "a machine of the families g, gr or p; EKS has images for NVIDIA's only"
            )
        return value


class Network(Settings):
    """The VPC that the cluster is in."""

    range: IpRange = "10.64.0.0/16"
    """Addresses of nodes, pods and load balancers, /16 to /20; must meet no network that the site is connected to."""

    service_range: Annotated[IpRange, Field(validate_default=True)] = "172.20.0.0/16"
    """Addresses of Services, /12 to /24; seen inside the cluster only."""

    nat: Literal["one", "each-zone"] = "one"
    """Gateways to the internet: one for all zones, or one each, which stays up when a zone fails and costs as often."""

    @field_validator("range")
    @classmethod
    def _vpc(cls, value: str) -> str:
        if not is_private(value) or not between(value, WIDEST, NARROWEST):
            raise refuse("cannot be a VPC's", f"a private range of /{WIDEST} to /{NARROWEST}, as in `10.64.0.0/16`")
        return value

    @field_validator("service_range")
    @classmethod
    def _apart(cls, value: str, info: ValidationInfo) -> str:
        inside = any(IPv4Network(value).subnet_of(IPv4Network(outer)) for outer in _SERVICES)
        if not inside or not between(value, 12, 24):
            accepted = f"a range of /12 to /24 in {', '.join(_SERVICES)}, as in `172.20.0.0/16`"
            raise refuse("cannot be the Services'", accepted)
        if (vpc := info.data.get("range")) and meet(value, vpc):
            raise refuse(f"meets the VPC's `range` {vpc}", "a range of its own, as in `172.20.0.0/16`")
        return value


class Budget(Settings):
    """When somebody is told what the account costs."""

    monthly_usd: Annotated[int, Field(ge=1, le=1_000_000)]
    """What the account may cost a month, in US dollars: told at 80 %, and once the month will come to more."""

    notify: Annotated[Many[Email], Field(min_length=1, max_length=10)]
    """Who is told."""


class Tag(Settings):
    """A tag that the institution wants on everything it pays for."""

    key: Annotated[Line, Field(max_length=128)]
    """Its key."""

    value: Annotated[Line, Field(max_length=256)]
    """Its value."""

    @field_validator("key", "value")
    @classmethod
    def _as_aws_takes_it(cls, value: str, info: ValidationInfo) -> str:
        if not re.fullmatch(_TAG, value):
            raise refuse("has a character that AWS takes in no tag", _TAG_ACCEPTED)
        if info.field_name == "key" and value.lower().startswith("aws:"):
            raise refuse("begins as AWS's own tags do", "a key that does not begin with `aws:`")
        return value


class AwsEks(Settings):
    """A cluster that AWS's EKS service makes, in the region of `aws:region`."""

    outside: ClassVar[tuple[str, ...]] = ("region",)

    kind: Literal["aws-eks"]

    region: Annotated[str, Field(exclude=True)] = ""
    """The region of `aws:region`, which stands beside the site in its file."""

    node_pools: Annotated[Many[AwsNodePool], Field(min_length=1, max_length=50)]
    """Groups of machines."""

    admins: Annotated[Many[Principal], Field(min_length=1, max_length=20)]
    """IAM roles and users with every right in the cluster. Whoever runs `pulumi up` must be one of them."""

    api_ranges: Many[IpRange] = ()
    """From where the Kubernetes API is reached. Public ranges open its public address, to them only; private ones its
    private address. Default: from inside the VPC only."""

    zones: Annotated[Many[ZoneLetter], Field(min_length=2, max_length=3)] = ("a", "b", "c")
    """Letters of the region's zones. Add at the end; taking one away takes its volumes with it."""

    network: Network = Network()
    """The VPC."""

    shared_file_system: Annotated[str, StringConstraints(pattern=r"^fs-[0-9a-f]{8,40}$")] | None = None
    """An EFS file system for volumes that many pods write. It is made before the cluster and outlives it: see
    docs/clouds/aws.md. Default: none, so no such volumes."""

    hosted_zone: HostedZone | None = None
    """Id of a zone of Route 53 in this account: the pods of the app `dns` get a role for its records. Default: none."""

    autoscaling: bool = False
    """Pools grow and shrink by themselves between `min` and `max`. Needs the image `cluster-autoscaler`, which others
    build: `./arcosctl images lock cluster-autoscaler`. Default: an operator starts machines."""

    log_days: Literal[7, 14, 30, 60, 90, 180, 365, 731] = 90
    """How long the control plane's logs are kept, in days."""

    budget: Budget | None = None
    """Who is told what the account costs. Default: nobody."""

    tags: Annotated[Many[Tag], Field(max_length=40)] = ()
    """Tags on everything, beside the platform's own."""

    @model_validator(mode="before")
    @classmethod
    def _region_beside(cls, data: Any, info: ValidationInfo) -> Any:  # noqa: ANN401 - whatever stands in the file
        told = (info.context or {}).get("aws:region")
        return data | {"region": told} if told and isinstance(data, dict) else data

    @field_validator("node_pools")
    @classmethod
    def _one_runs_the_cluster(cls, value: tuple[AwsNodePool, ...]) -> tuple[AwsNodePool, ...]:
        # An add-on without a node is "degraded" after twenty minutes, and `up` fails.
        if not any(pool.min and not pool.taints for pool in value):
            accepted = "a pool with `min: 1` or more and without taints; DNS and the volumes' driver run there"
            raise refuse("has no pool for what every cluster runs", accepted)
        return value

    @field_validator("admins")
    @classmethod
    def _each_administrator_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        names = [principal_name(one) for one in value]
        if twice := [one for one, name in zip(value, names, strict=True) if names.count(name) > 1]:
            accepted = "every one once, and no two whose names differ in `/` and `-` only"
            raise refuse(f"names {twice[-1]} twice, or another one so much like it", accepted)
        return value

    @field_validator("tags")
    @classmethod
    def _each_tag_once(cls, value: tuple[Tag, ...]) -> tuple[Tag, ...]:
        keys = [tag.key.lower() for tag in value]
        if twice := [tag.key for tag in value if keys.count(tag.key.lower()) > 1]:
            raise refuse(f"has `{twice[-1]}` twice", "every key once; IAM takes capitals for the same letters")
        return value

    @field_validator("api_ranges")
    @classmethod
    def _not_everybody(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if wide := [one for one in value if not between(one, 8, 32)]:
            raise refuse(f"opens the Kubernetes API to {wide[0]}", "ranges of your institution, /8 or narrower")
        if nobodys := [one for one in value if any(meet(one, other) for other in _NOBODYS)]:
            raise refuse(f"names {nobodys[0]}, from where nobody comes", "ranges of your institution")
        if len(set(value)) != len(value):
            raise refuse("names a range twice", "every range once")
        if len([one for one in value if not is_private(one)]) > _PUBLIC_RANGES:
            accepted = f"{_PUBLIC_RANGES} public ranges at most, as EKS has it: wider ones, or a VPN's private one"
            raise refuse("has too many public ranges", accepted)
        return value

    @field_validator("zones")
    @classmethod
    def _each_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) != len(value):
            raise refuse("names a zone twice", "two or three different letters, as in `[a, b, c]`")
        return value

    @property
    def capabilities(self) -> Capabilities:
        """Elastic load balancing, EBS, EFS where there is one, S3, and the VPC network's policy agent."""
        offered = cloud_capabilities(self.node_pools)
        files = SHARED_STORAGE if self.shared_file_system else None
        # Without a region, which `check` refuses, any will do.
        region = self.region or "us-east-1"
        storage = ObjectStorage(url=s3_url(region), region=region, keys=False)
        return offered.model_copy(
            update={"rwx_storage_class": files, "hosted_zone": self.hosted_zone, "object_storage": storage}
        )

    def located(self, beside: Mapping[str, str]) -> Place | None:
        """Volumes, and the buckets and dumps on them, are where the region is."""
        if (region := beside.get("aws:region")) is None:
            return None
        law = jurisdiction(region)
        location = Location(jurisdiction=law, region=region) if law else None
        return Place(what="the cluster's volumes", path=("aws:region",), location=location)

    def misfits(self, around: Surroundings) -> Iterator[Misfit]:
        """A region that is not named, and a Kubernetes that EKS does not run."""
        if "aws:region" not in around.provider:
            accepted = "aws:region: beside arcos:site:, as in `aws:region: ap-southeast-2`"
            yield Misfit(what="`aws:region` is missing", accepted=accepted, path=("kind",))
        elif not re.fullmatch(_REGION, around.provider["aws:region"]):
            what = "`aws:region` is no region of AWS"
            yield Misfit(what=what, accepted="a region, as in `ap-southeast-2`", beside="aws:region")
        if why := versions.unsupported(around.kubernetes, around.today):
            accepted = f"a release with Kubernetes {', '.join(versions.offered(around.today))}"
            yield Misfit(what=why, accepted=accepted, path=("kind",))
