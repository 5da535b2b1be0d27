"""The record of what a site has applied, kept in the cluster itself.

A ConfigMap ``kube-system/arcos-inventory-<site>`` names every object. It is written as the union of old and new
*before* anything is applied, and as exactly what is there *after* pruning: whenever ``up`` dies, whatever it may have
made is in the record. Leaves deciding what to prune to ``prune.py``.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

from arcos.apply.failures import Reason, ServerError
from arcos.apply.kubectl import Kubectl
from arcos.apply.manifest import Id, Manifest
from arcos.errors import ArcosError

_LABEL = "arcos.dev/inventory"
_MAPS = "/api/v1/namespaces/kube-system/configmaps"
#: A ConfigMap may hold 1 MiB; some is left for its metadata.
_LIMIT = 1_000_000


def encode(ids: Iterable[Id]) -> str:
    """One line for each kind in a namespace, sorted: ``Service ingress: traefik ping``."""
    lines = []
    for (group, kind, namespace), same in itertools.groupby(sorted(ids), lambda i: (i.group, i.kind, i.namespace)):
        head = f"{Id(group, kind, '', '').type} {namespace}".rstrip()
        lines.append(f"{head}: {' '.join(i.name for i in same)}\n")
    return "".join(lines)


def decode(text: str) -> frozenset[Id]:
    """The ids in ``text``, as :func:`encode` wrote it.

    Raises:
        ValueError: A line is not of that form.
    """
    ids: set[Id] = set()
    for line in text.splitlines():
        head, found, names = line.partition(": ")  # names may hold colons, but never a blank
        if not found:
            raise ValueError(line)
        kind_and_group, _, namespace = head.partition(" ")
        kind, _, group = kind_and_group.partition(".")
        ids.update(Id(group, kind, namespace, name) for name in names.split())
    return frozenset(ids)


@dataclass
class Inventory:
    """A site's record as it stands in the cluster. Only the holder of the site's lock may write it."""

    site: str
    kubectl: Kubectl
    ids: frozenset[Id] = frozenset()
    others: tuple[tuple[str, frozenset[Id]], ...] = ()
    _version: str | None = None

    @property
    def name(self) -> str:
        """The ConfigMap's name."""
        return f"arcos-inventory-{self.site}"

    @classmethod
    def read(cls, site: str, kubectl: Kubectl) -> Inventory:
        """The site's record, empty when there is none, and those of other sites on the same cluster.

        Raises:
            ArcosError: The record was edited by hand into something unreadable, or the cluster refuses.
        """
        inventory = cls(site, kubectl)
        others = []
        for found in kubectl.request("get", f"{_MAPS}?labelSelector={_LABEL}").get("items") or []:
            owner = str(found["metadata"]["labels"][_LABEL])
            if owner == site:
                inventory.ids = inventory._decoded(found)
                inventory._version = found["metadata"]["resourceVersion"]
            else:
                others.append((owner, inventory._decoded(found)))
        inventory.others = tuple(others)
        return inventory

    def claim(self, ids: Iterable[Id]) -> None:
        """Refuse objects that another site on the same cluster has applied.

        Raises:
            ArcosError: There is one: the kubeconfig most likely is the other site's.
        """
        wanted = frozenset(ids)
        for owner, theirs in self.others:
            if shared := sorted(wanted & theirs):
                raise ArcosError(
                    f"this cluster already runs the site '{owner}'",
                    where=self.kubectl.where,
                    why=f"{len(shared)} objects belong to both, the first is {shared[0]}",
                    fix=f"./arcosctl down {owner}, or correct cluster.context of '{self.site}'",
                )

    def write(self, ids: Iterable[Id]) -> None:
        """Make the record say ``ids``; nothing is sent when it says so already.

        Raises:
            ArcosError: Somebody else wrote it meanwhile, or the cluster refuses.
        """
        wanted = frozenset(ids)
        if wanted == self.ids and (self._version is not None or not wanted):
            return
        text = encode(wanted)
        if len(text) > _LIMIT:
            raise ArcosError(
                f"the site has too many objects to record ({len(wanted)})", where=f"kube-system/{self.name}",
                why="a ConfigMap holds 1 MiB", fix="split the site's own objects over two sites",
            )  # fmt: skip
        try:
            written = self._send(self._config_map(text))
        except ServerError as error:
            if error.reason not in (Reason.CONFLICT, Reason.EXISTS):
                raise
            # A request whose answer was lost may have been carried out, and is then refused the second time.
            again = Inventory.read(self.site, self.kubectl)
            if again.ids != wanted or again._version is None:
                raise ArcosError(
                    "somebody else changed the site's record at the same time", where=f"kube-system/{self.name}",
                    why="two runs worked on the same cluster", fix=f"./arcosctl up {self.site}",
                ) from error  # fmt: skip
            self._version = again._version
        else:
            self._version = written["metadata"]["resourceVersion"]
        self.ids = wanted

    def delete(self) -> None:
        """Remove the record itself; it may be gone already.

        Raises:
            ServerError: The cluster refuses.
        """
        try:
            self.kubectl.request("delete", f"{_MAPS}/{self.name}")
        except ServerError as error:
            if error.reason is not Reason.NOT_FOUND:
                raise
        self.ids, self._version = frozenset(), None

    def _send(self, config_map: Manifest) -> Manifest:
        if self._version is None:
            return self.kubectl.request("create", _MAPS, config_map)
        return self.kubectl.request("replace", f"{_MAPS}/{self.name}", config_map)

    def _config_map(self, text: str) -> Manifest:
        labels = {_LABEL: self.site, "app.kubernetes.io/part-of": "arcos", "app.kubernetes.io/managed-by": "arcosctl"}
        metadata: Manifest = {"name": self.name, "namespace": "kube-system", "labels": labels}
        if self._version is not None:
            metadata["resourceVersion"] = self._version
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"objects": text}}

    def _decoded(self, config_map: Manifest) -> frozenset[Id]:
        try:
            return decode((config_map.get("data") or {}).get("objects", ""))
        except ValueError as error:
            name = config_map["metadata"]["name"]
            raise ArcosError(
                "the site's record of applied objects cannot be read", where=f"kube-system/{name}",
                why=f"the line {error} is not one of ours",
                fix=f"./arcosctl kubectl {self.site} -- edit configmap -n kube-system {name}",
            ) from None  # fmt: skip
