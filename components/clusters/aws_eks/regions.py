"""Where AWS's regions are, as ISO 3166 has it: under whose law a cluster's volumes lie; and S3 in each. No Pulumi.

https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html
"""

from __future__ import annotations

#: A part of a country where the region's page names it.
_PLACES = {
    "af-south-1": "ZA", "ap-east-1": "HK", "ap-east-2": "TW", "ap-northeast-1": "JP", "ap-northeast-2": "KR",
    "ap-northeast-3": "JP", "ap-south-1": "IN", "ap-south-2": "IN", "ap-southeast-1": "SG", "ap-southeast-2": "AU-NSW",
    "ap-southeast-3": "ID", "ap-southeast-4": "AU-VIC", "ap-southeast-5": "MY", "ap-southeast-6": "NZ",
    "ap-southeast-7": "TH", "ca-central-1": "CA-QC", "ca-west-1": "CA-AB", "eu-central-1": "DE", "eu-central-2": "CH",
    "eu-north-1": "SE", "eu-south-1": "IT", "eu-south-2": "ES", "eu-west-1": "IE", "eu-west-2": "GB", "eu-west-3": "FR",
    "il-central-1": "IL", "me-central-1": "AE", "me-south-1": "BH", "mx-central-1": "MX", "sa-east-1": "BR",
    "us-east-1": "US-VA", "us-east-2": "US-OH", "us-west-1": "US-CA", "us-west-2": "US-OR",
}  # fmt: skip


def s3_url(region: str) -> str:
    """Where S3 is. https://docs.aws.amazon.com/general/latest/gr/s3.html"""
    return f"https://s3.{region}.amazonaws.com" + (".cn" if region.startswith("cn-") else "")


def jurisdiction(region: str) -> str | None:
    """Whose law holds in a region; None for one that is newer than this table."""
    if region.startswith(("us-gov-", "cn-")):
        return region[:2].upper()
    return _PLACES.get(region)
