"""Which steps of a plan would take away what cannot be made again, and why. Pure. See docs/adr/0030-dangerous-plans.md.

The engine itself refuses to touch what is protected; this also finds what somebody unprotected, or made outside of the
platform's components.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from arcos.engine.plan import UNKNOWN, Action, Step

_CLAIM, _NAMESPACE = "kubernetes:core/v1:PersistentVolumeClaim", "kubernetes:core/v1:Namespace"
_QUOTA, _STATEFUL_SET = "kubernetes:core/v1:ResourceQuota", "kubernetes:apps/v1:StatefulSet"
_BUCKETS = ("aws:s3/bucket:", "aws:s3/bucketV2:")
_VERSIONS, _LIFECYCLE = "aws:s3/bucketVersioning:", "aws:s3/bucketLifecycleConfiguration:"
#: Types that hold what somebody wrote, or in which such things stand, by the start of their token: what goes with one.
HOLDS: Mapping[str, str] = {
    _CLAIM: "the volume goes, and everything on it",
    "kubernetes:core/v1:PersistentVolume": "the volume goes, and everything on it",
    _NAMESPACE: "everything in it goes, volumes that the program knows nothing of as well",
    "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition": "every object of its kind goes",
    "aws:eks/cluster:": "the cluster goes: everything in it, and the secrets that were born in it",
    "aws:kms/key:": "nothing that it encrypted can be read again",
    "aws:s3/bucket:": "the bucket goes, and everything in it",
    "aws:s3/bucketV2:": "the bucket goes, and everything in it",
    # Deleting it suspends them; those that are there stay.
    _VERSIONS: "nothing that is overwritten or deleted in the bucket is kept from then on",
    "aws:efs/fileSystem:": "the file system goes, and everybody's files",
    "aws:ebs/volume:": "the volume goes, and everything on it",
    "aws:rds/": "the database goes",
    "aws:dynamodb/table:": "the table goes",
    "aws:ecr/repository:": "the repository goes, and its images",
    "aws:backup/vault:": "the backups go",
    "aws:ec2/vpc:": "the network goes, and with it the cluster that stands in it",
    "openstack:containerinfra/cluster:": "the cluster goes: everything in it, and the secrets that were born in it",
    "openstack:blockstorage/volume:": "the volume goes, and everything on it",
    "openstack:objectstorage/container:": "the bucket goes, and everything in it",
    "openstack:sharedfilesystem/share:": "the file system goes, and everybody's files",
    "openstack:database/": "the database goes",
    "openstack:networking/floatingIp:": "the address goes, and with it what names lead to",
    "openstack:networking/subnet:": "the addresses go, and with them the cluster whose machines have them",
    "openstack:networking/network:": "the network goes, and with it the cluster that stands in it",
}
_PROTECTED = "the program protects it"


@dataclass(frozen=True, kw_only=True)
class Danger:
    """A step that nobody takes by accident. `allowed`: somebody said that it may be."""

    step: Step
    why: str
    allowed: bool = False

    def overrides(self, site: str) -> list[str]:
        """The commands that let it happen, exactly this and nothing else."""
        again = f"./arcosctl plan {site} --allow '{self.step.urn}'"
        refused = self.step.protected and self.step.takes_away
        return [f"pulumi state unprotect '{self.step.urn}' -s {site}", again] if refused else [again]


def dangers(steps: Collection[Step], allowed: Iterable[str] = ()) -> list[Danger]:
    """The dangerous steps of a plan. `allowed` are URNs, or names where only one resource of the plan has that."""
    named = _named(steps, allowed)
    return [
        Danger(step=step, why=why, allowed=step.urn in named)
        for step in steps
        if (why := _why(step, steps) if step.takes_away else _expires(step, steps))
    ]


def unknown(steps: Collection[Step], allowed: Iterable[str]) -> list[str]:
    """What was allowed and is no one resource of the plan: a typing error, or a name that several have."""
    return [one for one in allowed if len(_named(steps, [one])) != 1]


def _named(steps: Collection[Step], allowed: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for one in allowed:
        meant = [step.urn for step in steps if one in (step.urn, step.name)]
        # A name that several have allows none of them.
        found |= {*meant} if len(meant) == 1 else set()
    return found


def _why(step: Step, steps: Collection[Step]) -> str:
    if step.type == _NAMESPACE and not step.protected and _without_volumes(step, steps):
        return ""
    if step.type.startswith(_VERSIONS) and _in_a_bucket_that(steps, step, "delete", "replace"):
        return _PROTECTED if step.protected else ""  # the bucket is named already
    if step.type == _STATEFUL_SET and _takes_its_claims(step):
        return HOLDS[_CLAIM]
    held = next((why for start, why in HOLDS.items() if step.type.startswith(start)), "")
    return held or (_PROTECTED if step.protected else "")


def _without_volumes(namespace: Step, steps: Collection[Step]) -> bool:
    """Whether a quota that goes with the namespace said that there is no claim in it."""
    name = _metadata(namespace).get("name")
    return any(
        _metadata(one).get("namespace") == name
        and _dict(_dict(one.before.get("spec")).get("hard")).get("persistentvolumeclaims") == "0"
        for one in steps
        if one.type == _QUOTA and one.takes_away
    )


def _expires(step: Step, steps: Collection[Step]) -> str:
    """Why a setting of a bucket that stays takes something away: objects by their age, or what was overwritten."""
    if step.type.startswith(_VERSIONS) and (_status(step.before), _status(step.after)) == ("Enabled", "Suspended"):
        return HOLDS[_VERSIONS]
    if not step.type.startswith(_LIFECYCLE) or _in_a_bucket_that(steps, step, "make"):
        return ""
    now = list(_ages(step.before))
    for what, prefix, days in _ages(step.after):
        if all(days < kept for other, within, kept in now if other == what and prefix.startswith(within)):
            return f"every {what} that is older than {days} days goes"
    return ""


def _ages(lifecycle: Mapping[str, object]) -> Iterator[tuple[str, str, float]]:
    """What a lifecycle removes, below which prefix, after how many days."""
    rules = lifecycle.get("rules")
    for rule in map(_dict, rules if isinstance(rules, list) else ()):
        ages = {
            "object": _dict(rule.get("expiration")).get("days"),
            "old version": _dict(rule.get("noncurrentVersionExpiration")).get("noncurrentDays"),
        }
        prefix = str(_dict(rule.get("filter")).get("prefix") or "")
        for what, days in ages.items():
            if rule.get("status") == "Enabled" and isinstance(days, int | float):
                yield what, prefix, days


def _in_a_bucket_that(steps: Collection[Step], setting: Step, *actions: Action) -> bool:
    """Whether the bucket that a setting is of is made, or goes, in the same plan."""
    name = (setting.before or setting.after).get("bucket")
    return any(
        one.action in actions and name in ((one.before or one.after).get("bucket"), UNKNOWN)
        for one in steps
        if one.type.startswith(_BUCKETS)
    )


def _status(versions: Mapping[str, object]) -> object:
    return _dict(versions.get("versioningConfiguration")).get("status")


def _takes_its_claims(step: Step) -> bool:
    policy = _dict(_dict(step.before.get("spec")).get("persistentVolumeClaimRetentionPolicy"))
    return policy.get("whenDeleted") == "Delete"


def _metadata(step: Step) -> Mapping[str, object]:
    return _dict(step.before.get("metadata"))


def _dict(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}
