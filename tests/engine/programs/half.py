"""What a site's kind makes in the cloud, and nothing inside of it: the first half of the platform's program."""

import importlib
import json
import os
import uuid
from pathlib import Path

import pulumi

from arcos.platform.gather import cloud_buckets
from arcos.site.loader import site_from_config
from arcos.site.release import load_release
from components.clusters.contract import ClusterArgs
from components.clusters.openstack_vm import rolling
from components.clusters.openstack_vm.rolling import Rolling


async def ready(_self: Rolling, *_arguments: str) -> tuple[int, str]:
    """What hooks ask a cluster, where no real one stands: every machine is a ready node, started just now."""
    status = {"nodeInfo": {"bootID": str(uuid.uuid4())}, "conditions": [{"type": "Ready", "status": "True"}]}
    return 0, json.dumps({"status": status})


if found := os.environ.get("ARCOS_TEST_KUBECTL"):
    # The test has nodes, and a kubectl that leads to them.
    os.environ["PATH"] = f"{Path(found).parent}:{os.environ['PATH']}"
    rolling._PAUSE, rolling.READY_SECONDS = 1, 30
else:
    Rolling._kubectl = ready  # type: ignore[method-assign]

beside = {"aws:region": pulumi.Config("aws").get("region") or ""}
site = site_from_config(pulumi.Config("arcos").get_object("site"), pulumi.get_stack(), beside=beside)
kind = importlib.import_module(f"components.clusters.{site.cluster.kind.replace('-', '_')}.cluster")
made = kind.make(
    ClusterArgs(
        config=site.cluster,
        site=site.name,
        domain=site.domain,
        kubernetes=load_release(site.release).kubernetes,
        image=str,
        kubeconfig_file="",
        buckets=cloud_buckets(site),
    ),
    pulumi.ResourceOptions(),
)
pulumi.export("kubeconfig", pulumi.Output.secret(made.kubeconfig))
