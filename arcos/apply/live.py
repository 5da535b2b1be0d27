"""Reading objects as they are in the cluster, many in few kubectl runs.

kubectl gives up the whole run over one kind the cluster does not know; such kinds are taken out here and the rest is
asked again. Leaves judging what was read to the callers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from arcos.apply.failures import Failure, Reason, ServerError
from arcos.apply.kubectl import Kubectl
from arcos.apply.manifest import Id, Manifest, as_list, identify

_UNKNOWN = re.compile(r'no matches for kind "([^"]+)" in version "([^"]+)"')
_READ = ("--ignore-not-found", "--show-managed-fields")


def of_manifests(kubectl: Kubectl, manifests: Sequence[Manifest]) -> dict[Id, Manifest]:
    """Those of ``manifests`` that exist, as they are, with managed fields.

    Raises:
        ServerError: The cluster refuses or does not answer.
    """
    found, _ = _known(kubectl, manifests)
    return found


def of_ids(kubectl: Kubectl, ids: Collection[Id]) -> dict[Id, Manifest]:
    """Those of ``ids`` that exist, in the first API version in which the cluster serves the kind, with managed fields.

    Objects of a kind that the cluster no longer serves went with it.

    Raises:
        ServerError: The cluster refuses, does not answer, or cannot say whether it serves a kind.
    """
    if not ids:
        return {}
    versions = {"": ["v1"]}
    for group in kubectl.request("get", "/apis")["groups"]:
        versions[group["name"]] = [one["groupVersion"] for one in group["versions"]]
    result: dict[Id, Manifest] = {}
    left = sorted(ids)
    for turn in range(max(map(len, versions.values()))):
        bare = [_bare(one, versions[one.group][turn]) for one in left if turn < len(versions.get(one.group, ()))]
        found, unknown = _known(kubectl, bare)
        result |= found
        asked = {identify(one) for one in bare}
        left = [one for one in left if one not in asked or one in unknown]
        if not left:
            return result
    for group_name, kind in sorted({(one.group, one.kind) for one in left}):
        _check_gone(kubectl, group_name, kind)
    return result


def _bare(this: Id, version: str) -> Manifest:
    metadata = {"name": this.name} | ({"namespace": this.namespace} if this.namespace else {})
    return {"apiVersion": version, "kind": this.kind, "metadata": metadata}


def _known(kubectl: Kubectl, wanted: Sequence[Manifest]) -> tuple[dict[Id, Manifest], set[Id]]:
    """What exists of ``wanted``, and what is of a kind that the cluster does not know."""
    unknown: set[Id] = set()
    while wanted:
        try:
            # By file, not by name: kubectl asks for named objects five a second.
            found = kubectl.objects(
                "get", "-f", "-", *_READ, stdin=json.dumps(as_list(wanted)), timeout=60.0 + len(wanted)
            )
            return {identify(one): one for one in found}, unknown
        except ServerError as error:
            text = "\n".join(one.message for one in error.failures if one.reason is Reason.UNKNOWN_KIND)
            missing: set[tuple[str, str]] = set(_UNKNOWN.findall(text))
            lost = [one for one in wanted if (one["kind"], one["apiVersion"]) in missing]
            if not lost:
                raise
            unknown |= {identify(one) for one in lost}
            wanted = [one for one in wanted if (one["kind"], one["apiVersion"]) not in missing]
    return {}, unknown


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
