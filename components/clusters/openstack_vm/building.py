"""An openstack-vm cluster's resources, in the order in which they are made. Imported only when a cluster is made.

Why K3s, why keys are derived, how machines are replaced: docs/adr/0027-openstack-machines.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi_openstack as openstack
from pulumi import ComponentResource, InvokeOptions, Output, Resource, ResourceOptions, RunError

from components.clusters.openstack_vm import choices, userdata
from components.clusters.openstack_vm.authority import Keys
from components.clusters.openstack_vm.balancer import Balancer, balancer, lead
from components.clusters.openstack_vm.choices import Machine
from components.clusters.openstack_vm.config import OpenStackVm
from components.clusters.openstack_vm.machines import Place, apart, instance, place
from components.clusters.openstack_vm.network import network
from components.clusters.openstack_vm.rolling import Rolling

#: The stack's secret that every key is derived from, and the command that makes it.
SEED = "clusterSeed"
_MAKE_SEED = "openssl rand -base64 32 | pulumi config set --secret arcos:clusterSeed"


@dataclass(frozen=True, kw_only=True)
class VmClusterArgs:
    """`seed` is the stack's secret; `site` names everything."""

    config: OpenStackVm
    site: str
    seed: Output[str] | None


class VmCluster(ComponentResource):
    """A Kubernetes cluster on plain machines."""

    kubeconfig: Output[str]
    """For an administrator; always secret."""

    def __init__(self, name: str, args: VmClusterArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:components:VmCluster", name, None, opts)
        child = ResourceOptions(parent=self)
        config, keys = args.config, _keys(args)
        inside = network(config, args.site, child)
        to = balancer(config, args.site, inside, child)
        self.kubeconfig = Output.secret(Output.all(keys, to.public).apply(lambda both: both[0].kubeconfig(both[1])))
        control, workers = choices.control_plane(config, args.site), choices.workers(config, args.site)
        places = {
            one.name: place(config, one, inside, "control" if one in control else "worker", child)
            for one in [*control, *workers]
        }
        lead(
            config, args.site, to,
            {one.name: places[one.name].address for one in control},
            {one.name: places[one.name].address for one in workers},
            inside.subnet, child,
        )  # fmt: skip
        _machines(args, keys, to, places, inside.ready, self)
        self.register_outputs({"kubeconfig": self.kubeconfig})


def _keys(args: VmClusterArgs) -> Output[Keys]:
    """Everything is derived from one secret of the stack.

    Raises:
        RunError: There is none, or it is too short.
    """
    if args.seed is None:
        raise RunError(_no_seed("is missing"))

    def derived(seed: str) -> Keys:
        try:
            return Keys(seed, args.site)
        except ValueError as error:
            raise RunError(_no_seed(f"cannot be used: {error}")) from None

    return Output.secret(args.seed.apply(derived))


def _no_seed(what: str) -> str:
    return (
        f"the stack's secret arcos:{SEED} {what}\n"
        "  why:   every key of the cluster is derived from it, so that no machine has to make one\n"
        f"  fix:   {_MAKE_SEED}   (once, and never again: another one is another cluster)"
    )


def _machines(
    args: VmClusterArgs,
    keys: Output[Keys],
    to: Balancer,
    places: dict[str, Place],
    ready: list[Resource],
    parent: VmCluster,
) -> list[openstack.compute.Instance]:
    """The control plane first, each machine after the one before it."""
    config, site = args.config, args.site
    image = openstack.images.get_image_output(name=config.image, most_recent=True, opts=InvokeOptions(parent=parent))
    control, workers = choices.control_plane(config, site), choices.workers(config, site)
    child = ResourceOptions(parent=parent)
    rolling = Rolling(parent.kubeconfig, choices.site_name(site), config, [*control, *workers])
    made: list[openstack.compute.Instance] = []
    groups = {}
    for machine in [*control, *workers]:
        if machine.pool not in groups:
            groups[machine.pool] = apart(f"{choices.site_name(site)}-{machine.pool}", child)
        opts = ResourceOptions.merge(child, ResourceOptions(depends_on=[*ready, *made[-1:]], hooks=rolling.hooks()))
        made.append(
            instance(
                config, machine, places[machine.name],
                image=image.id, told=_told(args, machine, keys, to, places[machine.name], control),
                group=groups[machine.pool], opts=opts,
            )
        )  # fmt: skip
    return made


def _told(
    args: VmClusterArgs, machine: Machine, keys: Output[Keys], to: Balancer, at: Place, control: list[Machine]
) -> Output[str]:
    def text(known: list[object]) -> str:
        derived, volume, public = known
        assert isinstance(derived, Keys)  # noqa: S101 - for the type checker
        born = userdata.Birth(volume=str(volume), public=str(public))
        if machine in control:
            return userdata.control(args.config, machine, derived, born, first=machine == control[0])
        return userdata.worker(args.config, machine, derived, born)

    return Output.all(keys, at.volume.id, to.public).apply(text)
