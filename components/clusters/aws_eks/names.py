"""What the AWS resources of a site are called, and the tags that all of them carry. Pure: decides, makes nothing.

A name begins with `arcos-<site>`, so that a policy can be held to one site and a person sees whose it is.
Tags: https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html
"""

from __future__ import annotations

from collections.abc import Mapping

from components.metadata import PREFIX, digest

#: The tag that says which site a resource belongs to; also on what Kubernetes makes (volumes), so that it can be found.
SITE_TAG = f"{PREFIX}/site"


def cluster_name(site: str) -> str:
    """The EKS cluster; at most 46 characters, for a site's name has 40."""
    return f"arcos-{site}"


def named(site: str, part: str) -> str:
    """Everything else that has a name, as in `arcos-aws-sydney-nodes`."""
    return f"{cluster_name(site)}-{part}"


def role_name(site: str, part: str) -> str:
    """A role of IAM, which takes 64 characters: what is longer ends in what tells it from all others."""
    whole = named(site, part)
    return whole if len(whole) <= 64 else f"{whole[:55]}-{digest(whole)}"


def log_group(site: str) -> str:
    """Where EKS writes the control plane's logs; the name is EKS's own."""
    return f"/aws/eks/{cluster_name(site)}/cluster"


def node_group(pool: str, **fixed: object) -> str:
    """A node group's name (63 characters at most). `fixed` is what AWS cannot change in a group that is there.

    It is part of the name: a change of it makes the new group beside the old one before that goes.
    """
    return f"{pool[:54]}-{digest([pool, fixed])}"


def tags(site: str, extra: Mapping[str, str], name: str = "") -> dict[str, str]:
    """The tags of one resource: the site, who manages it, the site's own, and its name where AWS keeps none."""
    ours = {SITE_TAG: site, f"{PREFIX}/managed-by": "pulumi"}
    return dict(extra) | ours | ({"Name": name} if name else {})


def partition(region: str) -> str:
    """The part of AWS that a region is in, which every ARN names."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def managed_policy(region: str, name: str) -> str:
    """The ARN of a policy that AWS keeps."""
    return f"arn:{partition(region)}:iam::aws:policy/{name}"
