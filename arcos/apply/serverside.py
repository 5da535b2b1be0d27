"""Server-side apply of many objects in one kubectl run, and what to do about fields others manage.

Policy, when a field we set was changed by somebody else since:

* a person with kubectl: the site file is the truth, so the value is taken back and said;
* an autoscaler through the ``scale`` subresource: its number stands, we stop sending ``spec.replicas``;
* anything else (an operator, another delivery such as Pulumi): refused, naming the manager. Two programs that both
  insist would fight for ever; ``take_over`` makes the fields ours once.

See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts. Leaves the order of objects to
``manifest.py`` and waiting to ``wait.py``.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from arcos.apply.failures import Failure, Reason, ServerError, one_line
from arcos.apply.kubectl import Kubectl, items
from arcos.apply.manifest import MANAGER, Id, Manifest, as_list, identify

_PATCH = re.compile(r'verb="PATCH" url="https?://[^/"]+(?P<path>[^"?]*)[^"]*" status="(?P<status>\d*)')
_MANAGER = re.compile(r'conflicts? with "(?P<name>[^"]+)"(?: with subresource "(?P<part>[^"]+)")?[^:]*:')
_PEOPLE = re.compile(r"^kubectl(-|$)|^(before-first-apply|Mozilla|k9s|Lens|node-fetch|dashboard)")
_ROUNDS = 4


@dataclass
class Applied:
    """What the server answered: the objects as they now are, and what a person should know."""

    objects: list[Manifest] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Conflict:
    """One manager's claim on fields of an object."""

    manager: str
    subresource: str
    fields: tuple[str, ...]


def apply_objects(
    kubectl: Kubectl,
    manifests: Sequence[Manifest],
    *,
    take_over: bool = False,
    dry_run: bool = False,
    replace: Callable[[Id], bool] = lambda _: False,
) -> Applied:
    """Apply everything, in the given order.

    Args:
        kubectl: The cluster.
        manifests: Objects whose kinds the cluster knows.
        take_over: Take every conflicting field, whoever manages it.
        dry_run: Ask the server what it would do; nothing changes.
        replace: Asked about an object that cannot be changed in place; True when it was deleted to be made anew.

    Raises:
        ServerError: The server refuses something; the rest may have been applied.
    """
    result = Applied()
    if not manifests:
        return result
    sending = {identify(manifest): manifest for manifest in manifests}
    forced = set(sending) if take_over else set()
    for last in (False,) * (_ROUNDS - 1) + (True,):
        result.objects = []
        try:
            for force in (False, True):
                chosen = [manifest for this, manifest in sending.items() if (this in forced) == force]
                _send(kubectl, chosen, result, force=force, dry_run=dry_run)
        except _RefusedError as refused:
            if last:
                raise refused.plain(kubectl) from None
            _settle(refused, sending, forced, result, kubectl, replace)
        else:
            break
    order = {this: place for place, this in enumerate(sending)}
    result.objects.sort(key=lambda one: order.get(identify(one), 0))
    return result


class _RefusedError(Exception):
    """Some objects were refused, each known where the log told which."""

    def __init__(self, refusals: list[tuple[Id | None, Failure]]) -> None:
        super().__init__()
        self.refusals = refusals

    def plain(self, kubectl: Kubectl) -> ServerError:
        """As an error for people; the refusals that need a decision first."""
        this, first = self.refusals[0]
        fix = ""
        if this is not None and first.reason is Reason.IMMUTABLE:
            fix = kubectl.hint("delete", this.type, this.name, namespace=this.namespace) + ", then run it again"
        where = str(this) if this else kubectl.where
        return ServerError([failure for _, failure in self.refusals], where=where, fix=fix)


def _send(kubectl: Kubectl, manifests: Sequence[Manifest], result: Applied, *, force: bool, dry_run: bool) -> None:
    if not manifests:
        return
    arguments = ["apply", "--server-side", f"--field-manager={MANAGER}", "-f", "-", "-o", "json"]
    arguments += ["-v=6"]  # the log tells which object an error is about
    arguments += ["--force-conflicts"] if force else []
    arguments += ["--dry-run=server"] if dry_run else []
    try:
        answer = kubectl.call(*arguments, stdin=json.dumps(as_list(manifests)), timeout=60.0 + len(manifests))
    except ServerError as error:
        if any(failure.reason is Reason.UNREACHABLE for failure in error.failures):
            raise
        raise _RefusedError(attribute(error, manifests)) from error
    result.objects += items(answer.stdout)
    result.notices += [warning for warning in answer.warnings if warning not in result.notices]


def attribute(error: ServerError, manifests: Iterable[Manifest]) -> list[tuple[Id | None, Failure]]:
    """Which object each failure is about: by the failed requests in kubectl's log, else by its text, else None."""
    ids = [identify(manifest) for manifest in manifests]
    failed = [found["path"] for found in _PATCH.finditer(error.log) if not found["status"].startswith("2")]
    by_log = [next((i for i in ids if _is_at(i, path)), None) for path in failed]
    if len(by_log) == len(error.failures):
        return list(zip(by_log, error.failures, strict=True))
    return [(next((i for i in ids if f'"{i.name}"' in f.message), None), f) for f in error.failures]


def _is_at(this: Id, path: str) -> bool:
    """Whether an API path is this object's. Kinds become plurals: policy, policies."""
    parts = path.strip("/").split("/")
    group = parts[1] if parts[0] == "apis" else ""
    rest = parts[3:] if parts[0] == "apis" else parts[2:]
    namespace = rest[1] if len(rest) == 4 else ""
    return (group, namespace, rest[-1]) == (this.group, this.namespace, this.name) and rest[-2].startswith(
        this.kind.lower()[:-1]
    )


def conflicts(message: str) -> list[Conflict]:
    """The claims in an ``Apply failed with N conflicts`` message."""
    found = list(_MANAGER.finditer(message))
    ends = [match.start() for match in found[1:]] + [len(message)]
    return [
        Conflict(match["name"], match["part"] or "", tuple(re.findall(r"\.[^\s]+", message[match.end() : end])))
        for match, end in zip(found, ends, strict=True)
    ]


def _settle(
    refused: _RefusedError,
    sending: dict[Id, Manifest],
    forced: set[Id],
    result: Applied,
    kubectl: Kubectl,
    replace: Callable[[Id], bool],
) -> None:
    """Change what is sent next, by the policy above, or give up."""
    for this, failure in refused.refusals:
        if this is not None and failure.reason is Reason.IMMUTABLE and replace(this):
            result.notices.append(f"{this} was made anew, it cannot be changed in place")
        elif this is not None and failure.reason is Reason.OWNED:
            for conflict in conflicts(failure.message):
                result.notices.append(_yield_or_take(this, conflict, sending, forced, kubectl))
        else:
            raise refused.plain(kubectl) from None


def _yield_or_take(this: Id, conflict: Conflict, sending: dict[Id, Manifest], forced: set[Id], kubectl: Kubectl) -> str:
    fields = ", ".join(conflict.fields)
    if _PEOPLE.match(conflict.manager):
        forced.add(this)
        return f"{this}: took back {fields}, changed by hand ({conflict.manager})"
    if conflict.subresource == "scale" and conflict.fields == (".spec.replicas",):
        sending[this] = _without_replicas(sending[this])
        return f"{this}: left .spec.replicas to its autoscaler"
    owned = Failure(Reason.OWNED, one_line(f"{fields} is managed by '{conflict.manager}'"))
    raise ServerError([owned], where=f"{this} in {kubectl.where}")


def _without_replicas(manifest: Manifest) -> Manifest:
    changed = copy.deepcopy(manifest)
    del changed["spec"]["replicas"]
    return changed
