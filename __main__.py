"""The Pulumi program, `pulumi preview|up|destroy -s <site>`; its settings are `stacks/Pulumi.<site>.yaml`."""

import gc

# What is loaded is a million objects that all stay: looking through them again and again is a tenth of a preview.
gc.disable()

import pulumi

from arcos.errors import ArcosError
from arcos.platform import Platform, PlatformArgs
from arcos.site.loader import site_from_config
from arcos.site.release import load_release

try:
    site = site_from_config(pulumi.Config("arcos").get_object("site"), pulumi.get_stack())
    Platform(site.name, PlatformArgs(site=site, release=load_release(site.release), delivery="push"))
except ArcosError as error:
    raise pulumi.RunError(str(error).removeprefix("error: ")) from None
