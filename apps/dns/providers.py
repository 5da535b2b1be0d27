"""What external-dns is told for each of those who keep records, what it may reach, and which secret it holds.

Pure. Flags: https://kubernetes-sigs.github.io/external-dns/latest/docs/flags/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from apps.dns.config import Designate, DnsConfig, Rfc2136, Route53
from components.facts import Facts
from components.network import EgressRule, to_anywhere, to_anywhere_both, to_pod_identity
from components.pod import Mount, PodArgs, Probe, Resources

#: The users in `images/external-dns` and `images/external-dns-openstack`.
USER, DESIGNATE_USER = 65532, 10101
#: Where the program that speaks to Designate says whether it runs; external-dns asks it inside of the pod only.
_DESIGNATE_STATUS = 8080
#: Route 53 is one service for all regions, and signs as this one.
#: https://docs.aws.amazon.com/general/latest/gr/r53.html
_ROUTE53_REGION = "us-east-1"


@dataclass(frozen=True, kw_only=True)
class Told:
    """What differs by provider: flags, environment, secrets in it, ways out, a program beside external-dns."""

    args: tuple[str, ...]
    egress: tuple[EgressRule, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    secret_env: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    companions: tuple[PodArgs, ...] = ()


def told(config: DnsConfig, facts: Facts, images: Callable[[str], str]) -> Told:
    """For the site's provider."""
    zone = config.zone or facts.domain
    if isinstance(config.provider, Route53):
        return _route53(facts)
    if isinstance(config.provider, Designate):
        return _designate(config.provider, zone, images)
    return _rfc2136(config.provider, zone)


def _route53(facts: Facts) -> Told:
    if facts.hosted_zone is None:
        raise ValueError("`check` refuses AWS where the cluster names no hosted zone")
    return Told(
        args=("--provider=aws", f"--zone-id-filter={facts.hosted_zone}"),
        env={"AWS_REGION": _ROUTE53_REGION},
        egress=(to_anywhere(443), to_pod_identity()),
    )


def _designate(config: Designate, zone: str, images: Callable[[str], str]) -> Told:
    """external-dns has no provider for Designate of its own any more: a program beside it speaks to OpenStack."""
    beside = PodArgs(
        app="designate",
        image=images("external-dns-openstack"),
        user=DESIGNATE_USER,
        resources=Resources(cpu="10m", cpu_limit="250m", memory="64Mi"),
        service_account="dns",
        args=[f"--domain-filter={zone}"],
        env={"OS_CLOUD": "openstack", "OS_CLIENT_CONFIG_FILE": "/etc/openstack/clouds.yaml", "HOME": "/"},
        ports={"status": _DESIGNATE_STATUS},
        mounts=[Mount(path="/etc/openstack", secret=config.secret, items={"clouds.yaml": "clouds.yaml"})],
        live=Probe(path="/healthz", port=_DESIGNATE_STATUS),
        ready=Probe(path="/healthz", port=_DESIGNATE_STATUS),
    )
    return Told(
        args=("--provider=webhook", "--webhook-provider-url=http://127.0.0.1:8888"),
        egress=(to_anywhere(*config.ports),),
        companions=(beside,),
    )


def _rfc2136(config: Rfc2136, zone: str) -> Told:
    """Signed updates, and signed transfers, by which it sees what is there."""
    return Told(
        args=(
            "--provider=rfc2136",
            f"--rfc2136-host={config.server}",
            f"--rfc2136-port={config.port}",
            f"--rfc2136-zone={zone}",
            f"--rfc2136-tsig-keyname={config.key}",
            f"--rfc2136-tsig-secret-alg={config.algorithm}",
            "--rfc2136-tsig-axfr",
        ),
        secret_env={"EXTERNAL_DNS_RFC2136_TSIG_SECRET": (config.secret, "secret")},
        egress=(to_anywhere_both(config.port),),
    )
