"""Who can be an administrator of a cluster: roles and users of IAM, by their whole names. No Pulumi here.

https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html
"""

from __future__ import annotations

#: How the names of roles begin that IAM Identity Center makes; they stand at a path, which a session does not tell.
SIGN_ON = "AWSReservedSSO_"


def principal_name(arn: str) -> str:
    """A principal's name in a resource's name, as in `111122223333-role-arcos-operator`."""
    account, _, name = arn.split(":", 4)[4].partition(":")
    return f"{account}-{name.replace('/', '-')}"


def whole_name(role: str) -> str:
    """How a person learns the ARN of a role with its path."""
    return f"what this prints: aws iam get-role --role-name {role} --query Role.Arn"
