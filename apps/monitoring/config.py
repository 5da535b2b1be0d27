"""What a site may set for `monitoring`. No Pulumi here, so that checking a site file stays fast."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from components.certificates import Certificate
from components.quantity import seconds
from components.requirement import GroupUse, Requirement
from components.units import DnsLabel, Domain, Duration, Email, HttpsUrl, Many, Memory, Port, Settings, refuse

#: Prometheus keeps blocks of two hours; and what is older than five years, nobody asks a monitoring for.
_SHORTEST, _LONGEST = 86_400, 5 * 365 * 86_400


class Receiver(Settings):
    """Somebody who is told."""

    name: DnsLabel
    """Short name, shown beside what was sent."""

    severities: Annotated[Many[Literal["critical", "warning", "info"]], Field(min_length=1)] = ("critical", "warning")
    """Which alerts. Default: `critical` and `warning`."""

    secret: DnsLabel | None = None
    """The Secret in namespace `monitoring` with what proves us there (see `kind`). Default: none."""


class WebhookReceiver(Receiver):
    """An address that takes Alertmanager's JSON. The secret's key `token` is sent as a bearer token."""

    kind: Literal["webhook"]

    url: HttpsUrl
    """The address. What is in it stands in git: a token belongs in `secret`."""


class EmailReceiver(Receiver):
    """A mailbox. The secret's key `password` goes with `username`."""

    kind: Literal["email"]

    to: Email
    """Whom to write to."""

    sender: Email
    """The sender's address."""

    server: Domain
    """The mail server. It must speak TLS."""

    port: Port = 587
    """Its port for submission."""

    username: Annotated[str, Field(pattern=r"^[!-~]{1,200}$")] | None = None
    """Our name there. Default: none, the server knows us otherwise."""

    @model_validator(mode="after")
    def _complete(self) -> EmailReceiver:
        if (self.username is None) != (self.secret is None):
            raise refuse("has a user name without a secret, or the other way round", "both or neither of them")
        return self


AnyReceiver = Annotated[WebhookReceiver | EmailReceiver, Field(discriminator="kind")]


class GrafanaConfig(Settings):
    """Grafana, for dashboards of the operators' own. Operators are its administrators."""

    editors: Annotated[Many[DnsLabel], Field(max_length=50)] = ()
    """Groups that may make dashboards too. They see everybody's figures, as whoever gets in does. Default: none."""

    viewers: Annotated[Many[DnsLabel], Field(max_length=50)] = ()
    """Groups that may look, at everybody's figures. Default: none; people see their own on the page."""

    host: Domain | None = None
    """The name it answers to. Default: `grafana.` and the site's domain."""

    memory: Memory = "512Mi"
    """What it may take."""


class MonitoringConfig(Settings):
    """Settings of `monitoring`."""

    #: What a site of cluster kind `local` gets instead: it shares one machine with everything else.
    local_defaults: ClassVar[dict[str, Any]] = {"retention": "7d", "storage": "2Gi", "memory": "320Mi"}

    retention: Duration = "30d"
    """How long figures are kept. Default: 30d, on a local site 7d."""

    storage: Memory = "20Gi"
    """Size of Prometheus's volume; the oldest figures go before it is full. Default: 20Gi, on a local site 2Gi."""

    memory: Memory = "1Gi"
    """What Prometheus may take. Default: 1Gi, on a local site 320Mi."""

    receivers: Annotated[Many[AnyReceiver], Field(max_length=20)] = ()
    """Who is told of alerts. Default: nobody; alerts are on the page."""

    authorities: Annotated[Many[Certificate], Field(max_length=20)] = ()
    """Certificate authorities that receivers' own addresses are signed by, where the world does not know them.
    Default: only those that the world knows."""

    watchdog: HttpsUrl | None = None
    """An address outside of the site that raises the alarm when it is not called for ten minutes. Default: none."""

    kubelets: Literal["verified", "unverified"] = "verified"
    """Whether nodes prove who they are with the cluster's authority. kubeadm's do not by default."""

    page: bool = True
    """Whether operators and researchers see dashboards and alerts in the browser. Needs `auth` and `ingress`."""

    host: Domain | None = None
    """The name the page answers to. Default: `monitoring.` and the site's domain."""

    grafana: GrafanaConfig | None = None
    """Grafana beside the page. Others build its image, so it is off by default; `{}` turns it on. Needs `auth`."""

    @field_validator("retention")
    @classmethod
    def _retention(cls, value: str) -> str:
        if not _SHORTEST <= seconds(value) <= _LONGEST:
            raise refuse("is no time to keep figures for", "1d to 5 years, as in `30d`")
        return value

    @field_validator("receivers")
    @classmethod
    def _names(cls, value: tuple[AnyReceiver, ...]) -> tuple[AnyReceiver, ...]:
        names = [one.name for one in value]
        if doubled := sorted({name for name in names if names.count(name) > 1}):
            raise refuse(f"has two of the name `{doubled[0]}`", "a name of its own for each receiver")
        return value

    def requires(self) -> Iterator[Requirement]:
        """A volume; and for the page, a way in and somebody who says who asks."""
        yield Requirement(capability="default_storage_class", why="Prometheus keeps its figures on a volume")
        if self.page:
            without = "page: false"
            yield Requirement(app="auth", path=("page",), why="only the sign-on knows who is who", instead=without)
            yield Requirement(app="ingress", path=("page",), why="people reach the page through it", instead=without)
        if self.grafana:
            yield Requirement(app="auth", path=("grafana",), why="people sign in to it there")
            yield Requirement(app="ingress", path=("grafana",), why="people reach it through it")
            yield Requirement(app="database", path=("grafana",), why="it keeps what people make in PostgreSQL")

    def groups_used(self) -> Iterator[GroupUse]:
        """Those that have a role in Grafana."""
        for field in ("editors", "viewers"):
            for number, group in enumerate(getattr(self.grafana, field, ())):
                yield GroupUse(group=group, path=("grafana", field, number))
