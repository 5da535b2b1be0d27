"""The site: everything that differs between two places the platform runs.

Typed, strict and frozen. Reading files and saying where a mistake stands is `arcos.site.loader`; what needs other
files or today's date is `arcos.site.rules`; each app's settings stand in the app's own folder.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, get_args

from pydantic import Field, ValidationInfo, field_validator, model_validator

from apps.auth.config import AuthConfig
from apps.database.config import DatabaseConfig
from apps.dns.config import DnsConfig
from apps.ingress.config import IngressConfig
from apps.jupyterhub.config import JupyterHubConfig
from apps.monitoring.config import MonitoringConfig
from apps.objectstore.config import ObjectStoreConfig
from apps.registry.config import RegistryConfig
from apps.welcome.config import WelcomeConfig
from arcos.site.cluster import Cluster
from components.clusters.local.config import LocalCluster
from components.locality import Jurisdiction, Region
from components.units import Day, DnsLabel, Domain, Email, Line, Many, Registry, Settings, refuse

#: What a local site's images are named after. No such registry exists: `up` puts them on the node itself.
LOCAL_REGISTRY = "arcos.localhost"


class Apps(Settings):
    """The services of a site. An app that is not named is off; `{}` is an app with its defaults."""

    ingress: IngressConfig | None = None
    """The one way in: TLS, redirects, security headers, and a route to every other app."""

    dns: DnsConfig | None = None
    """DNS records: the site's names lead to its address, wherever that moves."""

    welcome: WelcomeConfig | None = None
    """The landing page: which services the site has, where they are and whether they are up."""

    auth: AuthConfig | None = None
    """Sign-on for all services: accounts, groups, and identities that research federations vouch for."""

    jupyterhub: JupyterHubConfig | None = None
    """Notebook servers for everybody who may have one."""

    database: DatabaseConfig | None = None
    """PostgreSQL for the apps that keep rows, with a dump every day."""

    monitoring: MonitoringConfig | None = None
    """Figures of the site and its apps, and alerts that reach somebody."""

    objectstore: ObjectStoreConfig | None = None
    """Buckets over S3, for the apps that keep objects and for people."""

    registry: RegistryConfig | None = None
    """Container images: people and programs push and pull, and what a paper cites stays."""


class Deviation(Settings):
    """A key where the site differs from the standard on purpose, for a while."""

    path: Annotated[str, Field(min_length=1, max_length=300)]
    """The key, from the site down, as in `apps.ingress.replicas`."""

    reason: Annotated[str, Field(min_length=8, max_length=500)]
    """Why, in words that a new colleague understands."""

    expires: Day
    """The last day it holds. After it the site is refused until the deviation is renewed or gone."""


class Site(Settings):
    """One place the platform runs: one cluster, one Pulumi stack, one file `stacks/Pulumi.<name>.yaml`."""

    outside: ClassVar[tuple[str, ...]] = ("name",)

    name: Annotated[DnsLabel, Field(max_length=40)]
    """The stack's name: from the file's name, never written in the file."""

    title: Line
    """What people call the site; the landing page shows it."""

    domain: Domain
    """The DNS name all services live under; `*.` of it leads to the site as well. No two sites share one."""

    contact: Email
    """Who runs the site; shown to users."""

    release: Annotated[str, Field(pattern=r"^[0-9]{4}\.(0[1-9]|1[0-2])$", examples=["2026.11"])]
    """The file in `releases/` that pins every version, in quotes: "2026.11"."""

    jurisdiction: Jurisdiction | None = None
    """Whose law the site's data stays under, as in `AU`, `AU-QLD` or `EU`: buckets, backups and mirrors lie inside.
    Default: not said, so nothing is enforced."""

    region: Region | None = None
    """The region that the data stays in, where the law is not enough. Default: not said, so nothing is enforced."""

    cluster: Cluster
    """How the cluster comes to be. Only here may sites differ in kind."""

    registry: Annotated[Registry, Field(validate_default=True)] = ""
    """Where the site's images are pulled from. A local site needs none; every other site names one."""

    apps: Apps
    """The services of the site."""

    deviations: Many[Deviation] = ()
    """Where and why the site differs from the standard, each with an end."""

    @model_validator(mode="before")
    @classmethod
    def _local_defaults(cls, data: object) -> object:
        """A local site's defaults, which stand beside the fields in each app, where the file sets nothing."""
        if not isinstance(data, dict) or not isinstance(data.get("apps"), dict):
            return data
        cluster = data.get("cluster")
        kind = cluster.get("kind") if isinstance(cluster, dict) else getattr(cluster, "kind", None)
        if kind != "local":
            return data
        apps = dict(data["apps"])
        for name, field in Apps.model_fields.items():
            defaults = getattr(get_args(field.annotation)[0], "local_defaults", None)
            if defaults and isinstance(apps.get(name), dict):
                apps[name] = defaults | apps[name]
        return data | {"apps": apps}

    @field_validator("registry", mode="before")
    @classmethod
    def _registry_of_kind(cls, value: object, info: ValidationInfo) -> object:
        if value != "":
            return value
        # A cluster that is refused itself says nothing about its registry.
        if isinstance(info.data.get("cluster", LocalCluster(kind="local")), LocalCluster):
            return LOCAL_REGISTRY
        raise refuse("is missing", "where the images come from, as in `registry.example.edu.au/arcos`")
