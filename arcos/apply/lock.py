"""One ``up`` at a time: a Lease ``kube-system/arcos-up-<site>`` held while a site is being changed.

Taken or refused at once, never waited for. A holder that died on this machine is noticed at once, one that died
elsewhere when its lease runs out. Leaves telling the living from the dead to ``holder.py``. Leases:
https://kubernetes.io/docs/concepts/architecture/leases/.
"""

from __future__ import annotations

import datetime
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

from arcos.apply.failures import Reason, ServerError
from arcos.apply.holder import Holder
from arcos.apply.kubectl import Kubectl
from arcos.apply.manifest import Manifest
from arcos.errors import BUSY, ArcosError

#: Seconds a lease holds without being renewed. Two clocks that differ by less do no harm.
DURATION = 60
#: Seconds between renewals.
RENEW = 15
_HOLDER = "arcos.dev/holder"
_LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"
#: Runs of this process that hold a lock. A process may outlive a run that could not give its lease back.
_running: set[str] = set()


@dataclass
class Lock:
    """A lease that this process holds."""

    site: str
    kubectl: Kubectl
    holder: Holder
    lease: Manifest
    _lost: str = ""
    _stop: threading.Event = field(default_factory=threading.Event)

    def check(self) -> None:
        """Call before each change.

        Raises:
            ArcosError: The lock was lost, so somebody else may be at work.
        """
        if self._lost:
            raise ArcosError(
                f"lost the lock of site '{self.site}' in the middle of the work",
                where=f"lease kube-system/{_name(self.site)}", why=self._lost, fix=f"./arcosctl up {self.site}",
                exit_code=BUSY,
            )  # fmt: skip

    def _renew_until_stopped(self) -> None:
        deadline = time.monotonic() + DURATION
        pause = RENEW
        while not self._stop.wait(pause):
            try:
                self.lease = self._renewed()
                deadline, pause = time.monotonic() + DURATION, RENEW
            except ServerError as error:
                if error.reason in (Reason.CONFLICT, Reason.NOT_FOUND) or time.monotonic() > deadline:
                    self._lost = error.why
                    return
                pause = 3

    def _renewed(self) -> Manifest:
        body = _lease(self.site, self.holder, like=self.lease)
        try:
            return self.kubectl.request("replace", f"{_LEASES}/{_name(self.site)}", body)
        except ServerError as error:
            if error.reason is not Reason.CONFLICT:
                raise
            existing = _existing(self.site, self.kubectl)
            if existing is None or _holder(existing).id != self.holder.id:
                raise
            return existing  # the renewal before this one was carried out, its answer lost

    def _release(self) -> None:
        options: Manifest = {"kind": "DeleteOptions", "apiVersion": "v1"}
        options["preconditions"] = {"uid": self.lease["metadata"]["uid"]}
        with suppress(ServerError):  # it runs out by itself, and is known to be dead on this machine
            self.kubectl.request("delete", f"{_LEASES}/{_name(self.site)}", options)


@contextmanager
def locked(site: str, kubectl: Kubectl, notice: Callable[[str], None]) -> Iterator[Lock]:
    """Hold the site's lock for the block; it is released however the block ends, but for a SIGKILL.

    Raises:
        ArcosError: Somebody else holds it (exit code ``BUSY``), or the cluster refuses.
    """
    holder = Holder.this_process()
    _running.add(holder.id)
    try:
        lock = Lock(site, replace(kubectl, patience=0.0), holder, _acquire(site, kubectl, holder, notice))
        renewal = threading.Thread(target=lock._renew_until_stopped, name="arcos-lock", daemon=True)
        renewal.start()
        try:
            yield lock
        finally:
            lock._stop.set()
            renewal.join()
            if not lock._lost:
                lock._release()
    finally:
        _running.discard(holder.id)


def _acquire(site: str, kubectl: Kubectl, holder: Holder, notice: Callable[[str], None]) -> Manifest:
    try:
        return kubectl.request("create", _LEASES, _lease(site, holder))
    except ServerError as error:
        if error.reason is not Reason.EXISTS:
            raise
    existing = _existing(site, kubectl)
    if existing is None:  # released between the two requests
        return kubectl.request("create", _LEASES, _lease(site, holder))
    other = _holder(existing)
    if other.id == holder.id:  # our own request, whose answer was lost
        return existing
    if not (why := _free(existing, other)):
        raise _busy(site, other)
    notice(f"taking over the lock of {other}: {why}")
    try:
        return kubectl.request("replace", f"{_LEASES}/{_name(site)}", _lease(site, holder, like=existing))
    except ServerError as error:
        if error.reason in (Reason.CONFLICT, Reason.NOT_FOUND):
            raise _busy(site, other) from error
        raise


def _holder(lease: Manifest) -> Holder:
    return Holder.from_json((lease["metadata"].get("annotations") or {}).get(_HOLDER, ""))


def _existing(site: str, kubectl: Kubectl) -> Manifest | None:
    try:
        return kubectl.request("get", f"{_LEASES}/{_name(site)}")
    except ServerError as error:
        if error.reason is Reason.NOT_FOUND:
            return None
        raise


def _busy(site: str, other: Holder) -> ArcosError:
    return ArcosError(
        f"site '{site}' is being changed by someone else", where=f"lease kube-system/{_name(site)}", why=str(other),
        fix="wait until that has ended, or end that process", exit_code=BUSY,
    )  # fmt: skip


def _free(lease: Manifest, holder: Holder) -> str:
    """Why a lease may be taken over, "" when it may not."""
    if holder.is_dead():
        return "that process is gone"
    if holder.is_this_process() and holder.id not in _running:
        return "that run has ended"
    spec = lease.get("spec") or {}
    renewed = _time(str(spec.get("renewTime") or ""))
    age = (datetime.datetime.now(datetime.UTC) - renewed).total_seconds()
    if age > float(spec.get("leaseDurationSeconds") or DURATION):
        return f"it was last heard of {age:.0f} s ago"
    return ""


def _time(text: str) -> datetime.datetime:
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        return datetime.datetime.fromtimestamp(0, datetime.UTC)


def _name(site: str) -> str:
    return f"arcos-up-{site}"


def _lease(site: str, holder: Holder, like: Manifest | None = None) -> Manifest:
    metadata: Manifest = {
        "name": _name(site), "namespace": "kube-system", "labels": {"app.kubernetes.io/part-of": "arcos"},
        "annotations": {_HOLDER: holder.to_json()},
    }  # fmt: skip
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    spec = {
        "holderIdentity": f"{holder.user}@{holder.host}-{holder.pid}", "leaseDurationSeconds": DURATION,
        "acquireTime": now, "renewTime": now,
    }  # fmt: skip
    if like is not None:
        # With the uid, a lease that was deleted is not made again by renewing it.
        metadata |= {key: like["metadata"][key] for key in ("resourceVersion", "uid")}
        if (like.get("spec") or {}).get("holderIdentity") == spec["holderIdentity"]:
            spec["acquireTime"] = like["spec"]["acquireTime"]
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}
