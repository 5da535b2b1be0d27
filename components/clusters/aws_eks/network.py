"""The VPC of a cluster: subnets over its zones, ways out, and nothing that is open by default.

Owns what the cluster's machines are connected by; leaves out who may talk to the Kubernetes API (`control_plane.py`).
Which range is whose is decided in `addresses.py`. https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi_aws.ec2 as ec2
from pulumi import ComponentResource, Output, Resource, ResourceOptions

from components.clusters.aws_eks.addresses import Zone, nat_zones
from components.clusters.aws_eks.names import cluster_name, named, tags

_ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True, kw_only=True)
class AwsNetworkArgs:
    """`zones` as `addresses.plan` gives them; `nat` as the site file has it."""

    site: str
    region: str
    vpc: str
    zones: Sequence[Zone]
    nat: str
    tags: Mapping[str, str] = field(default_factory=dict)


class AwsNetwork(ComponentResource):
    """A VPC with a public and a private subnet in each zone."""

    vpc_id: Output[str]
    """The VPC."""

    nodes: dict[str, Output[str]]
    """The private subnets' ids, by the zone's letter."""

    ways_out: list[Resource]
    """What machines need to reach anything; they leave before it does."""

    def __init__(self, name: str, args: AwsNetworkArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:components:AwsNetwork", name, None, opts)
        child = ResourceOptions(parent=self)
        vpc = _vpc(args, child)
        self.vpc_id = vpc.id
        _closed_default_group(args, vpc, child)
        gateway = _internet_gateway(args, vpc, child)
        public = _subnets(args, vpc, child, public=True)
        self.nodes = _subnets(args, vpc, child, public=False)
        outward = _public_routes(args, vpc, gateway, public, child)
        nats = _nat_gateways(args, public, outward, child)
        tables = _private_tables(args, vpc, child)
        # What is outward of a NAT gateway is there before it.
        self.ways_out = _private_routes(args, tables, nats, self.nodes, child)
        self.ways_out.append(_bucket_endpoint(args, vpc, tables, child))
        self.register_outputs({"vpc_id": self.vpc_id})


def _vpc(args: AwsNetworkArgs, opts: ResourceOptions) -> ec2.Vpc:
    """Machines need names in it: the private address of the Kubernetes API is one. Another VPC is another cluster."""
    return ec2.Vpc(
        "vpc",
        cidr_block=args.vpc,
        enable_dns_hostnames=True,
        enable_dns_support=True,
        tags=tags(args.site, args.tags, cluster_name(args.site)),
        opts=ResourceOptions.merge(opts, ResourceOptions(protect=True)),
    )


def _closed_default_group(args: AwsNetworkArgs, vpc: ec2.Vpc, opts: ResourceOptions) -> ec2.DefaultSecurityGroup:
    """Without rules, so that nothing is reached because somebody forgot to say by whom."""
    name = named(args.site, "default-closed")
    return ec2.DefaultSecurityGroup(
        "default-closed", vpc_id=vpc.id, ingress=[], egress=[], tags=tags(args.site, args.tags, name), opts=opts
    )


def _internet_gateway(args: AwsNetworkArgs, vpc: ec2.Vpc, opts: ResourceOptions) -> ec2.InternetGateway:
    named_tags = tags(args.site, args.tags, cluster_name(args.site))
    return ec2.InternetGateway("internet", vpc_id=vpc.id, tags=named_tags, opts=opts)


def _subnets(args: AwsNetworkArgs, vpc: ec2.Vpc, opts: ResourceOptions, *, public: bool) -> dict[str, Output[str]]:
    """Kubernetes finds by these tags where load balancers go.

    https://docs.aws.amazon.com/eks/latest/userguide/network-load-balancing.html
    """
    kind = "public" if public else "nodes"
    role = {f"kubernetes.io/role/{'elb' if public else 'internal-elb'}": "1"}
    owner = {f"kubernetes.io/cluster/{cluster_name(args.site)}": "owned"}
    return {
        zone.letter: ec2.Subnet(
            f"{kind}-{zone.letter}",
            vpc_id=vpc.id,
            availability_zone=zone.name,
            cidr_block=zone.public if public else zone.nodes,
            map_public_ip_on_launch=False,
            tags=tags(args.site, args.tags, named(args.site, f"{kind}-{zone.letter}")) | role | owner,
            opts=opts,
        ).id
        for zone in args.zones
    }


def _public_routes(
    args: AwsNetworkArgs,
    vpc: ec2.Vpc,
    gateway: ec2.InternetGateway,
    subnets: Mapping[str, Output[str]],
    opts: ResourceOptions,
) -> list[Resource]:
    name = named(args.site, "public")
    table = ec2.RouteTable("public", vpc_id=vpc.id, tags=tags(args.site, args.tags, name), opts=opts)
    route = ec2.Route(
        "public", route_table_id=table.id, destination_cidr_block=_ANYWHERE, gateway_id=gateway.id, opts=opts
    )
    return [route, *_attach(subnets, dict.fromkeys(subnets, table), "public", opts)]


def _nat_gateways(
    args: AwsNetworkArgs, subnets: Mapping[str, Output[str]], outward: Sequence[Resource], opts: ResourceOptions
) -> dict[str, ec2.NatGateway]:
    """By the letter of the zone they stand in, each with an address that stays."""
    gateways, after = {}, ResourceOptions.merge(opts, ResourceOptions(depends_on=list(outward)))
    for letter in sorted(set(nat_zones(args.zones, args.nat).values())):
        given = tags(args.site, args.tags, named(args.site, f"nat-{letter}"))
        address = ec2.Eip(f"nat-{letter}", domain="vpc", tags=given, opts=opts)
        gateways[letter] = ec2.NatGateway(
            f"nat-{letter}", allocation_id=address.id, subnet_id=subnets[letter], tags=given, opts=after
        )
    return gateways


def _private_tables(args: AwsNetworkArgs, vpc: ec2.Vpc, opts: ResourceOptions) -> dict[str, ec2.RouteTable]:
    """One a zone also with one gateway, so that more gateways change routes and no subnet."""
    return {
        zone.letter: ec2.RouteTable(
            f"nodes-{zone.letter}",
            vpc_id=vpc.id,
            tags=tags(args.site, args.tags, named(args.site, f"nodes-{zone.letter}")),
            opts=opts,
        )
        for zone in args.zones
    }


def _private_routes(
    args: AwsNetworkArgs,
    tables: Mapping[str, ec2.RouteTable],
    nats: Mapping[str, ec2.NatGateway],
    subnets: Mapping[str, Output[str]],
    opts: ResourceOptions,
) -> list[Resource]:
    through = nat_zones(args.zones, args.nat)
    routes: list[Resource] = [
        ec2.Route(
            f"nodes-{letter}",
            route_table_id=table.id,
            destination_cidr_block=_ANYWHERE,
            nat_gateway_id=nats[through[letter]].id,
            opts=opts,
        )
        for letter, table in tables.items()
    ]
    return [*routes, *_attach(subnets, tables, "nodes", opts)]


def _attach(
    subnets: Mapping[str, Output[str]], tables: Mapping[str, ec2.RouteTable], kind: str, opts: ResourceOptions
) -> list[Resource]:
    return [
        ec2.RouteTableAssociation(f"{kind}-{letter}", subnet_id=subnet, route_table_id=tables[letter].id, opts=opts)
        for letter, subnet in subnets.items()
    ]


def _bucket_endpoint(
    args: AwsNetworkArgs, vpc: ec2.Vpc, tables: Mapping[str, ec2.RouteTable], opts: ResourceOptions
) -> ec2.VpcEndpoint:
    """Buckets and the layers of images from ECR do not go through the NAT gateway, which costs by the gigabyte."""
    return ec2.VpcEndpoint(
        "buckets",
        vpc_id=vpc.id,
        service_name=f"com.amazonaws.{args.region}.s3",
        vpc_endpoint_type="Gateway",
        route_table_ids=[table.id for table in tables.values()],
        tags=tags(args.site, args.tags, named(args.site, "buckets")),
        opts=opts,
    )
