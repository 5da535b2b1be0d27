"""What happens around the replacement of a machine: it is drained before it goes, and waited for when it comes.

Runs while `pulumi up` does, by the engine's hooks; asks the cluster itself, with kubectl. A machine whose cluster does
not answer is not held up: there is nothing to drain then. That one is waited for stands at its node, so that the next
run does not take another one away while it is not back. What nodes are like is `nodes.py`.
https://www.pulumi.com/docs/iac/concepts/resources/options/hooks/
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pulumi import Output, ResourceHook, ResourceHookArgs, ResourceHookBinding, RunError, log

from components.clusters.openstack_vm.choices import Machine
from components.clusters.openstack_vm.config import OpenStackVm
from components.clusters.openstack_vm.nodes import AWAITED, amended, awaited, boot, elsewhere, ready

#: How long pods may take to leave, and a machine to be ready.
DRAIN_SECONDS, READY_SECONDS = 600, 1200
_PAUSE = 10


class Rolling:
    """The hooks of one cluster's machines; a machine's name in the cloud is its node's name.

    `machines` are those that the site wants: any other that goes is gone for good.
    """

    def __init__(self, kubeconfig: Output[str], cluster: str, config: OpenStackVm, machines: Sequence[Machine]) -> None:
        self._kubeconfig, self._config = kubeconfig, config
        self._machines = {one.name: one for one in machines}
        self._boots: dict[str, str] = {}
        self._drain = ResourceHook(f"{cluster}-drain", self._before_delete)
        self._ready = ResourceHook(f"{cluster}-ready", self._after_create)

    def hooks(self) -> ResourceHookBinding:
        """For the options of a machine."""
        return ResourceHookBinding(before_delete=[self._drain], after_create=[self._ready])

    async def _before_delete(self, args: ResourceHookArgs) -> None:
        """Raises RunError: Another machine was replaced and is not back (two at once are one too many for etcd), or the
        site file names other ranges than the cluster was made with."""
        _, all_ = await self._kubectl("get", "nodes", "--output=json")
        _, api = await self._kubectl("get", "service", "kubernetes", "--namespace=default", "--output=json")
        if why := elsewhere(all_, api, self._config):
            raise RunError(
                f"machine {args.name} stays: {why}\n"
                "  why:   a cluster keeps the ranges that it was made with; other ones are another cluster\n"
                "  fix:   put the range back, or make a second site and move"
            )
        if others := [name for name in awaited(all_) if name != args.name]:
            raise RunError(
                f"machine {args.name} stays: {others[0]} was replaced and is not a ready node yet\n"
                f"  fix:   openstack console log show {others[0]}; mend what it says, then pulumi up goes on here,\n"
                f"         or do not wait for it any more: kubectl annotate node {others[0]} {AWAITED}-"
            )
        _, before = await self._kubectl("get", "node", args.name, "--output=json")
        self._boots[args.name] = boot(before)
        code, said = await self._kubectl(*drain(args.name))
        if code:
            log.warn(f"{args.name} goes without having been drained: {said}")
        if args.name not in self._machines:
            # Its name may come again with another volume: the control plane would turn that one away.
            await self._kubectl("delete", "node", args.name, "--ignore-not-found", "--wait=false")

    async def _after_create(self, args: ResourceHookArgs) -> None:
        """Raises RunError: The machine's node is not ready in time; the next machine is left alone."""
        if before := self._boots.get(args.name):
            await self._kubectl("annotate", "node", args.name, f"{AWAITED}={before}", "--overwrite")
        said, end = "", asyncio.get_running_loop().time() + READY_SECONDS
        while asyncio.get_running_loop().time() < end:
            code, said = await self._kubectl("get", "node", args.name, "--output=json")
            # The old machine's node looks ready for a while after it is gone.
            if code == 0 and ready(said) and boot(said) != before:
                for change in amended(said, self._machines[args.name]):
                    await self._kubectl(*change)
                await self._kubectl("uncordon", args.name)
                await self._kubectl("annotate", "node", args.name, f"{AWAITED}-")
                return
            await asyncio.sleep(_PAUSE)
        raise RunError(
            f"machine {args.name} has not become a ready node in {READY_SECONDS // 60} minutes\n"
            f"  why:   {said.splitlines()[-1] if said and not said.startswith('{') else 'its node is not ready'}\n"
            f"  fix:   openstack console log show {args.name}; mend what it says, then pulumi up goes on from here;\n"
            f"         where its volume is another one than before: kubectl delete node {args.name}"
        )

    async def _kubectl(self, *arguments: str) -> tuple[int, str]:
        """Its exit code, and what it printed, errors last. The kubeconfig is in a file for its owner for as long.

        Raises:
            RunError: There is no kubectl: no machine goes undrained for that, and none is waited for in vain.
        """
        program = shutil.which("kubectl")
        if not program:
            raise RunError(
                "kubectl is not on the PATH\n"
                "  why:   machines are drained and waited for with it\n"
                "  fix:   https://kubernetes.io/docs/tasks/tools/, then pulumi up goes on from here"
            )
        kubeconfig = await self._kubeconfig.future()
        if not kubeconfig:
            return 1, "the cluster's address is not known"
        with tempfile.TemporaryDirectory(prefix="arcos-") as folder:
            file = Path(folder) / "kubeconfig"
            file.touch(mode=0o600)
            file.write_text(kubeconfig, encoding="utf-8")
            run = await asyncio.create_subprocess_exec(
                program, f"--kubeconfig={file}", "--request-timeout=30s", *arguments,
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
                env={"PATH": os.environ.get("PATH", os.defpath), "HOME": folder},
            )  # fmt: skip
            output, _ = await run.communicate()
        return run.returncode or 0, output.decode(errors="replace").strip()


def drain(node: str) -> Sequence[str]:
    """Pods leave as their disruption budgets allow; scratch space is given up, as it is at every restart.

    `--force`, for without it one pod that nothing makes again, as each notebook's is, keeps all of them from leaving.
    """
    return (
        "drain", node, "--force", "--ignore-daemonsets", "--delete-emptydir-data", f"--timeout={DRAIN_SECONDS}s",
    )  # fmt: skip
