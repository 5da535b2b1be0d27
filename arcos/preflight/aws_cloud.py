"""What AWS says of an account: asked over its own API, read only, judged elsewhere.

Signs in as everybody's tools do (environment, `~/.aws`, single sign-on, the machine's role). Needs no program beside
Python: `botocore` is what AWS's own command line is made of. Every call that is made stands in :data:`CALLS`, which
the documents in `docs/permissions` follow. https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from arcos.errors import ArcosError

if TYPE_CHECKING:
    from botocore.session import Session

#: Everything that may be asked, as (service, operation). None of them changes anything.
CALLS = frozenset(
    {
        ("ec2", "DescribeAddresses"),
        ("ec2", "DescribeAvailabilityZones"),
        ("ec2", "DescribeInstanceTypeOfferings"),
        ("ec2", "DescribeInstanceTypes"),
        ("ec2", "DescribeVpcs"),
        ("efs", "DescribeFileSystems"),
        ("eks", "DescribeCluster"),
        ("eks", "DescribeClusterVersions"),
        ("eks", "DescribeNodegroup"),
        ("eks", "ListNodegroups"),
        ("iam", "SimulatePrincipalPolicy"),
        ("route53", "GetHostedZone"),
        ("s3", "HeadBucket"),
        ("service-quotas", "GetServiceQuota"),
        ("sts", "GetCallerIdentity"),
    }
)
#: What AWS says when it knows who asks and does not let them.
#: The answer to a HEAD has no words, only its number.
_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403")
#: What it says of a thing that is not there.
_MISSING = ("ResourceNotFoundException", "NoSuchEntity", "NoSuchResourceException", "NoSuchHostedZone", "404")


class AwsError(ArcosError):
    """AWS did not answer a question: `denied` when whoever asks may not ask, `missing` when there is no such thing."""

    def __init__(self, what: str, *, why: str, fix: str, code: str = "") -> None:
        super().__init__(what, why=why, fix=fix)
        self.denied = code in _DENIED
        self.missing = code in _MISSING


class Aws:
    """AWS in one region, as whoever runs this, or as a profile of AWS's own files."""

    def __init__(self, region: str, profile: str | None = None) -> None:
        self._region, self._profile = region, profile
        self._session: Session | None = None
        self._clients: dict[str, Any] = {}

    def ask(self, service: str, operation: str, **parameters: object) -> dict[str, Any]:
        """The whole answer to one question, however many pages it has.

        Raises:
            AwsError: No answer, or a refusal.
            ValueError: A question that is not in :data:`CALLS`.
        """
        from botocore import xform_name
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        if (service, operation) not in CALLS:
            raise ValueError(f"{service}:{operation} is not among what may be asked")
        name = xform_name(operation)
        try:
            client = self._client(service)
            if client.can_paginate(name):
                found: dict[str, Any] = client.get_paginator(name).paginate(**parameters).build_full_result()
            else:
                found = getattr(client, name)(**parameters)
        except ClientError as error:
            told = error.response.get("Error", {})
            code = str(told.get("Code", ""))
            raise AwsError(
                f"AWS refuses {service}:{operation}",
                why=_line(f"{code}: {told.get('Message', '')}"),
                fix="aws sts get-caller-identity says who you are",
                code=code,
            ) from None
        except (BotoCoreError, ResponseParserError) as error:
            fix = "credentials as for the `aws` command line: docs/clouds/aws.md; or look at the network"
            raise AwsError(f"{service}:{operation} cannot be asked", why=_line(str(error)), fix=fix) from None
        return found

    def all(self, service: str, operation: str, key: str, **parameters: object) -> list[Any]:
        """What an answer lists under a key.

        Raises:
            AwsError: As `ask` says.
        """
        return list(self.ask(service, operation, **parameters).get(key, []))

    def _client(self, service: str) -> Any:  # noqa: ANN401 - botocore makes its classes as it runs
        if service not in self._clients:
            from botocore.config import Config
            from botocore.session import Session

            self._session = self._session or Session(profile=self._profile)
            patience = Config(connect_timeout=10, read_timeout=60, retries={"max_attempts": 3, "mode": "standard"})
            self._clients[service] = self._session.create_client(service, region_name=self._region, config=patience)
        return self._clients[service]


def _line(text: str) -> str:
    """What was said, on one line: it may be the whole page of a proxy."""
    return " ".join(text.split())[:200]
