"""Whether the kubeconfig may do all that `up` does, asked of the API server itself before anything changes.

https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import product

from arcos.apply.failures import ServerError
from arcos.apply.kubectl import Kubectl
from arcos.apply.manifest import Manifest, as_list
from arcos.checks import Check, fail, ok

#: What is done with each object: looked at, applied, pruned.
_VERBS = ("get", "create", "patch", "delete")
_SYSTEM = "kube-system"
#: What `up` does beside applying its objects: the lock, the record, what it looks at to spare others' work and to
#: explain a failure.
_ALWAYS = (
    *(("coordination.k8s.io", "leases", verb, _SYSTEM) for verb in ("get", "create", "update", "delete")),
    *(("", "configmaps", verb, _SYSTEM) for verb in ("get", "list", "create", "update", "delete")),
    *(("", resource, "list", "") for resource in ("secrets", "pods", "events", "persistentvolumeclaims")),
    *(("apps", resource, "list", "") for resource in ("deployments", "statefulsets", "daemonsets", "replicasets")),
    *(("batch", resource, "list", "") for resource in ("cronjobs", "jobs")),
    ("storage.k8s.io", "storageclasses", "list", ""),
)
_RBAC = "rbac.authorization.k8s.io"
#: Who may do these gives rights away that he has not; everybody else hands on what he has himself.
#: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
_GIVING = tuple((_RBAC, resource, verb) for resource in ("clusterroles", "roles") for verb in ("bind", "escalate"))


@dataclass(frozen=True, order=True)
class Right:
    """One verb on one kind of object; `namespace` "" is all of them, or the cluster, and `name` "" each of them."""

    group: str
    resource: str
    verb: str
    namespace: str = ""
    name: str = ""

    def __str__(self) -> str:
        which, where = f" {self.name}" if self.name else "", f" in {self.namespace}" if self.namespace else ""
        return f"{self.verb} {self.resource}{'.' + self.group if self.group else ''}{which}{where}"

    def review(self) -> Manifest:
        """The question as the API takes it."""
        resource, _, part = self.resource.partition("/")
        asked = {"group": self.group, "resource": resource, "verb": self.verb}
        more = {"subresource": part, "namespace": self.namespace, "name": self.name}
        asked |= {key: value for key, value in more.items() if value}
        return {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": asked},
        }


def check(kubectl: Kubectl, manifests: list[Manifest]) -> Check:
    """One question where we may do everything; else one for each right.

    Raises:
        ServerError: The cluster does not answer.
    """
    user = who(kubectl)
    if not denied(kubectl, [Right("*", "*", "*")]):
        return ok("rights", f"{user} may do everything")
    wanted = sorted(set(needed(manifests, dict(_resources(kubectl, manifests)))))
    if denied(kubectl, [Right(*one) for one in _GIVING]):
        wanted = sorted({*wanted, *given(manifests)})
    lacking = denied(kubectl, wanted)
    if not lacking:
        return ok("rights", f"{user} may do all {len(wanted)} things that `up` does")
    first = ", ".join(map(str, lacking[:5])) + (f" and {len(lacking) - 5} more" if len(lacking) > 5 else "")
    way = (
        f"who owns the cluster binds you to what ./arcosctl preflight {kubectl.site} --role prints; or another context"
    )
    return fail("rights", f"{user} may not {first}", way)


def who(kubectl: Kubectl) -> str:
    """Whom the API server takes us for: so a wrong context is seen.

    https://kubernetes.io/docs/reference/access-authn-authz/authentication/#self-subject-review
    """
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    with suppress(ServerError):
        said = kubectl.request("create", "/apis/authentication.k8s.io/v1/selfsubjectreviews", review)
        return str(said["status"]["userInfo"]["username"])
    return "the kubeconfig"


def role(kubectl: Kubectl, manifests: list[Manifest]) -> list[Manifest]:
    """All that `up` needs and nothing else, as a ClusterRole and a Role in `kube-system` to bind somebody to.

    Raises:
        ServerError: The cluster does not answer.
    """
    wanted = {*needed(manifests, dict(_resources(kubectl, manifests))), *given(manifests)}
    # Namespaces that do not exist yet can hold no Role.
    inside = {one for one in wanted if one.namespace == _SYSTEM}
    made: list[Manifest] = []
    for kind, rights, place in (("ClusterRole", wanted - inside, {}), ("Role", inside, {"namespace": _SYSTEM})):
        metadata = {"name": f"arcos-up-{kubectl.site}", **place}
        made.append({"apiVersion": f"{_RBAC}/v1", "kind": kind, "metadata": metadata, "rules": list(_rules(rights))})
    return made


def _rules(rights: Iterable[Right]) -> Iterator[Manifest]:
    """One rule for each resource, or name of one."""
    verbs: dict[tuple[str, str, str], set[str]] = {}
    for one in rights:
        verbs.setdefault((one.group, one.resource, one.name), set()).add(one.verb)
    for (group, resource, name), found in sorted(verbs.items()):
        only = {"resourceNames": [name]} if name else {}
        yield {"apiGroups": [group], "resources": [resource], **only, "verbs": sorted(found)}


def needed(manifests: Iterable[Manifest], resources: dict[tuple[str, str], str]) -> Iterator[Right]:
    """Every right that `up` needs; namespaces are made by it, so it needs them in all of them."""
    yield from (Right(*one) for one in _ALWAYS)
    for manifest in manifests:
        group = _group(manifest)
        if resource := resources.get((group, manifest["kind"])):
            yield from (Right(group, resource, verb) for verb in _VERBS)


def given(manifests: Iterable[Manifest]) -> Iterator[Right]:
    """Every right that the site's own roles hold: who makes a role, or binds it, must have what stands in it."""
    for manifest in manifests:
        if _group(manifest) != _RBAC or "rules" not in manifest:
            continue
        namespace = manifest["metadata"].get("namespace", "")
        for rule in manifest["rules"]:
            every = product(
                rule.get("apiGroups", ()), rule.get("resources", ()), rule["verbs"], rule.get("resourceNames") or ("",)
            )
            yield from (Right(group, resource, verb, namespace, name) for group, resource, verb, name in every)


def denied(kubectl: Kubectl, wanted: list[Right]) -> list[Right]:
    """Those that the API server refuses.

    Raises:
        ServerError: The cluster does not answer.
    """
    text = json.dumps(as_list(one.review() for one in wanted))
    answers = kubectl.objects("create", "-f", "-", stdin=text, timeout=120.0)
    return [one for one, answer in zip(wanted, answers, strict=True) if not answer.get("status", {}).get("allowed")]


def _resources(kubectl: Kubectl, manifests: Iterable[Manifest]) -> Iterator[tuple[tuple[str, str], str]]:
    """What the API calls each kind in its addresses."""
    for version in sorted({str(one["apiVersion"]) for one in manifests}):
        path = f"/apis/{version}" if "/" in version else f"/api/{version}"
        for one in kubectl.request("get", path)["resources"]:
            if "/" not in one["name"]:
                yield (version.rpartition("/")[0], one["kind"]), one["name"]


def _group(manifest: Manifest) -> str:
    return str(manifest["apiVersion"]).rpartition("/")[0]
