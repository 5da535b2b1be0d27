"""The platform program: one site in, all its Pulumi components out. Both deliveries evaluate this and nothing else.

Owns the order in which a site's parts are made; what each part is stands in `components` and `apps`. Reads
capabilities, never a site's or a cloud's name.
"""

from __future__ import annotations

from pulumi import ComponentResource, ResourceOptions

from arcos.platform import apps, cluster
from arcos.platform.args import PlatformArgs
from arcos.platform.gather import namespaces
from components.baseline import Baseline, BaselineArgs


class Platform(ComponentResource):
    """Everything a site is."""

    def __init__(self, name: str, args: PlatformArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:platform:Platform", name, None, opts)
        child = ResourceOptions(parent=self)
        if args.delivery == "push":
            child = ResourceOptions(parent=self, providers=[cluster.provider(args, child)])
        cluster.inside(args, child)
        apps.build(args, _baseline(args, child), child)
        self.register_outputs({})


def _baseline(args: PlatformArgs, opts: ResourceOptions) -> Baseline:
    return Baseline(
        "baseline", BaselineArgs(namespaces=namespaces(args.site), kubernetes=args.release.kubernetes), opts=opts
    )
