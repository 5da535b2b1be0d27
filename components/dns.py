"""How an app asks that names lead to its Service: an annotation, which `dns` reads and nobody else.

The prefix is the platform's own, so that another external-dns in the same cluster passes over what is ours, and ours
over what is theirs. https://kubernetes-sigs.github.io/external-dns/latest/docs/annotations/annotations/
"""

from __future__ import annotations

from collections.abc import Iterable

from components.metadata import PREFIX

#: Beginning of the annotations, as external-dns is told it.
ANNOTATIONS = f"dns.{PREFIX}/"
_TTL_SECONDS = 300


def published(hosts: Iterable[str]) -> dict[str, str]:
    """The annotations of a public Service that these names shall lead to; none without a name."""
    names = sorted(set(hosts))
    if not names:
        return {}
    return {f"{ANNOTATIONS}hostname": ",".join(names), f"{ANNOTATIONS}ttl": str(_TTL_SECONDS)}
