"""What a cloud does inside its clusters, for a simulated one: Services get load balancers, claims get volumes.

The real ones are programs of AWS and OpenStack that watch for such objects. What they make is in the account and in no
state, and they need rights and a place to run: without those nobody takes it away again.
https://kubernetes.io/docs/concepts/architecture/cloud-controller/
"""

from __future__ import annotations

import http.client
import json
import ssl
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.engine.cloud.account import Account, Resource
from tests.engine.cloud.kubeconfig import facts

#: Seconds between two looks.
_PAUSE = 0.5
_ADDRESS = "203.0.113.80"
#: How ids of what is made here begin; the uid of the object that wants it follows.
MADE_INSIDE = "of-"
#: Kubernetes's own name for what keeps a Service; AWS's for a subnet that load balancers stand in.
_CLEANUP, _PUBLIC = "service.kubernetes.io/load-balancer-cleanup", "kubernetes.io/role/elb"
_ATTACHED = "iam/rolePolicyAttachment:RolePolicyAttachment"

Data = dict[str, Any]
Need = tuple[str, str, str]


class Cluster:
    """A cluster's API, spoken to as its administrator."""

    def __init__(self, kubeconfig: Path) -> None:
        known = facts(str(kubeconfig))
        self._at = urlsplit(known["kubeconfig_host"])
        self._trust = ssl.create_default_context(cadata=known["kubeconfig_ca"])
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(known["kubeconfig_certificate"] + "\n" + known["kubeconfig_key"])
            file.flush()
            self._trust.load_cert_chain(file.name)

    def ask(self, method: str, path: str, body: Data | None = None) -> Data:
        """What it answers; nothing where it refuses."""
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        connection = http.client.HTTPSConnection(str(self._at.hostname), self._at.port, context=self._trust, timeout=10)
        try:
            connection.request(method, path, json.dumps(body) if body else None, {"Content-Type": kind})
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        found: Data = json.loads(text) if answer.status < 300 else {}
        return found

    def items(self, path: str) -> list[Data]:
        """The objects of a list."""
        return list(self.ask("GET", path).get("items") or ())


@dataclass(frozen=True, kw_only=True)
class Hands:
    """What a cloud's programs in a cluster make in the account, and what must be there for them to work at all.

    Each need is a type, one of its properties, and how that ends.
    """

    balancer: str
    volume: str
    for_balancers: Sequence[Need] = ()
    for_volumes: Sequence[Need] = ()


HANDS = {
    "aws": Hands(
        balancer="aws:lb/loadBalancer:LoadBalancer",
        volume="aws:ebs/volume:Volume",
        # Part of the control plane, with its role.
        for_balancers=[("eks/cluster:Cluster", "name", ""), (_ATTACHED, "policyArn", "/AmazonEKSClusterPolicy")],
        # An add-on, on the machines, with a role of its own.
        for_volumes=[
            ("eks/addon:Addon", "addonName", "aws-ebs-csi-driver"),
            ("eks/nodeGroup:NodeGroup", "nodeGroupName", ""),
            ("iam/rolePolicy:RolePolicy", "role", "block-storage"),
        ],
    ),
    "openstack": Hands(
        balancer="openstack:loadbalancer/loadBalancer:LoadBalancer",
        volume="openstack:blockstorage/volume:Volume",
        for_balancers=[("containerinfra/cluster:Cluster", "name", "")],
        for_volumes=[("containerinfra/cluster:Cluster", "name", "")],
    ),
}


@contextmanager
def controllers(kubeconfig: Path, account: Account, hands: Hands) -> Iterator[None]:
    """The cloud's hands in a cluster, for as long as the block lasts."""
    done = threading.Event()
    cluster = Cluster(kubeconfig)

    def work() -> None:
        while not done.wait(_PAUSE):
            try:
                if _able(account, hands.for_balancers):
                    _balance(cluster, account, hands.balancer)
                if _able(account, hands.for_volumes):
                    _provision(cluster, account, hands.volume)
            except (OSError, http.client.HTTPException):
                continue  # the server is busy or on its way down

    thread = threading.Thread(target=work, name="cloud controllers")
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _able(account: Account, needs: Sequence[Need]) -> bool:
    there = account.resources()
    return all(
        any(one.type.endswith(f":{type_}") and str(one.properties[key]).endswith(end) for one in there)
        for type_, key, end in needs
    )


def _balance(cluster: Cluster, account: Account, type_: str) -> None:
    """An address for each Service that wants one. Such a Service stays until its load balancer is gone."""
    for one in cluster.items("/api/v1/services"):
        meta = one["metadata"]
        path, id_ = f"/api/v1/namespaces/{meta['namespace']}/services/{meta['name']}", f"{MADE_INSIDE}{meta['uid']}"
        if meta.get("deletionTimestamp") and _CLEANUP in meta.get("finalizers", ()):
            _gone(account, type_, id_)
            kept = [name for name in meta["finalizers"] if name != _CLEANUP]
            cluster.ask("PATCH", path, {"metadata": {"finalizers": kept}})
        elif one["spec"]["type"] == "LoadBalancer" and not one["status"]["loadBalancer"].get("ingress"):
            cluster.ask("PATCH", path, {"metadata": {"finalizers": [_CLEANUP]}})
            _there(account, type_, id_, _subnets(account))
            cluster.ask("PATCH", f"{path}/status", {"status": {"loadBalancer": {"ingress": [{"ip": _ADDRESS}]}}})


def _provision(cluster: Cluster, account: Account, type_: str) -> None:
    """A volume bound beforehand to each claim that waits; one that nobody claims any more goes."""
    for one in cluster.items("/api/v1/persistentvolumeclaims"):
        if one["status"].get("phase") == "Pending" and not one["spec"].get("volumeName"):
            _there(account, type_, f"{MADE_INSIDE}{one['metadata']['uid']}", {})
            cluster.ask("POST", "/api/v1/persistentvolumes", volume(one))
    for one in cluster.items("/api/v1/persistentvolumes"):
        if one["status"].get("phase") == "Released":
            _gone(account, type_, one["metadata"]["name"])
            cluster.ask("DELETE", f"/api/v1/persistentvolumes/{one['metadata']['name']}")


def _there(account: Account, type_: str, id_: str, properties: Data) -> None:
    with account.change() as held:
        if not any(one.id == id_ for one in held):
            held.append(Resource(id_, type_, properties))


def _gone(account: Account, type_: str, id_: str) -> None:
    with account.change() as held:
        held[:] = [one for one in held if (one.type, one.id) != (type_, id_)]


def _subnets(account: Account) -> Data:
    """On AWS it stands in those that are marked for it, and they cannot go before."""
    found = [one.id for one in account.of_type("ec2/subnet:Subnet") if _PUBLIC in one.properties.get("tags", {})]
    return {"subnets": found} if found else {}


def volume(claim: Data) -> Data:
    """The volume of a claim."""
    wanted, meta = claim["spec"], claim["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"{MADE_INSIDE}{meta['uid']}"},
        "spec": {
            "accessModes": wanted["accessModes"],
            "capacity": wanted["resources"]["requests"],
            "storageClassName": wanted.get("storageClassName", ""),
            "persistentVolumeReclaimPolicy": "Retain",
            "claimRef": {key: meta[key] for key in ("name", "namespace", "uid")},
            "hostPath": {"path": f"/volumes/{meta['uid']}"},
        },
    }
