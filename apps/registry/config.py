"""What a site may set for `registry`. No Pulumi here, so that checking a site file stays fast."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field, model_validator

from components.bucket import Bucket
from components.certificates import Certificate
from components.groups import RESEARCHERS
from components.locality import Location, Place
from components.requirement import GroupUse, Requirement
from components.units import DnsLabel, Domain, HttpsUrl, Many, Memory, Settings, refuse

#: The registry, and the job that removes its garbage.
REGISTRY, COLLECT = "registry", "registry-collect"
#: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests , with `*` for anything.
_REPOSITORY = r"[a-z0-9*](?:[a-z0-9._/*-]{0,198}[a-z0-9*])?"
_TAG = r"[A-Za-z0-9_*][A-Za-z0-9._*-]{0,127}"


def cache(name: str) -> str:
    """The name of an upstream's cache."""
    return f"{REGISTRY}-cache-{name}"


def _repository(value: str) -> str:
    if not re.fullmatch(_REPOSITORY, value):
        raise refuse("is no repository", "a name in lower case with `*` for anything, as in `climate/*`", value.lower())
    return value


def _moving(value: str) -> str:
    if not re.fullmatch(rf"(?:{_REPOSITORY}:)?{_TAG}", value):
        raise refuse(
            "is no tag", "`tag` or `repository:tag` with `*` for anything, as in `dev-*` or `climate/*:nightly`"
        )
    return value


Repository = Annotated[str, AfterValidator(_repository)]
MovingTag = Annotated[str, AfterValidator(_moving)]


class Robot(Settings):
    """A program with an account of its own. Its secret is born in the cluster."""

    name: Annotated[DnsLabel, Field(max_length=40)]
    """What it signs in as. Its secret: `password` in the Secret `registry-robot-<name>`."""

    repositories: Annotated[Many[Repository], Field(min_length=1, max_length=100)]
    """What it may pull, as in `climate/*`; images of an upstream registry as well, as in `dockerhub/*`."""

    push: bool = False
    """It may push there too. Default: it only reads."""


class Upstream(Settings):
    """Another registry, whose images are fetched when somebody pulls them, and kept for a week."""

    name: DnsLabel
    """Where its images are: `<registry>/<name>/...`, as in `dockerhub`."""

    url: HttpsUrl
    """Its address, as in `https://registry-1.docker.io`. Only what anybody may pull there."""

    location: Location | None = None
    """Where it is; it learns what is pulled here. Needed where the site names a jurisdiction or a region."""


class RegistryConfig(Settings):
    """Settings of `registry`."""

    #: What a site of cluster kind `local` gets instead.
    local_defaults: ClassVar[dict[str, Any]] = {"storage": "4Gi", "cache": "2Gi"}

    storage: Memory = "50Gi"
    """The most that all images together may take. Default: 50Gi, on a local site 4Gi."""

    cache: Memory = "20Gi"
    """The most that copies of `upstreams` may take together. Default: 20Gi, on a local site 2Gi."""

    groups: Annotated[Many[DnsLabel], Field(max_length=50)] = (RESEARCHERS,)
    """Whose members may sign in, beside the operators: they pull, and push to `<user>/...` and `<group>/...`."""

    robots: Annotated[Many[Robot], Field(max_length=100)] = ()
    """Programs that pull or push. Default: none."""

    public: Annotated[Many[Repository], Field(max_length=100)] = ()
    """What anybody may pull, without signing in. Default: nothing."""

    private: Annotated[Many[Repository], Field(max_length=100)] = ()
    """What only its owners (the person, the group), operators and robots pull. Default: nothing, members pull all."""

    moving: Annotated[Many[MovingTag], Field(max_length=100)] = ("latest", "dev", "dev-*", "buildcache", "sha256-*")
    """Tags that may be moved and deleted. Every other tag stays what it was when it was pushed, so that what a paper
    cites is still there. These promise nothing: everybody takes `latest` and `dev` for whatever is newest, `buildcache`
    is a builder's, and `sha256-*` lists an image's signatures, which grow."""

    keep_untagged: bool = False
    """Keep images that no tag leads to any more, for people who cite digests. Default: removed by night."""

    hour: Annotated[int, Field(ge=0, le=23)] = 3
    """The hour of the day, UTC, in which garbage is removed; pushes wait while it is."""

    token_days: Annotated[int, Field(ge=1, le=365)] = 30
    """How long a personal token lasts. Also how long rights may outlast leaving a group, so not longer by default."""

    upstreams: Annotated[Many[Upstream], Field(max_length=10)] = ()
    """Registries of which copies are kept, so that a busy or lost one does not stop work here. Default: none."""

    authorities: Annotated[Many[Certificate], Field(max_length=20)] = ()
    """Certificate authorities that upstreams' own addresses are signed by, where the world does not know them.
    Default: only those that the world knows."""

    host: Domain | None = None
    """The name it answers to. Default: `registry.` and the site's domain."""

    @model_validator(mode="after")
    def _apart(self) -> RegistryConfig:
        taken = {one.name for one in self.upstreams} & set(self.groups)
        if taken:
            name = sorted(taken)[0]
            raise refuse(f"has an upstream and a group that are both called `{name}`", "another name for the upstream")
        return self

    def requires(self) -> Iterator[Requirement]:
        """Sign-on, a way in, rows for tokens, and buckets for images."""
        yield Requirement(app="auth", why="people sign in there")
        yield Requirement(app="ingress", why="people and programs reach it through it")
        yield Requirement(app="database", why="personal tokens are kept in PostgreSQL")
        yield Requirement(app="objectstore", why="images are kept in a bucket")

    def places(self) -> Iterator[Place]:
        """Those whose images are mirrored."""
        for number, one in enumerate(self.upstreams):
            what = "the record of what people here pull"
            yield Place(what=what, path=("upstreams", number), location=one.location)

    def groups_used(self) -> Iterator[GroupUse]:
        """Those whose members may sign in."""
        for place, group in enumerate(self.groups):
            yield GroupUse(group=group, path=("groups", place))

    def buckets_asked(self) -> Mapping[tuple[str | int, ...], Bucket]:
        """One for images, and one for copies of other registries, which may fill up without stopping a push."""
        asked: dict[tuple[str | int, ...], Bucket] = {
            ("storage",): Bucket(
                name=REGISTRY, app=REGISTRY, namespace=REGISTRY, quota=self.storage, accounts=(REGISTRY, COLLECT)
            )
        }
        if self.upstreams:
            asked[("cache",)] = Bucket(
                name=f"{REGISTRY}-cache",
                app=REGISTRY,
                namespace=REGISTRY,
                quota=self.cache,
                accounts=tuple(cache(one.name) for one in self.upstreams),
            )
        return asked
