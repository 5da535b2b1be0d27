"""How a resource's inputs are spelled in AWS's API: what Pulumi calls `cidrBlock`, EC2 calls `CidrBlock`.

Each function gives the mapper of one kind of call. Nothing is left out on purpose: an input that the API does not have
has to come out as a parameter that it does not have.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Params = dict[str, Any]
Mapper = Callable[[dict[str, Any]], Params]


def capital(name: str) -> str:
    """`cidrBlock` as `CidrBlock`."""
    return name[:1].upper() + name[1:]


def recase(value: Any) -> Any:
    """All keys of nested data with a capital."""
    if isinstance(value, dict):
        return {capital(key): recase(inner) for key, inner in value.items()}
    return [recase(inner) for inner in value] if isinstance(value, list) else value


def pairs(tags: dict[str, str], key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    """Tags as most services list them."""
    return [{key: name, value: text} for name, text in sorted(tags.items())]


def upper(**names: str) -> Mapper:
    """Capitals, but for what has a name of its own."""
    return lambda inputs: {names.get(key, capital(key)): recase(value) for key, value in inputs.items()}


def lower(**names: str) -> Mapper:
    """EKS spells as Pulumi does."""
    return lambda inputs: {names.get(key, key): value for key, value in inputs.items()}


def ec2(tagged: str, name: str = "Name", **fixed: str) -> Mapper:
    """EC2: tags go to a kind of resource; lists of ids are `RouteTableIds` and the like."""

    def params(inputs: dict[str, Any]) -> Params:
        rest = {key: value for key, value in inputs.items() if key != "tags"}
        spelled = upper(name=name)(rest) | fixed
        if "tags" in inputs:
            spelled["TagSpecifications"] = [{"ResourceType": tagged, "Tags": pairs(inputs["tags"])}]
        return spelled

    return params


def vpc_attribute(name: str) -> Mapper:
    """A VPC's switches are set one by one."""
    return lambda inputs: {"VpcId": "vpc-0", capital(name): {"Value": inputs[name]}}


def public_address(inputs: dict[str, Any]) -> Params:
    """A subnet's switch is set after it is made."""
    return {"SubnetId": "subnet-0", "MapPublicIpOnLaunch": {"Value": inputs["mapPublicIpOnLaunch"]}}


def no_rules(direction: str) -> Mapper:
    """The default group's rules are those named here, which are none; the ones it was made with are taken away."""
    return lambda inputs: {"GroupId": "sg-0", "IpPermissions": [recase(rule) for rule in inputs[direction]]}


def in_vpc(inputs: dict[str, Any]) -> Params:
    """The default group is found, not made."""
    return {"Filters": [{"Name": "vpc-id", "Values": [inputs["vpcId"]]}]}


def tags_only(inputs: dict[str, Any]) -> Params:
    """Tags of something that is there."""
    return {"Resources": ["sg-0"], "Tags": pairs(inputs["tags"])}


def ingress_rule(inputs: dict[str, Any]) -> Params:
    """One rule of a group. A source is a range or another group."""
    rest = dict(inputs)
    source, about = {}, {"Description": rest.pop("description")}
    if "cidrIpv4" in rest:
        source["IpRanges"] = [{"CidrIp": rest.pop("cidrIpv4")} | about]
    if "referencedSecurityGroupId" in rest:
        source["UserIdGroupPairs"] = [{"GroupId": rest.pop("referencedSecurityGroupId")} | about]
    group, tags = rest.pop("securityGroupId"), rest.pop("tags")
    tagged = [{"ResourceType": "security-group-rule", "Tags": pairs(tags)}]
    return {"GroupId": group, "IpPermissions": [recase(rest) | source], "TagSpecifications": tagged}


def launch_template(inputs: dict[str, Any]) -> Params:
    """What machines are started with is one part, the template's own name and tags the other."""
    rest = dict(inputs)
    name, tags = rest.pop("name"), rest.pop("tags")
    data = recase({key: value for key, value in rest.items() if key != "tagSpecifications"})
    # Terraform's switches with three states are texts.
    for disk in data.get("BlockDeviceMappings", []):
        for key in ("Encrypted", "DeleteOnTermination"):
            disk["Ebs"][key] = {"true": True, "false": False}.get(disk["Ebs"].get(key), disk["Ebs"].get(key))
    data["TagSpecifications"] = [
        {"ResourceType": one["resourceType"], "Tags": pairs(one["tags"])} for one in rest.get("tagSpecifications", [])
    ]
    own = [{"ResourceType": "launch-template", "Tags": pairs(tags)}]
    return {"LaunchTemplateName": name, "LaunchTemplateData": data, "TagSpecifications": own}


def default_version(inputs: dict[str, Any]) -> Params:
    """After each change, the newest version is the default."""
    assert inputs["updateDefaultVersion"] is True
    return {"LaunchTemplateName": "name", "DefaultVersion": "2"}


def iam(**names: str) -> Mapper:
    """IAM lists tags in pairs."""

    def params(inputs: dict[str, Any]) -> Params:
        rest = {key: value for key, value in inputs.items() if key != "tags"}
        return upper(**names)(rest) | ({"Tags": pairs(inputs["tags"])} if "tags" in inputs else {})

    return params


def logs(inputs: dict[str, Any]) -> Params:
    """CloudWatch spells as Pulumi does."""
    return lower(name="logGroupName")(inputs)


def retention(inputs: dict[str, Any]) -> Params:
    """How long logs are kept is set after the group is made."""
    return {"logGroupName": "name"} | inputs


def kms(inputs: dict[str, Any]) -> Params:
    """KMS has its own names for a tag's two halves."""
    rest = {key: value for key, value in inputs.items() if key != "tags"}
    return upper()(rest) | {"Tags": pairs(inputs["tags"], "TagKey", "TagValue")}


def rotation(inputs: dict[str, Any]) -> Params:
    """A switch that is on is the call itself."""
    assert inputs == {"enableKeyRotation": True}
    return {"KeyId": "1234abcd"}


def deletion(inputs: dict[str, Any]) -> Params:
    """How long a key waits is said when it is deleted."""
    return {"KeyId": "1234abcd", "PendingWindowInDays": inputs["deletionWindowInDays"]}


def cluster(inputs: dict[str, Any]) -> Params:
    """EKS takes lists where the provider takes one, and puts logs as switches."""
    rest = dict(inputs)
    rest["resourcesVpcConfig"] = rest.pop("vpcConfig")
    rest["encryptionConfig"] = [rest.pop("encryptionConfig")]
    rest["logging"] = {"clusterLogging": [{"types": rest.pop("enabledClusterLogTypes"), "enabled": True}]}
    return rest


def addon(inputs: dict[str, Any]) -> Params:
    """One behaviour for conflicts at creation, another one for updates, which is that of a later call."""
    rest = dict(inputs)
    rest["resolveConflicts"] = rest.pop("resolveConflictsOnCreate")
    assert rest.pop("resolveConflictsOnUpdate") in ("NONE", "OVERWRITE", "PRESERVE")
    return rest


def node_group(inputs: dict[str, Any]) -> Params:
    """EKS writes node groups as one word."""
    return lower(nodeGroupName="nodegroupName", nodeRoleArn="nodeRole", subnetIds="subnets")(inputs)


def budget(inputs: dict[str, Any]) -> Params:
    """A budget, and who is told when."""
    rest = dict(inputs)
    told = [
        {
            "Notification": {
                "NotificationType": one.pop("notificationType"),
                "ComparisonOperator": one.pop("comparisonOperator"),
                "Threshold": float(one.pop("threshold")),
                "ThresholdType": one.pop("thresholdType"),
            },
            "Subscribers": [
                {"SubscriptionType": "EMAIL", "Address": address} for address in one.pop("subscriberEmailAddresses")
            ],
        }
        | one
        for one in map(dict, rest.pop("notifications"))
    ]
    limit = {"Amount": rest.pop("limitAmount"), "Unit": rest.pop("limitUnit")}
    tags = [{"Key": key, "Value": value} for key, value in rest.pop("tags").items()]
    spelled = upper(name="BudgetName")(rest) | {"BudgetLimit": limit}
    return {
        "AccountId": "111122223333",
        "Budget": spelled,
        "NotificationsWithSubscribers": told,
        "ResourceTags": tags,
    }


def bucket(inputs: dict[str, Any]) -> Params:
    """A bucket is made in a region, with its tags; what becomes of its objects is said when it is deleted: nothing."""
    rest = dict(inputs)
    assert rest.pop("forceDestroy", False) is False, "the provider would delete every object and version in it"
    made = {"LocationConstraint": "ap-southeast-2", "Tags": pairs(rest.pop("tags"))}
    return upper()(rest) | {"CreateBucketConfiguration": made}


def lifecycle(inputs: dict[str, Any]) -> Params:
    """S3 spells a rule's name in capitals."""
    rest = dict(inputs)
    rules = [{"ID" if key == "Id" else key: value for key, value in rule.items()} for rule in recase(rest.pop("rules"))]
    return upper()(rest) | {"LifecycleConfiguration": {"Rules": rules}}


def public_access(inputs: dict[str, Any]) -> Params:
    """Four switches in one."""
    rest = dict(inputs)
    return {"Bucket": rest.pop("bucket"), "PublicAccessBlockConfiguration": upper()(rest)}
