"""Reading objects as they are in the cluster, many in few kubectl runs.

kubectl gives up the whole run over one kind the cluster does not know; such kinds are taken out here and the rest is
asked again. Leaves judging what was read to the callers.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import TypeVar

from arcos.apply.failures import Failure, Reason, ServerError
from arcos.apply.kubectl import Kubectl
from arcos.apply.manifest import Id, Manifest, as_list, identify

_T = TypeVar("_T")
_UNKNOWN = re.compile(r'(?:no matches for kind|resource type) "([^"]+)"(?: in (?:version|group) "([^"]+)")?')
_READ = ("--ignore-not-found", "--show-managed-fields")
#: Names in one kubectl run; keeps the command line short.
_BATCH = 300


def of_manifests(kubectl: Kubectl, manifests: Sequence[Manifest]) -> dict[Id, Manifest]:
    """Those of ``manifests`` that exist, as they are, with managed fields.

    Raises:
        ServerError: The cluster refuses or does not answer.
    """

    def ask(some: Collection[Manifest]) -> list[Manifest]:
        return kubectl.objects("get", "-f", "-", *_READ, stdin=json.dumps(as_list(some)), timeout=60.0 + len(some))

    found, _ = _known(ask, list(manifests), lambda one: (str(one["kind"]), str(one["apiVersion"])))
    return {identify(one): one for one in found}


def of_ids(kubectl: Kubectl, ids: Collection[Id]) -> dict[Id, Manifest]:
    """Those of ``ids`` that exist, in the API version the cluster prefers, with managed fields.

    Objects of a kind that the cluster no longer serves went with it.

    Raises:
        ServerError: The cluster refuses, does not answer, or cannot say whether it serves a kind.
    """
    result: dict[Id, Manifest] = {}
    for namespace, group in itertools.groupby(sorted(ids, key=lambda one: one.namespace), lambda one: one.namespace):
        names = list(group)
        for start in range(0, len(names), _BATCH):
            found, unknown = _known(
                lambda some, space=namespace: _get_by_name(kubectl, some, space),  # type: ignore[misc]
                names[start : start + _BATCH], lambda one: (one.kind, one.group),
            )  # fmt: skip
            for one in sorted({(lost.group, lost.kind) for lost in unknown}):
                _check_gone(kubectl, *one)
            result.update((identify(one), one) for one in found)
    return result


def _get_by_name(kubectl: Kubectl, ids: Collection[Id], namespace: str) -> list[Manifest]:
    space = ("-n", namespace) if namespace else ()
    return kubectl.objects("get", *(f"{one.type}/{one.name}" for one in ids), *space, *_READ)


def _known(
    ask: Callable[[Collection[_T]], list[Manifest]], wanted: list[_T], kind_of: Callable[[_T], tuple[str, str]]
) -> tuple[list[Manifest], list[_T]]:
    """What ``ask`` finds, and those of a kind that the cluster does not know."""
    unknown: list[_T] = []
    while wanted:
        try:
            return ask(wanted), unknown
        except ServerError as error:
            text = "\n".join(one.message for one in error.failures if one.reason is Reason.UNKNOWN_KIND)
            missing: list[tuple[str, str]] = _UNKNOWN.findall(text)
            lost = [one for one in wanted if any(_same(kind_of(one), names) for names in missing)]
            if not lost:
                raise
            unknown += lost
            wanted = [one for one in wanted if one not in lost]
    return [], unknown


def _same(kind: tuple[str, str], named: tuple[str, str]) -> bool:
    return kind[0] == named[0] and named[1] in ("", kind[1])


def _check_gone(kubectl: Kubectl, group: str, kind: str) -> None:
    """Make sure that a kind is not served, and not only hidden because the API server that brings it is away."""
    asking = replace(kubectl, patience=0.0)
    try:
        found = asking.request("get", f"/apis/{group}")["versions"]
        served = [asking.request("get", f"/apis/{one['groupVersion']}")["resources"] for one in found]
    except ServerError as error:
        if error.reason in (Reason.NOT_FOUND, Reason.UNKNOWN_KIND):
            return
        raise ServerError(
            error.failures, where=f"API group {group}", fix=kubectl.hint("get", "apiservices"), log=error.log
        ) from error
    if any(one["kind"] == kind for resources in served for one in resources):
        message = f'kubectl does not know kind "{kind}" of group "{group}", though the cluster serves it'
        raise ServerError([Failure(Reason.OTHER, message)], where=kubectl.where)
