"""Whether the address that a site names for its cloud's object storage answers as an S3, and the stack has keys of it.

Asked with keys that nobody has, for Swift knows a request for S3 by its signature alone: without one it says something
else. Nothing is read. https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

from __future__ import annotations

import http.client
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from arcos.checks import Check, fail, ok, warn
from arcos.platform import bucket_keys
from arcos.site.loader import stack_secrets
from arcos.site.model import Site

_URL, _REGION = "cluster.objectStorage.url", "cluster.objectStorage.region"
_NOBODY = "arcos-preflight"
_FIND = "openstack catalog show s3, or object-store without its path; docs/clouds/openstack.md, Buckets"
_SECONDS = 20
#: Of an answer no more than this is read: it may be anybody's.
_BYTES = 65536


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What an address said: `status` 0 where it said nothing, and `words` then why."""

    status: int
    words: str


def checks(site: Site) -> Iterator[Check]:
    """What a site's own is asked, and whether its stack has keys of it; nothing where its buckets are elsewhere."""
    there = site.cluster.capabilities.object_storage
    if there and bucket_keys.needed(site):
        yield check(there.url, there.region, there.authority)
        yield keys(site.name, stack_secrets(site.name))


def keys(site: str, held: Collection[str]) -> Check:
    """Whether the stack holds the pair, which nobody but a person can make; what it is good for is not asked."""
    at = "arcos:bucketAccessKey"
    missing = [name for name in bucket_keys.BUCKET_KEYS if f"arcos:{name}" not in held]
    if missing:
        what = f"the stack has no {' and no '.join(missing)}, which `pulumi up` needs for the object storage"
        return fail(at, what, "; ".join(["openstack ec2 credentials create", *bucket_keys.commands(site, missing)]))
    return ok(at, "the stack holds the object storage's keys")


def check(url: str, region: str, authority: str | None = None) -> Check:
    """Ask, and judge; `authority` is the one that signed the address, as text."""
    return judged(url, region, asked(url, region, authority))


def judged(url: str, region: str, answer: Answer) -> Check:
    """What the answer means for a site: every S3 refuses with a `Code`, some name the region that they are."""
    error = re.search(r"<Error\b.*</Error>", answer.words, re.DOTALL)
    its = re.search(r"<Region>([^<]+)</Region>", error[0]) if error else None
    if not answer.status:
        return fail(_URL, f"{url} does not answer: {answer.words}", _FIND)
    if not error or "<Code>" not in error[0]:
        return fail(_URL, f"{url} answers, but not as an S3 (HTTP {answer.status})", _FIND)
    if its and its[1] != region:
        return fail(_REGION, f"{url} is region {its[1]}, and the site says {region}", f"region: {its[1]}")
    if path := urlsplit(url).path.strip("/"):
        return warn(_URL, f"{url} has a path, /{path}, as the address of Swift's own API has; S3's has none", _FIND)
    return ok(_URL, f"{url} answers as an S3")


def asked(url: str, region: str, authority: str | None = None) -> Answer:
    """Ask for the list of buckets, as nobody."""
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    signed = AWSRequest("GET", f"{url.rstrip('/')}/")
    S3SigV4Auth(Credentials(_NOBODY, _NOBODY), "s3", region).add_auth(signed)
    try:
        # An https address, as the site's own model has it.
        request = urllib.request.Request(signed.url, headers=dict(signed.headers))  # noqa: S310
        trusted = ssl.create_default_context(cadata=authority) if authority else None
        with urllib.request.urlopen(request, timeout=_SECONDS, context=trusted) as answer:  # noqa: S310
            return Answer(status=answer.status, words=answer.read(_BYTES).decode(errors="replace"))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(status=error.code, words=error.read(_BYTES).decode(errors="replace"))
    except (OSError, http.client.HTTPException) as error:
        return Answer(status=0, words=" ".join(str(getattr(error, "reason", error)).split())[:200])
